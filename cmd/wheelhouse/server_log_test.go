package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"wheelhouse/internal/pgserver"
	"wheelhouse/internal/simulator"
	"wheelhouse/internal/testkit"
)

// refusedRow is the error of a transaction that wrote a row which another one wrote at the same time.
var refusedRow = regexp.MustCompile(`^(23505 ERROR:  duplicate key value violates unique constraint "(demo_requests|screen_sessions|shares|share_visits|share_details)_pkey"|40001 ERROR:  could not serialize access due to concurrent (update|delete))\n$`)

// What a healthy warehouse does every day leaves no error in the log of its server, where an administrator would look into each. The
// exceptions are by design: of two transactions that write the same row at once, Postgres refuses one, and it is tried again.
func TestNormalOperationLeavesNoErrorInTheServersLog(t *testing.T) {
	t.Parallel()
	testkit.SkipIfShort(t, "it starts a server of its own")
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // the server may run as another user
		t.Fatal(err)
	}
	server, err := pgserver.Start(t.Context(), pgserver.Options{Dir: dir, Settings: map[string]string{
		"log_min_messages": "error", "log_min_error_statement": "error", "log_error_verbosity": "terse", "log_line_prefix": "%e ",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() }) // its folder is removed in any case
	now := time.Now()
	api := simulator.New(simulator.Options{Seed: 3, Agents: 12, APIKey: key, From: now.AddDate(0, 0, -40), Until: now, Now: func() time.Time { return now }, Select: simulator.ByOverlap})
	u := newUser(t, api, server.URL("postgres"))
	day := func(n int) string { return now.UTC().AddDate(0, 0, -n).Format(time.DateOnly) }
	logged := func(what string) {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dir, "server.log"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if !strings.Contains(line, "ERROR:") {
				continue
			}
			if t.Logf("%s: %s", what, line); !refusedRow.MatchString(line) {
				t.Errorf("%s: %s", what, line)
			}
		}
		if err := os.Truncate(filepath.Join(dir, "server.log"), 0); err != nil {
			t.Fatal(err)
		}
	}
	logged("start of the server")
	u.types(exitOK, "migrate", "status")
	u.types(exitIncomplete, "run") // there is no schema yet
	u.types(exitIncomplete, "status")
	logged("an empty database")
	u.types(exitOK, "migrate", "up")
	logged("migrate up")
	u.types(exitOK, "run")
	logged("the first run")
	var both sync.WaitGroup
	for _, from := range []string{day(39), day(30)} {
		both.Go(func() { u.types(exitOK, "backfill", "--from", from, "--to", day(5)) })
	}
	both.Wait()
	logged("two backfills at once")
	for range 2 {
		both.Go(func() { u.types(exitOK, "backfill", "--force", "--from", day(20), "--to", day(5)) })
	}
	both.Wait()
	logged("two forced backfills at once")
	u.types(exitOK, "run")
	u.types(exitOK, "status")
	u.types(exitOK, "verify", "--from", day(10), "--to", day(1))
	logged("another run")
}
