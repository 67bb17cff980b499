package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"wheelhouse/internal/simulator"
	"wheelhouse/internal/testdb"
)

// company serves the account of a company.
func company(t *testing.T, seed uint64) (url string) {
	now := time.Now()
	server := httptest.NewServer(simulator.New(simulator.Options{
		Seed: seed, Agents: 5, APIKey: key, From: now.AddDate(0, 0, -10), Until: now, Now: func() time.Time { return now }}))
	t.Cleanup(server.Close)
	return server.URL
}

// An account whose settings name another server than its data came from is refused before any request, until a person says that it is the
// same account.
func TestAnotherServerIsRefused(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	u := newUser(t, account(t), dsn)
	day := time.Now().UTC().AddDate(0, 0, -3).Format(time.DateOnly)
	streams := []string{"--streams", "user_access,demo_usage"}
	u.types(exitOK, append([]string{"run"}, streams...)...)
	before := testdb.Read(t, dsn)
	first := strings.TrimPrefix(u.env[0], "CRANKWHEEL_URL=")

	other := company(t, 4)
	u.env = append(u.env, "CRANKWHEEL_URL="+other)
	for _, args := range [][]string{
		{"run"}, {"run", "--accept-shrink"}, {"serve"}, {"backfill", "--from", day, "--to", day, "--force"}, {"backfill", "--from", day, "--to", day, "--dry-run"},
		{"verify", "--from", day, "--to", day}, {"rejects", "retry"},
	} {
		_, stderr := u.types(exitUsage, args...)
		if !strings.Contains(stderr, "account default: its data came from "+first+", and the settings name "+other) || !strings.Contains(stderr, "--accept-server") {
			t.Errorf("%q: %s", args, stderr)
		}
	}
	if _, stderr := u.types(exitUsage, "verify", "--from", day, "--to", day, "--accept-server"); !strings.Contains(stderr, "unknown flag") {
		t.Errorf("verify: %s", stderr)
	}
	if d := before.Diff(testdb.Read(t, dsn)); d != "" {
		t.Errorf("refused commands changed rows:\n%s", d)
	}
	u.types(exitOK, "status")

	u.types(exitOK, append([]string{"backfill", "--from", day, "--to", day, "--dry-run", "--accept-server"}, streams...)...)
	u.types(exitUsage, append([]string{"run"}, streams...)...) // a dry run does not store the new server
	u.types(exitOK, append([]string{"run", "--accept-server", "--accept-shrink"}, streams...)...)
	u.types(exitOK, append([]string{"run"}, streams...)...)
	u.env = append(u.env, "CRANKWHEEL_URL="+first)
	u.types(exitUsage, append([]string{"run"}, streams...)...)
}

// The same server in another spelling is still the same server.
func TestAnotherSpellingOfTheServer(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	u := newUser(t, account(t), dsn)
	run := []string{"run", "--streams", "user_access"}
	u.types(exitOK, run...)
	server := strings.TrimPrefix(u.env[0], "CRANKWHEEL_URL=")
	u.env = append(u.env, "CRANKWHEEL_URL="+strings.ToUpper(server)+"/")
	u.types(exitOK, run...)
	for _, stored := range []string{server + "/", strings.ToUpper(server), ""} { // as an older version may have stored it; "": no server is stored
		mustExec(t, dsn, "UPDATE wheelhouse.accounts SET server = '"+stored+"'")
		u.types(exitOK, run...)
	}
	mustExec(t, dsn, "DELETE FROM wheelhouse.accounts")
	u.types(exitOK, run...)
}

// If one of several accounts is refused, the others are loaded, and the command exits 2.
func TestOtherAccountsAreLoaded(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	u := newUser(t, account(t), dsn)
	one, two, moved := company(t, 5), company(t, 6), company(t, 7)
	settings := func(one, two string) {
		text := "accounts:\n"
		for id, server := range map[string]string{"one": one, "two": two} {
			text += fmt.Sprintf("  - id: %s\n    server: %s\n    api_key_env: TEST_KEY\n    history_from: %s\n", id, server, time.Now().AddDate(0, 0, -3).Format(time.DateOnly))
		}
		if err := os.WriteFile(filepath.Join(u.dir, "schedules.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	u.env = append(u.env, "TEST_KEY="+key, "CRANKWHEEL_URL=", "CRANKWHEEL_API_KEY=", "WHEELHOUSE_HISTORY_FROM=")
	settings(one, two)
	u.types(exitOK, "run", "--streams", "user_access")
	loads := func() string {
		return mustQuery(t, dsn, "SELECT string_agg(n::text, ' ' ORDER BY account_id) FROM (SELECT account_id, count(*) n FROM wheelhouse.loads GROUP BY 1) l")
	}
	settings(one, moved)
	out, stderr := u.types(exitUsage, "run", "--streams", "user_access")
	if !strings.Contains(out, "1 loaded") || !strings.Contains(stderr, "account two: its data came from "+two) || loads() != "2 1" {
		t.Errorf("loads %s\n%s%s", loads(), out, stderr)
	}
	u.types(exitOK, "run", "--streams", "user_access", "--accept-server", "--accept-shrink")
	if loads() != "3 2" {
		t.Errorf("loads %s", loads())
	}

	// serve loads the others, too, and its metrics still show the refused account, whose days become gaps.
	settings(one, two)
	at := freePort(t)
	u.env = append(u.env, "WHEELHOUSE_LISTEN="+at)
	cmd, _, errs := u.command("serve", "--log", "json,info")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() }) // it may have ended
	loaded, metrics := regexp.MustCompile(`wheelhouse_windows_total\{account="one",outcome="loaded",stream="demo_usage"\} [1-9]`), ""
	for end := time.Now().Add(time.Minute); !loaded.MatchString(metrics); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("nothing is loaded:\n%s\n%s", metrics, errs)
		}
		metrics, _ = read(t, "http://"+at+"/metrics", "") // empty until it answers
	}
	if !strings.Contains(metrics, `wheelhouse_ledger_gaps{account="two",stream="demo_usage"} 3`) || !strings.HasSuffix(loads(), " 2") {
		t.Errorf("metrics:\n%s", metrics)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the exit code is checked below
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || !strings.Contains(errs.String(), `"msg":"account left out","account":"two"`) {
		t.Errorf("exit %d\n%s", code, errs)
	}
}
