package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares output with testdata/name.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s\ngot:\n%s\nwant:\n%s", file, got, want)
	}
}

type inner struct {
	Load int64 `json:"load_id"`
}

type line struct {
	inner
	Stream  string    `json:"stream"`
	ID      int       `json:"id"`
	Rows    int64     `json:"live_rows"`
	Rate    float64   `json:"rate"`
	Count   *int      `json:"source_count,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Days    []string  `json:"days"`
	OK      bool      `json:"ok"`
	Secret  string    `json:"-"`
	private string
}

func lines() []line {
	n := -1234
	return []line{
		{inner{7}, "usage_new", 1234567, 1234567, 1234.5, &n, time.Date(2026, 3, 1, 4, 5, 6, 0, time.UTC), []string{"a", "b"}, true, "hidden", "hidden"},
		{inner{1000}, "日本語 ｗide", 2, 0, 2, nil, time.Time{}, nil, false, "", ""},
		{inner{1}, "cafe\u0301 \U0001F469\u200d\U0001F4BB", 3, -999, -0.25, nil, time.Time{}, nil, false, "", ""},
		{inner{1}, "evil \x1b[31m\u009b2J\r\n\u202egnp\u2028\xff\u00a0end", 4, 1000, 0, nil, time.Time{}, []string{"<&>"}, false, "", ""},
	}
}

func TestTableIsAlignedAndSafe(t *testing.T) {
	t.Parallel()
	for name, asJSON := range map[string]bool{"table.txt": false, "table.json": true} {
		var b bytes.Buffer
		if err := Table(&b, lines(), asJSON); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.Bytes())
		for _, r := range b.String() {
			if r != '\n' && !shown(r) {
				t.Errorf("%s contains %U", name, r)
			}
		}
		if bytes.Contains(b.Bytes(), []byte("hidden")) {
			t.Errorf("%s shows a field without a column", name)
		}
	}
}

func TestEscapingDoesNotChangeJSON(t *testing.T) {
	t.Parallel()
	const text = "a\x1b\u009b\u202e\u2028\U000E0001<&>\"\\é"
	var b bytes.Buffer
	if err := JSON(&b, map[string]string{"k": text}); err != nil {
		t.Fatal(err)
	}
	var back map[string]string
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || back["k"] != text {
		t.Errorf("%q became %q (%v)", text, back["k"], err)
	}
}

func TestEmptyTable(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := Table[line](&b, nil, true); err != nil || b.String() != "[]\n" {
		t.Errorf("no rows are %q (%v), not []", b.String(), err)
	}
}

func TestCountHasSeparators(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 12: "12", 999: "999", 1000: "1,000", -1000: "-1,000", -999: "-999", 1234567: "1,234,567"} {
		if got := Count(n); got != want {
			t.Errorf("%d is %s, not %s", n, got, want)
		}
	}
}
