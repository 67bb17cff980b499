package main

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wheelhouse/internal/testdb"
)

// If an answer says that there is more, run loads the rows and exits 1, and status says why. Unknown members are logged by the first run
// that meets them, and shown by status.
func TestAnswersWithMembersBesideTheRows(t *testing.T) {
	t.Parallel()
	day := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	var members atomic.Value
	u := newUser(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"total_canceled_requests":0,"sessions":[{"id":1,"start_ts":"` + day + `T00:00:00"}]` + members.Load().(string) + `}`))
	}), testdb.New(t))
	u.env = append(u.env, "WHEELHOUSE_HISTORY_FROM="+day)

	members.Store(`,"pagination":{"page":1,"page_size":1,"total":3},"has_more":true`)
	const more = "the answer says that there is more, but Wheelhouse does not know how to ask for it: has_more, pagination.total"
	if _, stderr := u.types(exitIncomplete, "run", "--streams", "demo_usage"); !strings.Contains(stderr, more) {
		t.Errorf("run:\n%s", stderr)
	}
	if table, _ := u.types(exitOK, "status"); !strings.Contains(table, "not reconciled") || !strings.Contains(table, more) {
		t.Errorf("status:\n%s", table)
	}

	const told = "members that Wheelhouse does not know"
	members.Store(`,"server":"eu-1"`)
	if _, stderr := u.types(exitOK, "run", "--streams", "demo_usage"); strings.Count(stderr, told) != 1 || !strings.Contains(stderr, "server") || strings.Contains(stderr, "eu-1") {
		t.Errorf("the first run:\n%s", stderr)
	}
	if _, stderr := u.types(exitOK, "run", "--streams", "demo_usage"); strings.Contains(stderr, told) {
		t.Errorf("the second run:\n%s", stderr)
	}
	table, _ := u.types(exitOK, "status")
	if !strings.Contains(table, "unknown members") || !strings.Contains(table, "default demo_usage: the API's answers have members that Wheelhouse does not know and does not load: has_more, pagination, server") {
		t.Errorf("status:\n%s", table)
	}
}
