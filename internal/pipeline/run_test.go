package pipeline

import (
	"testing"
	"time"
)

func TestBackfillTwice(t *testing.T) {
	now := time.Date(2026, 3, 15, 10, 0, 0, 0, time.UTC)
	sim := newSimulator(now, 40, nil)
	b := newBench(t, sim, now, nil)
	r := Range{First: date("2026-02-05"), Last: date("2026-03-14"), Now: now}

	first := b.mustRun(r)
	t.Logf("first %+v served %v", first, sim.Served())
	second := b.mustRun(r)
	t.Logf("second %+v", second)
	if second.Requests != 0 || second.Windows != 0 {
		t.Errorf("the second backfill asked again: %+v", second)
	}
	r.Force = true
	third := b.mustRun(r)
	t.Logf("third %+v", third)
	if third.Counts.Inserted+third.Counts.Updated+third.Counts.Deleted != 0 {
		t.Errorf("the forced backfill changed rows: %+v", third.Counts)
	}
}
