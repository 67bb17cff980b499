package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/testdb"
)

func mustExec(t *testing.T, dsn, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func TestStatusAfterARun(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	u := newUser(t, account(t), dsn)
	read := func() (all []ledger.StreamStatus) {
		stdout, _ := u.types(exitOK, "status", "--json")
		if err := json.Unmarshal([]byte(stdout), &all); err != nil {
			t.Fatalf("%v\n%s", err, stdout)
		}
		return all
	}
	for _, s := range read() {
		if days := map[bool]int{false: 4, true: 0}[s.Snapshot]; s.GapDays != days || len(s.Covered) != 0 || s.Last != nil {
			t.Errorf("%s before anything is loaded: %+v", s.Stream, s)
		}
	}
	u.types(exitOK, "run")
	all := read()
	if len(all) != 8 {
		t.Fatalf("%d streams", len(all))
	}
	for _, s := range all {
		covered := map[bool]int{false: 4, true: 1}[s.Snapshot]
		if s.GapDays != 0 || len(s.Covered) != 1 || s.Covered[0].Days != covered || s.Last == nil || s.Last.Status != "loaded" ||
			s.Rows == 0 || s.Failed+s.Stale+s.Unreconciled+s.Rejects+s.Running != 0 || time.Since(*s.CoveredUntil) > time.Hour {
			t.Errorf("%s after a run: %+v", s.Stream, s)
		}
	}
	mustExec(t, dsn, `DELETE FROM wheelhouse.loads WHERE stream = 'shares' AND lower(span)::date = current_date - 2`)
	stdout, _ := u.types(exitOK, "status", "--account", "default")
	if day := time.Now().UTC().AddDate(0, 0, -2).Format(time.DateOnly); !strings.Contains(stdout, "default shares has gaps: "+day+"\n") {
		t.Errorf("the gap is not shown:\n%s", stdout)
	}
	if _, stderr := u.types(exitUsage, "status", "--account", "acme"); !strings.Contains(stderr, `"acme"`) {
		t.Errorf("an unknown account is reported as: %s", stderr)
	}
	u.env = append(u.env, "CRANKWHEEL_URL=", "CRANKWHEEL_API_KEY=") // status needs only the database
	if again := read(); len(again) != 8 || again[0].Enabled != nil {
		t.Errorf("without settings: %d streams", len(again))
	}
}

func TestRejectsCommands(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	u := newUser(t, account(t), dsn)
	if stdout, _ := u.types(exitOK, "rejects", "list"); stdout != "No rejects.\n" {
		t.Errorf("an empty list is: %s", stdout)
	}
	if stdout, _ := u.types(exitOK, "rejects", "list", "--json"); stdout != "[]\n" {
		t.Errorf("an empty list as JSON is: %s", stdout)
	}
	const person = "prospect@example.com"
	mustExec(t, dsn, `INSERT INTO wheelhouse.rejects (load_id, account_id, stream, path, reason, raw, raw_hash)
		VALUES (1, 'default', 'usage_new', '$.sessions[3]', 'no start', '{"agent": "`+person+`", "bell": "\u009b2J"}', '\x01')`)
	for _, args := range [][]string{{}, {"--json"}} {
		stdout, stderr := u.types(exitOK, append([]string{"rejects", "list", "--streams", "usage_new"}, args...)...)
		if !strings.Contains(stdout, "$.sessions[3]") || strings.Contains(stdout+stderr, person) {
			t.Errorf("the list with %v: %s%s", args, stdout, stderr)
		}
		stdout, stderr = u.types(exitOK, append([]string{"rejects", "show", "1"}, args...)...)
		if !strings.Contains(stdout, `"agent": "`+person+`"`) || strings.Contains(stdout, "\u009b") || strings.Contains(stderr, person) {
			t.Errorf("the reject with %v: %s%s", args, stdout, stderr)
		}
	}
	for _, args := range [][]string{{"show", "2"}, {"show", "first"}, {"show"}, {"list", "--streams", "usage"}, {"list", "--limit", "-1"}, {"drop"}} {
		u.types(exitUsage, append([]string{"rejects"}, args...)...)
	}
}

// mustQuery reads one text.
func mustQuery(t *testing.T, dsn, sql string) (s string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := conn.QueryRow(t.Context(), sql).Scan(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

// mustExecAfter is mustExec for a test's clean-up, when its context has ended.
func mustExecAfter(t *testing.T, dsn, sql string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	if err == nil {
		defer conn.Close(context.Background())
		_, err = conn.Exec(context.Background(), sql)
	}
	if err != nil {
		t.Error(err)
	}
}
