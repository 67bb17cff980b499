package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"wheelhouse/internal/testdb"
)

func TestVerifyReportsDifferences(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	u := newUser(t, account(t), dsn)
	day := func(n int) string { return time.Now().UTC().AddDate(0, 0, -n).Format(time.DateOnly) }
	u.types(exitOK, "run")
	args := []string{"verify", "--from", day(4), "--to", day(1)}
	if stdout, _ := u.types(exitOK, args...); !strings.Contains(stdout, "all equal") || strings.Count(stdout, "\n") != 1 {
		t.Errorf("after a run:\n%s", stdout)
	}
	mustExec(t, dsn, `UPDATE crankwheel.screen_sessions SET max_viewers = 77 WHERE ctid = (SELECT ctid FROM crankwheel.screen_sessions ORDER BY started_at LIMIT 1)`)
	mustExec(t, dsn, `DELETE FROM wheelhouse.loads WHERE stream = 'usage_shares' AND lower(span)::date = current_date - 2`)
	stdout, _ := u.types(exitIncomplete, args...)
	for _, want := range []string{"max_viewers", "77", "not loaded", "1 differ, 1 are not loaded, 0 could not be compared"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in:\n%s", want, stdout)
		}
	}
	stdout, _ = u.types(exitIncomplete, append(args, "--json", "--limit", "1")...)
	var v verdict
	if err := json.Unmarshal([]byte(stdout), &v); err != nil || v.Equal || v.Found != 2 || len(v.Differences) != 1 || v.Different != 1 || v.NotLoaded != 1 {
		t.Errorf("%v %+v", err, v)
	}
	for _, wrong := range [][]string{{}, {"--from", day(0), "--to", day(0)}, {"--from", day(1), "--to", day(3)}, {"--from", "soon", "--to", day(1)},
		{"--from", day(2), "--to", day(1), "--limit", "-1"}, {"--from", day(2), "--to", day(1), "--streams", "usage"}} {
		u.types(exitUsage, append([]string{"verify"}, wrong...)...)
	}
}
