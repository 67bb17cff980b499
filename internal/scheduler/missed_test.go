package scheduler

import (
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"wheelhouse/internal/ledger"
	"wheelhouse/load"
)

var (
	monday = time.Date(2026, 5, 4, 10, 0, 0, 0, newYork) // ten in the morning
	few    = map[string]string{"usage_new": "", "usage_shares": "", "user_access": ""}
)

// refuse answers every request with 401 while down is set.
func refuse(set *atomic.Bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if set.Load() {
				http.Error(w, "no", http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

func at(t time.Time) func(string) time.Time { return func(string) time.Time { return t } }

func TestMissedNightIsCaughtUpAtTheStart(t *testing.T) {
	t.Parallel()
	b := newBench(t, monday, 5, few)
	b.start()
	b.passTo(monday.AddDate(0, 0, 1))
	b.mustStop()

	back := monday.AddDate(0, 0, 3) // two nights later
	b.clock.to(back, false)
	b.start()
	b.quiet()
	for _, e := range b.entries {
		if state := e.read(); state.Passes != 1 || !state.Result.OK() {
			t.Errorf("not caught up at the start: %+v", state)
		}
	}
	b.noGaps(at(back))
	b.mustStop()

	// Restarts before the next tick make no requests.
	served, runs := b.served(), b.count("wheelhouse.runs")
	for _, after := range []time.Duration{0, time.Minute, 9 * time.Hour, 18 * time.Hour} {
		b.clock.to(back.Add(after), false)
		b.start()
		b.quiet()
		b.mustStop()
	}
	if b.served() != served || b.count("wheelhouse.runs") != runs {
		t.Errorf("restarts made %d requests and %d runs", b.served()-served, b.count("wheelhouse.runs")-runs)
	}
	// A restart after the next tick makes requests.
	b.clock.to(back.Add(20*time.Hour), false)
	b.start()
	b.quiet()
	b.mustStop()
	if n := b.count("wheelhouse.runs") - runs; n != int64(len(few)) {
		t.Errorf("%d runs for %d missed ticks", n, len(few))
	}
	b.sameAsAtOnce(at(back.Add(20 * time.Hour)))
}

func TestNightWithoutTheAPIIsCaughtUp(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	b := newBench(t, monday, 3, map[string]string{"usage_new": ""})
	b.api = refuse(&down)
	b.start()
	b.quiet()
	down.Store(true)
	tick := b.state("usage_new").Next
	b.passTo(tick.Add(20 * time.Hour))
	b.quiet()
	if s := b.state("usage_new"); s.Passes != 1+1+len(retries) || s.Result.Failed == 0 || s.Skipped != 0 {
		t.Errorf("after a night without the API: %+v", s)
	}
	// The next night the API is back. Then it is down for a short time only.
	down.Store(false)
	b.passTo(tick.Add(30 * time.Hour))
	b.noGaps(at(tick.AddDate(0, 0, 1)))
	down.Store(true)
	b.passTo(tick.Add(48 * time.Hour))
	b.quiet()
	down.Store(false)
	before := b.state("usage_new").Passes
	b.passTo(tick.Add(49 * time.Hour))
	if s := b.state("usage_new"); s.Passes != before+1 || !s.Result.OK() || !s.Started.Equal(tick.Add(48*time.Hour+retries[0])) {
		t.Errorf("the API was down for a short time: %+v", s)
	}
	b.mustStop()
	b.sameAsAtOnce(at(tick.Add(48*time.Hour + retries[0])))
}

func TestOldGapIsLoadedAtTheStart(t *testing.T) {
	t.Parallel()
	b := newBench(t, monday, 9, map[string]string{"usage_new": ""})
	b.start()
	b.quiet()
	b.mustStop()
	if rows(t, b.url, `DELETE FROM wheelhouse.loads WHERE upper(span) <= '2026-04-28 00:00 America/New_York' RETURNING 1`) == nil {
		t.Fatal("no loads to delete")
	}
	served := b.served()
	b.start()
	b.quiet()
	b.mustStop()
	b.noGaps(at(monday))
	if n := b.served() - served; n != 3 {
		t.Errorf("%d requests for 3 days", n)
	}
}

// A pass waits until the lease of a killed process expires, and then loads the window.
func TestPassWaitsForTheLeaseOfAKilledProcess(t *testing.T) {
	t.Parallel()
	b := newBench(t, monday, 2, map[string]string{"usage_new": ""})
	run, err := b.runner.Warehouse.Ledger.StartRun(t.Context(), "schedule", "test", "dead")
	if err != nil {
		t.Fatal(err)
	}
	midnight := monday.Add(-10 * time.Hour)
	leased := ledger.Window{Account: "acme", Stream: load.UsageNew.Stream, From: midnight, To: monday, Day: time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)}
	if _, err := b.runner.Warehouse.Ledger.Claim(t.Context(), run, ledger.Due{Window: leased}); err != nil {
		t.Fatal(err)
	}
	b.start()
	b.until("the pass waits for the window", func() bool {
		return b.logs.FilterMessageSnippet("waiting for windows that another process").Len() == 1
	})
	rows(t, b.url, `UPDATE wheelhouse.leases SET expires_at = now() - interval '1 second'`)
	b.quiet()
	if s := b.state("usage_new"); s.Passes != 1 || !s.Result.OK() || s.Result.Elsewhere != 0 || s.Result.Loaded != s.Result.Windows {
		t.Errorf("the window was left: %+v", s)
	}
	b.mustStop()
	b.noGaps(at(monday))
}

func TestClockJumpsDoNoHarm(t *testing.T) {
	t.Parallel()
	b := newBench(t, monday, 3, map[string]string{"usage_new": ""})
	b.start()
	b.quiet()
	tick := b.state("usage_new").Next
	jump := func(to time.Time, passes int, next time.Time) {
		t.Helper()
		b.clock.to(to, true)
		b.quiet()
		if s := b.state("usage_new"); s.Passes != passes || !s.Next.Equal(next) || s.Skipped != 0 || !s.Result.OK() {
			t.Errorf("at %s: %+v, want %d passes and the next at %s", to, s, passes, next)
		}
	}
	jump(tick, 2, tick.AddDate(0, 0, 1))
	jump(tick.Add(-5*time.Minute), 2, tick.AddDate(0, 0, 1))             // a correction: the tick does not come twice
	jump(tick.AddDate(0, 0, 3).Add(time.Hour), 3, tick.AddDate(0, 0, 4)) // suspended for three nights: one pass
	jump(tick.AddDate(0, 0, 1).Add(time.Hour), 3, tick.AddDate(0, 0, 2)) // back by days: counted from the new time
	jump(tick.AddDate(0, 0, 2), 4, tick.AddDate(0, 0, 3))
	b.mustStop()
	ends := b.passes("usage_new")
	want := []time.Time{monday, tick, tick.AddDate(0, 0, 3).Add(time.Hour), tick.AddDate(0, 0, 2)}
	if !slices.EqualFunc(ends, want, time.Time.Equal) {
		t.Errorf("passes loaded up to\n%v, want\n%v", ends, want)
	}
}
