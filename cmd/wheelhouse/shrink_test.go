package main

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"wheelhouse/internal/testdb"
)

// An empty answer deletes the rows of a small account only when a person accepts it.
func TestAnEmptyAnswerIsRefusedUntilAccepted(t *testing.T) {
	t.Parallel()
	var empty atomic.Bool
	api := account(t)
	dsn := testdb.New(t)
	u := newUser(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !empty.Load() {
			api.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("[]"))
	}), dsn)
	live := func() string {
		return mustQuery(t, dsn, "SELECT count(*)::text FROM crankwheel.users WHERE deleted_at IS NULL")
	}
	args := []string{"run", "--streams", "user_access"}
	u.types(exitOK, args...)
	had := live()
	if len(had) != 1 || had < "3" {
		t.Fatalf("%s users: more than three and fewer than ten are wanted", had)
	}
	empty.Store(true)
	if _, stderr := u.types(exitIncomplete, args...); !strings.Contains(stderr, "all "+had+" rows") || !strings.Contains(stderr, "--accept-shrink") || live() != had {
		t.Errorf("%s of %s users are left:\n%s", live(), had, stderr)
	}
	if u.types(exitOK, append(args, "--accept-shrink")...); live() != "0" {
		t.Errorf("%s users are left after --accept-shrink", live())
	}
}
