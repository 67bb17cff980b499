package metrics_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/load"
)

// of reports whether a request is for a path and a day of the history.
func of(r *http.Request, path string, day int) bool {
	return r.URL.Path == "/ss/api/"+path && strings.HasPrefix(r.URL.Query().Get("from"), first.AddDate(0, 0, day).Format(time.DateOnly))
}

// A gap, a failed day, a window that is not reconciled and a reject are shown until they are repaired.
func TestTroubleIsShownUntilRepaired(t *testing.T) {
	t.Parallel()
	s := newScene(t, nil)
	plain := *s.meddle.Load()
	var busy atomic.Bool
	busy.Store(true)
	s.answers(func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case of(r, "usage_new", 2):
			w.WriteHeader(http.StatusUnprocessableEntity)
			return true
		case r.URL.Path == "/ss/api/user_access" && busy.Swap(false):
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		case of(r, "usage_new", 3):
			return s.changed(w, r, regexp.MustCompile(`"total_count":\d+`), `"total_count":4711`)
		case of(r, "demo_usage", 3):
			return s.changed(w, r, regexp.MustCompile(`"start_ts":"[^"]*"`), `"start_ts":"some day"`)
		}
		return false
	})
	s.run(1, 5) // the first day becomes a gap

	got := mustScrape(t, s.url)
	for series, want := range map[string]float64{
		`wheelhouse_ledger_up`:                                                       1,
		`wheelhouse_ledger_gaps{stream="usage_new"}`:                                 2,
		`wheelhouse_ledger_failed_gaps{stream="usage_new"}`:                          1,
		`wheelhouse_ledger_failed_windows{stream="usage_new"}`:                       1,
		`wheelhouse_ledger_stale_windows{stream="usage_new"}`:                        0,
		`wheelhouse_ledger_unreconciled_windows{stream="usage_new"}`:                 1,
		`wheelhouse_ledger_gaps{stream="demo_usage"}`:                                1,
		`wheelhouse_ledger_failed_gaps{stream="demo_usage"}`:                         0,
		`wheelhouse_ledger_open_rejects{stream="demo_usage"}`:                        1,
		`wheelhouse_ledger_open_rejects{stream="usage_new"}`:                         0,
		`wheelhouse_ledger_running_windows{stream="usage_new"}`:                      0,
		`wheelhouse_ledger_gaps{stream="user_access"}`:                               0,
		`wheelhouse_ledger_covered_until_timestamp_seconds{stream="demo_usage"}`:     float64(now.Unix()),
		`wheelhouse_windows_total{stream="usage_new",outcome="failed"}`:              1,
		`wheelhouse_windows_total{stream="usage_new",outcome="unreconciled"}`:        1,
		`wheelhouse_windows_total{stream="usage_new",outcome="loaded"}`:              3,
		`wheelhouse_rows_total{stream="demo_usage",outcome="rejected"}`:              1,
		`wheelhouse_api_requests_total{stream="usage_new",outcome="refused"}`:        1,
		`wheelhouse_api_requests_total{stream="user_access",outcome="server_error"}`: 1,
		`wheelhouse_api_requests_total{stream="user_access",outcome="ok"}`:           1,
		`wheelhouse_api_retries_total{stream="user_access"}`:                         1,
		`wheelhouse_api_retries_total{stream="usage_new"}`:                           0,
		`wheelhouse_build_info{version="1.2.3",go_version="` + goVersion + `"}`:      1,
	} {
		if v := got.value(series); v != want {
			t.Errorf("%s = %v, want %v", series, v, want)
		}
	}
	if at := got.value(`wheelhouse_ledger_last_load_timestamp_seconds{stream="usage_new"}`); time.Since(time.Unix(int64(at), 0)).Abs() > 5*time.Minute {
		t.Errorf("last loaded at %v", at)
	}
	s.equalsLedger(got)

	s.answers(plain)
	s.runner.Observe = nil
	s.force(0, 5)
	s.repaired()
}

