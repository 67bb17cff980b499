package pipeline

import (
	"testing"
	"time"

	"wheelhouse/internal/simulator"
	"wheelhouse/internal/testkit"
)

// A range of days is loaded. A second run sends no request. A forced run asks for everything and writes no tuple, whether it compares
// rows or not (invariant 4). The range is six weeks; in the long tests it is a year.
func TestBackfillTwiceWritesOnce(t *testing.T) {
	t.Parallel()
	days, some := testkit.Rounds(21, 42, 365), testkit.Rounds(7, 14, 73)
	now := time.Date(2026, 3, 15, 10, 0, 0, 0, time.UTC)
	b := newBench(t, newSimulator(now, days+1, func(o *simulator.Options) { o.Agents = 3 }), now, nil)
	r := Range{First: date("2026-03-15").AddDate(0, 0, -days), Last: date("2026-03-14"), Now: now}
	first := b.mustRun(r)
	if first.Loaded < 4*days || first.Counts.Inserted < int64(13*days) || first.Reconciled == 0 || first.Unreconciled != 0 {
		t.Errorf("first: %+v", first)
	}
	b.mustWriteNothing("the second backfill", func() {
		if second := b.mustRun(r); second.Requests != 0 || second.Windows != 0 {
			t.Errorf("second: %+v", second)
		}
	})
	r.Force = true
	requests := first.Requests
	for _, hashes := range []string{"known", "forgotten"} {
		if hashes == "forgotten" {
			b.forgetHashes()
			r.First, requests = r.Last.AddDate(0, 0, 1-some), 0 // some days are enough
		}
		b.mustWriteNothing("the forced backfill, its hashes "+hashes, func() {
			forced := b.mustRun(r)
			if n := forced.Counts; forced.Requests < requests || n.Inserted+n.Updated+n.Deleted != 0 || n.Unchanged+n.Merged != n.Read {
				t.Errorf("hashes %s: %+v", hashes, forced)
			}
		})
	}
}
