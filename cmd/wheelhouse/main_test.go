package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"wheelhouse/internal/simulator"
	"wheelhouse/internal/testdb"
	"wheelhouse/internal/testkit"
	"wheelhouse/migrations"
)

// asProgram is an environment variable that makes this test binary the program itself, so that exit codes and signals are real.
const asProgram = "WHEELHOUSE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		applyTestTiming()
		os.Exit(run(os.Args[1:]))
	}
	testkit.Default("test.parallel", "3", "3") // some of the tests run six programs at once
	testkit.Default("schedules", "8", "500")
	testkit.Default("soak", "10s", "5m")
	testdb.Main(m)
}

const key = "canary-key-7f3a"

// user is a user at a shell, with an account, a database and a folder.
type user struct {
	t   *testing.T
	env []string
	dir string
}

func newUser(t *testing.T, api http.Handler, dsn string) user {
	t.Helper()
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	fast := "requests_per_second: 1000\nstreams:\n  share_visits:\n    requests_per_second: 1000\n"
	if err := os.WriteFile(filepath.Join(dir, "schedules.yaml"), []byte(fast), 0o600); err != nil {
		t.Fatal(err)
	}
	return user{t, []string{"CRANKWHEEL_URL=" + server.URL, "CRANKWHEEL_API_KEY=" + key, "DATABASE_URL=" + dsn, "WHEELHOUSE_LISTEN=127.0.0.1:0",
		"WHEELHOUSE_HISTORY_FROM=" + time.Now().UTC().AddDate(0, 0, -4).Format(time.DateOnly)}, dir}
}

func account(t *testing.T) http.Handler {
	t.Helper()
	now := time.Now()
	return simulator.New(simulator.Options{Seed: 3, Agents: 5, APIKey: key, From: now.AddDate(0, 0, -10), Until: now, Now: func() time.Time { return now }})
}

func (u user) command(args ...string) (*exec.Cmd, *bytes.Buffer, *bytes.Buffer) {
	u.t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0"), u.env...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = u.dir, &out, &errs
	return cmd, &out, &errs
}

// types runs a command line and requires an exit code.
func (u user) types(code int, args ...string) (stdout, stderr string) {
	u.t.Helper()
	cmd, out, errs := u.command(args...)
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		u.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		u.t.Fatalf("wheelhouse %s: exit %d, want %d\n%s%s", strings.Join(args, " "), got, code, out, errs)
	}
	if text := out.String() + errs.String(); strings.Contains(text, key) {
		u.t.Errorf("wheelhouse %s shows the key:\n%s", strings.Join(args, " "), text)
	}
	return out.String(), errs.String()
}

