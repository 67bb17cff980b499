package pipeline

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wheelhouse/internal/simulator"
	"wheelhouse/internal/testkit"
)

// A window that fails for its size is bisected, and its rows are the same. The API selects by overlap, so that a session is in both
// halves; in the long tests it selects in every way.
func TestWindowsThatAreBisected(t *testing.T) {
	t.Parallel()
	first := simulator.ByOverlap
	if testkit.Long() {
		first = simulator.ByStart
	}
	for by := first; by <= simulator.ByOverlap; by++ {
		change := func(o *simulator.Options) { o.Select = by }
		days := history{first: date("2026-03-03"), last: date("2026-03-06"), runs: twelveDays.runs[2:]}
		var refused atomic.Int32
		halved := days.load(t, change, nil, func(api http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if path := r.URL.Path; strings.HasSuffix(path, "/usage_new") || strings.HasSuffix(path, "/demo_usage") {
					if windowOf(t, r.URL.Query()) > 3*time.Hour {
						refused.Add(1)
						http.Error(w, "too slow", http.StatusGatewayTimeout)
						return
					}
				}
				api.ServeHTTP(w, r)
			})
		})
		if refused.Load() == 0 {
			t.Error("no window was refused")
		}
		equal(t, fmt.Sprintf("selected by %d", by), days.load(t, change, nil, nil).contents(), halved.contents())
		halved.want("0", "SELECT count(*) FROM wheelhouse.loads WHERE rows_read <> rows_inserted + rows_updated + rows_unchanged + rows_merged + rows_rejected")
	}
}

func windowOf(t *testing.T, q url.Values) time.Duration {
	from, err := time.Parse(time.RFC3339, q.Get("from"))
	if err != nil {
		t.Error(err)
	}
	to, err := time.Parse(time.RFC3339, q.Get("to"))
	if err != nil {
		t.Error(err)
	}
	return to.Sub(from)
}

// many answers usage_new with n generated sessions.
func many(n int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
		defer z.Close()
		fmt.Fprint(z, `{"sessions":[`)
		for i := n - 1; i >= 0; i-- {
			start := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * 80 * time.Second / 200)
			at, end := start.Truncate(time.Second).Format(time.RFC3339), start.Truncate(time.Second).Add(40*time.Second).Format(time.RFC3339)
			fmt.Fprintf(z, `{"email":"agent%d@x.com","start_date":%q,"end_date":%q,"duration":40,"session_ended":true,`+
				`"viewer_info":{"max_viewer_count":1,"viewer_count":1,"locations":["Reykjavik, Iceland"]},"logs":[`+
				`{"date":%q,"email":"agent%d@x.com","type":"projector","content":"12|Some name of a presentation %d"},{"date":%q,"email":"agent%d@x.com","type":"screen","content":""}]}`,
				i%997, at, end, at, i%997, i, at, i%997)
			if i > 0 {
				fmt.Fprint(z, ",")
			}
		}
		fmt.Fprintf(z, `],"stats":{"total_count":%d,"total_sec":%d}}`, n, 40*n)
	})
}

// Memory does not grow with the size of an answer. Not parallel, because the test reads the heap of the process.
func TestLargeAnswer(t *testing.T) {
	testkit.SkipIfShort(t, "it loads 30,000 sessions twice")
	n, bound := 30_000, int64(32<<20) // of 15 MB of JSON
	if testkit.Long() {
		n = 90_000
	}
	server := httptest.NewServer(many(n))
	defer server.Close()
	b := newBench(t, newCanned(), mayDay, nil)
	b.account = mustAccount(t, server.URL, mayDay, nil)
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var peak atomic.Uint64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			peak.Store(max(peak.Load(), now.HeapAlloc))
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	began := time.Now()
	b.mustRun(b.day("2026-03-10"), "usage_new")
	first := time.Since(began)
	b.forgetHashes()
	b.again("2026-03-10", "usage_new")
	second := time.Since(began) - first
	close(stop)
	<-done
	b.want(fmt.Sprintf("loaded|%d|0|0|%d|0|0|0|%d|%d|true", n, n, n, 40*n), newestLoad)
	b.want(fmt.Sprint(2*n), "SELECT count(*) FROM crankwheel.screen_session_events")
	growth := int64(peak.Load()) - int64(before.HeapAlloc)
	t.Logf("%d sessions: heap grew by %d MiB; %s, and %s again", n, growth>>20, first.Round(time.Millisecond), second.Round(time.Millisecond))
	if growth > bound {
		t.Errorf("the heap grew by %d MiB", growth>>20)
	}
}

// A load never compares every pair of rows, however large the window, and however many rejects it has.
func TestLoadsStayLinear(t *testing.T) {
	t.Parallel()
	const n = 5000
	good := func(i int) string {
		at := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * 10 * time.Second)
		return session(fmt.Sprintf("agent%d@x.com", i%50), at.Format(time.DateTime), at.Add(8*time.Second).Format(time.DateTime), "")
	}
	request := func(start string) func(int) string {
		return func(i int) string { return fmt.Sprintf(`{"id":%d,"start_ts":%q}`, i, start) }
	}
	api := newCanned()
	b := newBench(t, api, mayDay, nil)
	b.runner.Warehouse = mustAcceptShrink(t, b.url)
	timed := func(what string, load func()) time.Duration {
		began := time.Now()
		load()
		took := time.Since(began)
		t.Logf("%s: %s", what, took.Round(time.Millisecond))
		return took
	}
	api.say("usage_new", `{"sessions":[`+manyOf(n, good)+`]}`)
	first := timed("first load of sessions", func() { b.mustRun(b.day("2026-03-10"), "usage_new") })
	b.forgetHashes()
	again := timed("again", func() { b.again("2026-03-10", "usage_new") })
	api.say("usage_new", `{"sessions":[`+manyOf(n, func(i int) string { return strings.Replace(good(i), "T", "?", 2) })+`]}`)
	rejected := timed("all rejected", func() { b.again("2026-03-10", "usage_new") })
	api.say("demo_usage", `{"total_canceled_requests":0,"sessions":[`+manyOf(n, request("2026-03-10T09:00:00"))+`]}`)
	timed("first load of requests", func() { b.mustRun(b.day("2026-03-10"), "demo_usage") })
	api.say("demo_usage", `{"total_canceled_requests":0,"sessions":[`+manyOf(n, request("soon"))+`]}`)
	requests := timed("all rejected", func() { b.again("2026-03-10", "demo_usage") })
	b.want(fmt.Sprint(2*n), "SELECT count(*) FROM wheelhouse.rejects")
	b.want("0", "SELECT count(*) FROM crankwheel.demo_requests WHERE deleted_at IS NOT NULL")
	// Compared pair by pair each takes 10 to 30 times as long as the first load.
	if bound := 6*first + 2*time.Second; again > bound || rejected > bound || requests > bound {
		t.Errorf("more than %s", bound)
	}
}
