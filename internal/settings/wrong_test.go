package settings

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files")

// canary is in every key and DSN of the tests.
const canary = "canary-5d1f"

// now is a Tuesday in spring.
var now = time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)

// env is an environment for Options.Lookup.
type env map[string]string

func (e env) lookup(name string) (string, bool) {
	text, ok := e[name]
	return text, ok
}

func (e env) with(more env) env {
	all := env{}
	for _, part := range []env{e, more} {
		for name, text := range part {
			all[name] = text
		}
	}
	return all
}

func three() env {
	return env{
		"CRANKWHEEL_URL":     "https://meeting.is",
		"CRANKWHEEL_API_KEY": canary,
		"DATABASE_URL":       "postgres://loader:" + canary + "@db/warehouse",
	}
}

// readEnv reads lines of NAME=text, with the escapes \n and \t.
func readEnv(t *testing.T, path string) env {
	t.Helper()
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return three()
	}
	if err != nil {
		t.Fatal(err)
	}
	e := env{}
	for line := range strings.Lines(string(data)) {
		name, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		e[name] = strings.NewReplacer(`\n`, "\n", `\t`, "\t").Replace(text)
	}
	return e
}

func options(e env) Options {
	return Options{Lookup: e.lookup, Now: func() time.Time { return now }}
}

// The whole message is compared for each wrong file in testdata/wrong, in its environment.
func TestWrongSettingsAreExplained(t *testing.T) {
	files, err := filepath.Glob("testdata/wrong/*.yaml")
	if err != nil || len(files) < 24 {
		t.Fatalf("%d cases, error %v", len(files), err)
	}
	for _, path := range files {
		base := strings.TrimSuffix(path, ".yaml")
		t.Run(filepath.Base(base), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			l := newLoader(options(readEnv(t, base+".env")))
			s, err := l.settings("schedules.yaml", data)
			var wrong *Errors
			if !errors.As(err, &wrong) || s != nil {
				t.Fatalf("accepted: %+v", s)
			}
			for _, p := range wrong.Problems {
				if p.File != "" && (p.Line == 0 || p.Column == 0) || p.File == "" && p.Path == "" {
					t.Errorf("a problem without a place: %+v", p)
				}
			}
			got := err.Error() + "\n"
			if strings.Contains(got, canary) {
				t.Errorf("shows a secret: %s", got)
			}
			golden(t, base+".golden", got)
		})
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