func TestMistakesExit2(t *testing.T) {
	t.Parallel()
	u := newUser(t, http.NotFoundHandler(), "postgres://nobody@127.0.0.1:1/none")
	wrong := filepath.Join(u.dir, "wrong.yaml")
	if err := os.WriteFile(wrong, []byte("streams:\n  usage_new:\n    crom: \"1 2 * * *\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		say  string
		args []string
	}{
		{"unknown command", []string{"lode"}},
		{"unknown flag --fast: the flags are --accept-server", []string{"run", "--fast"}},
		{"did you mean --dry-run?", []string{"backfill", "--dryrun"}},
		{"unknown command \"now\"", []string{"run", "now"}},
		{"unknown stream \"usage\"", []string{"run", "--streams", "usage"}},
		{"no account \"acme\"", []string{"run", "--account", "acme"}},
		{`--parallel "99": not a number from 1 to 32`, []string{"run", "--parallel", "99"}},
		{`--parallel "0": not a number from 1 to 32`, []string{"run", "--parallel", "0"}},
		{`--limit "many": not a whole number`, []string{"rejects", "list", "--limit", "many"}},
		{`--json "perhaps": neither true nor false`, []string{"status", "--json=perhaps"}},
		{"--listen", []string{"serve", "--listen", "nowhere"}},
		{"WHEELHOUSE_TOKEN", []string{"demo", "--listen", "0.0.0.0:8080"}},
		{`unknown stream "usage"`, []string{"rejects", "list", "--streams", "usage"}},
		{"--from and --to", []string{"backfill", "--from", "2026-01-01"}},
		{"is not a day", []string{"backfill", "--from", "yesterday", "--to", "2026-01-01"}},
		{"is before --from", []string{"backfill", "--from", "2026-01-02", "--to", "2026-01-01"}},
		{"in the future", []string{"backfill", "--from", "2126-01-02", "--to", "2126-01-03"}},
		{"wrong.yaml:3:5", []string{"run", "--config", wrong}},
		{"cron", []string{"config", "check", "--config", wrong}},
		{"--steps", []string{"migrate", "down"}},
		{"--yes", []string{"migrate", "down", "--steps", "1"}},
		{"--select", []string{"simulate", "--select", "middle"}},
	} {
		if _, stderr := u.types(exitUsage, c.args...); !strings.Contains(stderr, c.say) {
			t.Errorf("wheelhouse %s: %q is not in\n%s", strings.Join(c.args, " "), c.say, stderr)
		}
	}
}

func TestNoSettingsExit2(t *testing.T) {
	t.Parallel()
	u := user{t, []string{"CRANKWHEEL_URL=", "CRANKWHEEL_API_KEY=", "DATABASE_URL="}, t.TempDir()}
	_, stderr := u.types(exitUsage, "run")
	for _, name := range []string{"CRANKWHEEL_URL", "CRANKWHEEL_API_KEY"} {
		if !strings.Contains(stderr, name) {
			t.Errorf("%s is not reported as missing:\n%s", name, stderr)
		}
	}
}

func TestSchemaIsRefused(t *testing.T) {
	t.Parallel()
	dsn := testdb.NewDirect(t)
	u := newUser(t, account(t), dsn)
	u.types(exitOK, "migrate", "down", "--steps", "1", "--yes")
	for _, args := range [][]string{{"run"}, {"backfill", "--from", "2026-01-01", "--to", "2026-01-02"}, {"serve"}} {
		if _, stderr := u.types(exitIncomplete, args...); !strings.Contains(stderr, "migrate up") {
			t.Errorf("wheelhouse %s does not say what to do:\n%s", args[0], stderr)
		}
	}
	u.types(exitOK, "run", "--migrate", "--streams", "user_access")
	if stdout, _ := u.types(exitOK, "migrate", "status"); !strings.Contains(stdout, "version") {
		t.Errorf("migrate status: %s", stdout)
	}
	if _, to, err := migrations.Up(t.Context(), dsn); err != nil || to != migrations.Latest() {
		t.Errorf("run --migrate left the schema at %d: %v", to, err)
	}
}

func TestRunAndBackfill(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	api := account(t)
	u := newUser(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked.Add(1); api.ServeHTTP(w, r) }), testdb.New(t))
	from, to := time.Now().UTC().AddDate(0, 0, -9).Format(time.DateOnly), time.Now().UTC().AddDate(0, 0, -2).Format(time.DateOnly)
	backfill := []string{"backfill", "--from", from, "--to", to, "--json"}

	plan, _ := u.types(exitOK, append(backfill, "--dry-run")...)
	var rows []map[string]any
	if err := json.Unmarshal([]byte(plan), &rows); err != nil || len(rows) != 8 {
		t.Fatalf("dry run: %d rows, %v\n%s", len(rows), err, plan)
	}
	var estimated float64
	for _, row := range rows {
		estimated += row["requests"].(float64)
	}
	counts := asked.Swap(0) // of shares: two for each window of two streams
	if counts == 0 || counts > 2*(8+1) {
		t.Errorf("a dry run asked the API %d times", counts)
	}
	u.types(exitOK, backfill...)
	first := asked.Swap(0)
	if ratio := estimated / float64(first); ratio < 0.8 || ratio > 1.25 {
		t.Errorf("%.0f requests were estimated, and %d sent", estimated, first)
	}
	u.types(exitOK, backfill...)
	if n := asked.Swap(0); n != 0 {
		t.Errorf("the same backfill again asked %d times", n)
	}
	u.types(exitOK, append(backfill, "--force")...)
	if n := asked.Load(); n < first {
		t.Errorf("--force asked %d times, the first time %d", n, first)
	}
	if stdout, _ := u.types(exitOK, "run"); !strings.Contains(stdout, "loaded") {
		t.Errorf("run prints: %s", stdout)
	}
}

