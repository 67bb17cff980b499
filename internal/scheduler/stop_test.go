package scheduler

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// The scheduler is stopped during a load, as by SIGTERM. Loaded windows are complete, the others have no rows, and no
// goroutine is left. The next start loads the rest. Not parallel, because it counts all goroutines.
func TestStopDuringALoadLeavesWholeWindows(t *testing.T) {
	before := goleak.IgnoreCurrent()
	for name, grace := range map[string]time.Duration{"without grace": 0, "within the grace": 20 * time.Second, "grace runs out": 50 * time.Millisecond} {
		t.Run(name, func(t *testing.T) { stopInTheMiddle(t, grace) })
		if err := goleak.Find(before); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func stopInTheMiddle(t *testing.T, grace time.Duration) {
	var g gate
	b := newBench(t, monday, 7, map[string]string{"usage_new": "", "demo_usage": "", "share_visits": "", "user_access": ""})
	b.runner.Grace = grace
	b.api = func(next http.Handler) http.Handler {
		gated := g.stand(next)
		var sessions atomic.Bool
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/usage_new") && sessions.CompareAndSwap(false, true) {
				next.ServeHTTP(w, r)
				return
			}
			gated.ServeHTTP(w, r)
		})
	}
	g.close()
	b.start()
	b.until("windows are claimed", func() bool { return g.requests() >= 3 })
	b.until("one is loaded", func() bool { return b.count(`wheelhouse.loads WHERE status = 'loaded' AND stream = 'usage_new'`) > 0 })
	counts := rows(t, b.url, `SELECT count(*) FILTER (WHERE status = 'running'), count(*) FILTER (WHERE status = 'loaded') FROM wheelhouse.loads`)[0]
	claimed, loaded := counts[0].(int64), counts[1].(int64)
	asked := int64(g.requests()) // the leases of the other claimed windows are released
	stopped := make(chan error, 1)
	go func() { stopped <- b.stop() }()
	if grace > time.Second {
		b.until("ctx ends", func() bool { return b.clock.asleep() == 0 })
		g.open()
	}
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if b.clock.asleep() != 0 || b.busy.Load() != 0 {
		t.Error("Run returned while a pass was running")
	}
	b.wholeWindowsOnly()
	more := b.count(`wheelhouse.loads WHERE status = 'loaded'`) - loaded
	failed := b.count(`wheelhouse.loads WHERE status = 'failed'`)
	if grace > time.Second && (more < asked || failed > 0) || grace < time.Second && failed < 3 {
		t.Errorf("grace %s: of %d claimed windows, %d of them requested, %d were loaded, %d given up", grace, claimed, asked, more, failed)
	}
	if n := b.count(`wheelhouse.runs WHERE outcome = 'interrupted'`); n == 0 || n+b.count(`wheelhouse.runs WHERE outcome = 'loaded'`) != b.count(`wheelhouse.runs`) {
		t.Errorf("%d runs interrupted", n)
	}
	mustHideSecrets(t, b)

	if grace < time.Second {
		g.open()
	}
	b.start()
	b.quiet()
	b.mustStop()
	b.noGaps(at(monday))
	b.sameAsAtOnce(at(monday))
}

// wholeWindowsOnly fails unless each loaded window has all its facts, no other window has any, and the ledger has no
// running load.
func (b *bench) wholeWindowsOnly() {
	b.t.Helper()
	if n := b.count(`wheelhouse.loads WHERE status = 'running'`) + b.count(`wheelhouse.leases`) + b.count(`wheelhouse.runs WHERE finished_at IS NULL`); n != 0 {
		b.t.Errorf("%d loads or leases are still running", n)
	}
	for _, stream := range []struct{ name, table, column string }{
		{"usage_new", "screen_sessions", "started_at"}, {"demo_usage", "demo_requests", "started_at"}, {"share_visits", "share_visits", "visited_at"},
	} {
		windows := rows(b.t, b.url, `SELECT lower(span), upper(span), (SELECT count(*) FROM crankwheel.`+stream.table+` t WHERE span @> t.`+stream.column+`)
			FROM wheelhouse.loads WHERE status = 'loaded' AND stream = $1`, stream.name)
		for _, w := range windows {
			from, to := w[0].(time.Time), w[1].(time.Time)
			if want := b.facts(stream.name, from, to); w[2].(int64) != want {
				b.t.Errorf("%s from %s: %d rows of %d", stream.name, from, w[2], want)
			}
		}
		if len(windows) == 0 && stream.name == "usage_new" {
			b.t.Error("no window was loaded before the stop")
		}
		if n := b.count(`crankwheel.` + stream.table + ` t WHERE NOT EXISTS (SELECT FROM wheelhouse.loads
			WHERE status = 'loaded' AND stream = '` + stream.name + `' AND span @> t.` + stream.column + `)`); n != 0 {
			b.t.Errorf("%s: %d rows of windows that are not loaded", stream.name, n)
		}
	}
}

// facts is the number of the simulator's facts that begin in a window.
func (b *bench) facts(stream string, from, to time.Time) (n int64) {
	count := func(at time.Time) {
		if !at.Before(from) && at.Before(to) {
			n++
		}
	}
	first := from
	if stream == "share_visits" {
		first = from.AddDate(0, 0, -60) // shares are visited long after they were made
	}
	for day := range b.sim.Days(first, to) {
		switch stream {
		case "usage_new":
			for _, s := range day.Sessions {
				count(s.StartedAt)
			}
		case "demo_usage":
			for _, r := range day.Requests {
				count(r.StartedAt)
			}
		case "share_visits":
			for _, s := range day.Shares {
				for _, v := range s.Visits {
					count(v.At)
				}
			}
		}
	}
	return n
}
