package main

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"wheelhouse/internal/testdb"
)

var anyStart = regexp.MustCompile(`"(start_date|start_time)": ?"2[^"]*"`)

// garbled is an API that sends invalid dates as the starts of all sessions while on is true.
func garbled(api http.Handler, on *atomic.Bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !on.Load() || !strings.HasSuffix(r.URL.Path, "/usage_new") {
			api.ServeHTTP(w, r)
			return
		}
		r.Header.Del("Accept-Encoding")
		answer := httptest.NewRecorder()
		api.ServeHTTP(answer, r)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(anyStart.ReplaceAll(answer.Body.Bytes(), []byte(`"$1":"soon"`)))
	})
}

func TestRejectsAreRetried(t *testing.T) {
	t.Parallel()
	var on atomic.Bool
	on.Store(true)
	dsn := testdb.New(t)
	u := newUser(t, garbled(account(t), &on), dsn)
	u.types(exitOK, "run", "--streams", "usage_new")
	count := func(of string) string { t.Helper(); return mustQuery(t, dsn, "SELECT count(*)::text FROM "+of) }
	open := count("wheelhouse.rejects WHERE resolved_at IS NULL")
	if open == "0" || count("crankwheel.screen_sessions") != "0" {
		t.Fatalf("%s rejects, %s sessions", open, count("crankwheel.screen_sessions"))
	}
	if stdout, _ := u.types(exitOK, "rejects", "retry"); !strings.Contains(stdout, "0 of "+open+" rejects are resolved.") {
		t.Errorf("while the source is broken:\n%s", stdout)
	}

	on.Store(false)
	first := mustQuery(t, dsn, "SELECT max(id)::text FROM wheelhouse.rejects")
	window := mustQuery(t, dsn, "SELECT load_id::text FROM wheelhouse.rejects WHERE id = "+first)
	ofWindow := count("wheelhouse.rejects WHERE load_id = " + window)
	if stdout, _ := u.types(exitOK, "rejects", "retry", first); !strings.Contains(stdout, "1 of 1 rejects are resolved.") {
		t.Errorf("one of them:\n%s", stdout)
	}
	if n := count("wheelhouse.rejects WHERE resolved_at IS NOT NULL"); n != ofWindow {
		t.Errorf("%s are resolved, but its window has %s", n, ofWindow)
	}
	u.types(exitOK, "rejects", "retry", "--streams", "usage_new")
	if n := count("wheelhouse.rejects WHERE resolved_at IS NULL"); n != "0" {
		t.Errorf("%s are still open", n)
	}
	if n := count("crankwheel.screen_sessions WHERE deleted_at IS NULL"); n != open {
		t.Errorf("%s sessions of %s rejects", n, open)
	}
	for _, args := range [][]string{{"first"}, {"--streams", "usage"}, {"--account", "acme"}} {
		u.types(exitUsage, append([]string{"rejects", "retry"}, args...)...)
	}
}