func TestWrongKeyExits1(t *testing.T) {
	t.Parallel()
	u := newUser(t, account(t), testdb.New(t))
	u.env = append(u.env, "CRANKWHEEL_API_KEY=another-key")
	_, stderr := u.types(exitIncomplete, "run", "--streams", "user_access", "--log", "json,info")
	if !strings.Contains(stderr, "401") || !strings.Contains(stderr, "check the API key") || strings.Contains(stderr, "another-key") {
		t.Errorf("a wrong key is reported as:\n%s", stderr)
	}
}

func TestSigtermExits130(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 100)
	api := account(t)
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		time.Sleep(200 * time.Millisecond)
		api.ServeHTTP(w, r)
	})
	u := newUser(t, slow, testdb.New(t))
	cmd, out, errs := u.command("run", "--streams", "usage_new", "--parallel", "1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-asked
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the exit code is checked below
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
	u.types(exitOK, "run", "--streams", "usage_new")
}

func TestDemoOnceLeavesNothing(t *testing.T) {
	t.Parallel()
	temp := t.TempDir()
	u := user{t, []string{"TMPDIR=" + temp}, t.TempDir()}
	stdout, stderr := u.types(exitOK, "demo", "--once", "--days", "7", "--agents", "4")
	if n := strings.Count(stderr, "window loaded"); n < 30 || strings.Contains(stdout, "not reconciled") {
		t.Errorf("%d lines of windows\n%s", n, stdout)
	}
	counts := regexp.MustCompile(`(\d+) of the (\d+) windows for which the API states totals are reconciled`).FindStringSubmatch(stdout)
	if counts == nil || counts[1] == "0" || counts[1] != counts[2] {
		t.Errorf("the reconciled windows are %q:\n%s", counts, stdout)
	}
	if ps, err := exec.Command("ps", "-axo", "args=").Output(); err != nil || strings.Contains(string(ps), "-D "+temp) {
		t.Errorf("a server still runs: %v", err)
	}
	for _, table := range []string{"demo_requests", "screen_sessions", "share_visits", "contents", "bi.agent_daily"} {
		if !strings.Contains(stdout, table) {
			t.Errorf("%s is not in the demo's summary:\n%s", table, stdout)
		}
	}
}

// The demo's pages answer while the account is loaded, and say how far the load is. Ctrl-C ends the demo at any moment.
func TestDemoShowsItsPagesAtOnce(t *testing.T) {
	t.Parallel()
	u := user{t, []string{"TMPDIR=" + t.TempDir()}, t.TempDir()}
	cmd, _, errs := u.command("demo", "--days", "300", "--agents", "20", "--listen", "127.0.0.1:0")
	cmd.Stdout = nil
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	address := ""
	for address == "" && lines.Scan() {
		address = regexp.MustCompile(`http://\S+`).FindString(lines.Text())
	}
	body := ""
	for deadline := time.Now().Add(time.Minute); !strings.Contains(body, "windows are done") && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(address)
		if err != nil {
			t.Fatalf("%v\n%s", err, errs)
		}
		text, err := io.ReadAll(response.Body)
		if response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
			t.Fatal(response.Status, err)
		}
		body = string(text)
	}
	if !regexp.MustCompile(`\d+ % of 1.\d\d\d windows are done`).MatchString(body) {
		t.Errorf("the page does not say that the account is being loaded:\n%s", body)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, stdout)
	_ = cmd.Wait() // the exit code is checked below
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || strings.Contains(errs.String(), "window failed") {
		t.Errorf("exit %d\n%s", code, errs)
	}
}

func TestEveryCommandHelps(t *testing.T) {
	t.Parallel()
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" || c.Example == "" {
			t.Errorf("%s has no short text or no example", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	root := (&app{out: io.Discard, err: io.Discard}).root()
	walk(root)
	u := user{t, nil, t.TempDir()}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if stdout, _ := u.types(exitOK, "completion", shell); !strings.Contains(stdout, "wheelhouse") {
			t.Errorf("no completion for %s", shell)
		}
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name  string
		ctx   context.Context
		err   error
		began bool
		want  int
	}{
		{"success", t.Context(), nil, true, exitOK},
		{"success before the signal", canceled, nil, true, exitOK},
		{"incomplete", t.Context(), errIncomplete, true, exitIncomplete},
		{"interrupted", canceled, errIncomplete, true, exitInterrupted},
		{"usage", t.Context(), usageError{errIncomplete}, true, exitUsage},
		{"before it began", t.Context(), io.EOF, false, exitUsage},
	} {
		if got := exitCode(c.ctx, c.err, c.began); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
