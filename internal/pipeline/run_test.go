package pipeline

import (
	"testing"
	"time"

	"wheelhouse/internal/simulator"
)

// A year, loaded and asked for again: nothing is asked. Asked for by force: all is asked, and no tuple is written,
// neither because the answers' hashes are known nor because no row differs.
func TestBackfillOfAYear(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 15, 10, 0, 0, 0, time.UTC)
	b := newBench(t, newSimulator(now, 366, func(o *simulator.Options) { o.Agents = 3 }), now, nil)
	r := Range{First: date("2025-03-15"), Last: date("2026-03-14"), Now: now}
	first := b.mustRun(r)
	if first.Loaded < 5*365 || first.Counts.Inserted < 5000 || first.Reconciled == 0 || first.Unreconciled != 0 {
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
			r.First, requests = date("2026-01-01"), 0 // the merges of some months show as much as a year's
		}
		b.mustWriteNothing("the forced backfill, its hashes "+hashes, func() {
			forced := b.mustRun(r)
			if n := forced.Counts; forced.Requests < requests || n.Inserted+n.Updated+n.Deleted != 0 || n.Unchanged+n.Merged != n.Read {
				t.Errorf("hashes %s: %+v", hashes, forced)
			}
		})
	}
}