// changed answers with the simulated answer, in which it replaces the first match.
func (s *scene) changed(w http.ResponseWriter, r *http.Request, what *regexp.Regexp, by string) bool {
	s.t.Helper()
	kept := httptest.NewRecorder()
	plain := r.Clone(r.Context())
	plain.Header.Del("Accept-Encoding")
	s.api.ServeHTTP(kept, plain)
	body := kept.Body.Bytes()
	at := what.FindIndex(body)
	if at == nil {
		s.t.Errorf("%s: nothing to change", r.URL.Path)
		return false
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(bytes.Join([][]byte{body[:at[0]], body[at[1]:]}, []byte(by)))
	return true
}

// repaired fails if any trouble is shown.
func (s *scene) repaired() {
	s.t.Helper()
	got := s.fresh()
	for _, stream := range load.Streams {
		for _, name := range []string{"gaps", "failed_gaps", "failed_windows", "stale_windows", "unreconciled_windows", "open_rejects"} {
			series := fmt.Sprintf("wheelhouse_ledger_%s{stream=%q}", name, stream.Name)
			if v := got.value(series); v != 0 {
				s.t.Errorf("mended: %s = %v", series, v)
			}
		}
	}
}

// equalsLedger compares the process's counts with the ledger's.
func (s *scene) equalsLedger(got scrape) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.dsn)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, stream := range load.Streams {
		var n [11]int64
		err := conn.QueryRow(s.t.Context(), `
			SELECT coalesce(sum(rows_read), 0), coalesce(sum(rows_inserted), 0), coalesce(sum(rows_updated), 0), coalesce(sum(rows_unchanged), 0),
			       coalesce(sum(rows_deleted), 0), coalesce(sum(rows_merged), 0), coalesce(sum(rows_rejected), 0),
			       count(*) FILTER (WHERE status = 'loaded' AND reconciled IS NOT false), count(*) FILTER (WHERE NOT reconciled),
			       count(*) FILTER (WHERE status = 'failed'), coalesce(sum(attempts), 0)
			FROM wheelhouse.loads WHERE stream = $1`, stream.Name).Scan(&n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7], &n[8], &n[9], &n[10])
		if err != nil {
			s.t.Fatal(err)
		}
		for i, outcome := range []string{"read", "inserted", "updated", "unchanged", "deleted", "merged", "rejected"} {
			series := fmt.Sprintf("wheelhouse_rows_total{stream=%q,outcome=%q}", stream.Name, outcome)
			if v := got.value(series); v != float64(n[i]) {
				s.t.Errorf("%s = %v, the ledger has %d", series, v, n[i])
			}
		}
		for i, outcome := range []string{"loaded", "unreconciled", "failed"} {
			series := fmt.Sprintf("wheelhouse_windows_total{stream=%q,outcome=%q}", stream.Name, outcome)
			if v := got.value(series); v != float64(n[7+i]) {
				s.t.Errorf("%s = %v, the ledger has %d", series, v, n[7+i])
			}
		}
		tried := float64(n[7] + n[8] + n[9])
		if v := got.value(fmt.Sprintf("wheelhouse_window_duration_seconds{stream=%q}", stream.Name)); v != tried {
			s.t.Errorf("%s: %v windows were timed, %v were tried", stream.Name, v, tried)
		}
		if v := got.value(fmt.Sprintf("wheelhouse_api_request_duration_seconds{stream=%q}", stream.Name)); v != float64(n[10]) {
			s.t.Errorf("%s: %v requests, the ledger has %d", stream.Name, v, n[10])
		}
		if v := got.value(fmt.Sprintf("wheelhouse_commit_duration_seconds{stream=%q}", stream.Name)); v < 1 || v > tried {
			s.t.Errorf("%s: %v transactions for %v windows", stream.Name, v, tried)
		}
	}
	if read := got.value(`wheelhouse_rows_total{stream="usage_new",outcome="read"}`); read == 0 {
		s.t.Error("nothing was read, so nothing is compared")
	}
}
