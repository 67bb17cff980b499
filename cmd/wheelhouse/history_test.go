package main

import (
	"sync/atomic"
	"testing"
	"time"

	"wheelhouse/internal/simulator"
	"wheelhouse/internal/testdb"
)

// history is a few days of a small account, and the times at which the program runs: during working hours, while sessions
// are running, and two days later at night.
type history struct {
	first time.Time
	runs  []time.Time
}

var twoRuns = history{
	first: time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC),
	runs: []time.Time{
		time.Date(2026, 3, 4, 14, 30, 0, 0, time.UTC),
		time.Date(2026, 3, 6, 4, 0, 0, 0, time.UTC),
	},
}

func (h history) day() string { return h.first.Format(time.DateOnly) }

// last is the day of the last run.
func (h history) last() time.Time { return h.runs[len(h.runs)-1].Truncate(24 * time.Hour) }

// account is the history's account, with a clock that set sets.
func (h history) account() (sim *simulator.Simulator, set func(time.Time)) {
	var now atomic.Pointer[time.Time]
	set = func(t time.Time) { now.Store(&t) }
	set(h.runs[0])
	return simulator.New(simulator.Options{
		Seed: 7, Agents: 4, APIKey: key, From: h.first, Until: h.first.AddDate(0, 1, 0), Density: .7, ShareDensity: 1.5,
		MaxPageSize: 3, Now: func() time.Time { return *now.Load() },
	}), set
}

// plain is the warehouse after the history without faults.
func (h history) plain(t *testing.T) testdb.Contents {
	t.Helper()
	sim, set := h.account()
	l := &lab{t: t, api: sim, dsn: testdb.New(t), first: h.day(), testTiming: testTiming{Lease: time.Minute, Backoff: time.Millisecond}}
	for _, l.Now = range h.runs {
		set(l.Now)
		l.mustRun("run")
	}
	mustBeConsistent(t, l.dsn, h.first, h.last())
	all := testdb.Read(t, l.dsn)
	for table, rows := range all {
		if len(rows) < 2 {
			t.Errorf("%s has %d rows: too few for a comparison", table, len(rows))
		}
	}
	return all
}
