package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wheelhouse/internal/testdb"
	"wheelhouse/internal/testkit"
)

// panicking builds the program with calls of panic added. Each passes personal data, and is active if PANIC has its name.
func panicking(t *testing.T) (program string) {
	t.Helper()
	dir := t.TempDir()
	overlay := map[string]string{}
	for _, p := range []struct{ name, file, after, with string }{
		{"normaliser", "transform/demo_usage.go", "\td, r := &rec.Value, reader{}\n", "fmt.Errorf(\"odd: %s\", rec.Raw)"},
		{"batch", "load/demo_usage.go", "DemoRequest(d transform.DemoRequest) error {\n", `d.Prospect.Name.V + d.Prospect.Email.V`},
		{"command", "cmd/wheelhouse/rejects.go", "printReject(r ledger.RejectDetail) error {\n", "r.Pretty()"},
	} {
		path, err := filepath.Abs(filepath.Join("../..", p.file))
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Count(text, []byte(p.after)) != 1 {
			t.Fatalf("%s does not contain %q exactly once", p.file, p.after)
		}
		text = bytes.Replace(text, []byte(p.after), fmt.Appendf(nil, "%s\tif os.Getenv(\"PANIC\") == %q {\n\t\tpanic(%s)\n\t}\n", p.after, p.name, p.with), 1)
		text = bytes.Replace(text, []byte("import ("), []byte("import (\n\t\"os\"\n"), 1)
		overlay[path] = filepath.Join(dir, p.name+".go")
		if err := os.WriteFile(overlay[path], text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	replace, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(dir, "wheelhouse")
	if err := os.WriteFile(program+".json", replace, 0o600); err != nil {
		t.Fatal(err)
	}
	build := []string{"build", "-overlay", program + ".json", "-o", program}
	if raceDetector { // the packages that the overlay does not change are compiled already
		build = append(build, "-race")
	}
	if output, err := exec.Command("go", append(build, ".")...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return program
}

// A panic with personal data shows its place and none of the data, wherever it happens.
func TestPanicsTellNothing(t *testing.T) {
	testkit.SkipIfShort(t, "it builds a program")
	t.Parallel()
	day := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	record := `"start_ts":"` + day + `T00:00:00",` + person + `}`
	dsn := withPassword(t, testdb.New(t))
	u := newUser(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"sessions":[{"id":1,`+record+`,{"id":"Canaria",`+record+`]}`)
	}), dsn)
	u.env = append(u.env, "WHEELHOUSE_HISTORY_FROM="+day)
	program := panicking(t)
	for _, c := range []struct {
		name, panics string
		code         int
		says, args   string
	}{
		{"a normaliser, first", "normaliser", exitIncomplete, "panic at demo_usage.go:", "run --streams demo_usage --log json,debug"},
		{"a batch, first", "batch", exitIncomplete, "panic at demo_usage.go:", "run --streams demo_usage --log console,debug"},
		{"none", "", exitOK, "2 due: 2 loaded", "run --streams demo_usage --log json,debug"},
		{"a normaliser", "normaliser", exitIncomplete, "panic at demo_usage.go:", "run --streams demo_usage --log json,debug"},
		{"a normaliser, verifying", "normaliser", exitIncomplete, "panic at demo_usage.go:",
			"verify --streams demo_usage --log json,debug --from " + day + " --to " + day},
		{"a command", "command", exitIncomplete, "printReject", "rejects show 1"},
	} {
		cmd, out, errs := u.command(strings.Fields(c.args)...)
		cmd.Path = program
		cmd.Env = append(cmd.Env, "PANIC="+c.panics)
		_ = cmd.Run() // the exit code is checked below
		text := out.String() + errs.String()
		if code := cmd.ProcessState.ExitCode(); code != c.code || !strings.Contains(text, c.says) {
			t.Errorf("%s: exit %d\n%s", c.name, code, text)
		}
		mustBeSilent(t, c.name, text)
	}
	ledger := column(t, dsn, ledgerTexts)
	mustBeSilent(t, "the ledger", ledger)
	if !strings.Contains(ledger, "panic at demo_usage.go:") {
		t.Errorf("the ledger has:\n%s", ledger)
	}
}
