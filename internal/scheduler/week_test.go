package scheduler

import (
	"slices"
	"testing"
	"time"

	"wheelhouse/internal/stream"
)

// nights are all streams, each with the cron expression of the built-in settings.
func nights() map[string]string {
	all := map[string]string{}
	for _, name := range stream.Names() {
		all[name] = ""
	}
	return all
}

func TestEachNightHasOnePass(t *testing.T) {
	for name, test := range map[string]struct {
		start   time.Time
		streams map[string]string
	}{
		"as built in, clocks go forward": {time.Date(2026, 3, 4, 10, 0, 0, 0, newYork), nights()},
		"within the gap of spring":       {time.Date(2026, 3, 6, 10, 0, 0, 0, newYork), map[string]string{"usage_new": `cron: "30 2 * * *"`}},
		"within the hour autumn repeats": {time.Date(2026, 10, 29, 10, 0, 0, 0, newYork), map[string]string{
			"usage_new": `cron: "30 1 * * *"`, "usage_shares": `cron: "0 2 * * *"`, "user_access": `cron: "0 0 * * *"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, test.start, 9, test.streams)
			b.start()
			b.passTo(test.start.AddDate(0, 0, 7))
			b.mustStop()

			last := map[string]time.Time{}
			for _, e := range b.entries {
				ticks := append([]time.Time{test.start}, e.stream.NextFires(test.start, 7)...)
				last[e.stream.Name] = ticks[7]
				if !ticks[7].Before(test.start.AddDate(0, 0, 7)) || ticks[7].YearDay() != ticks[0].YearDay()+7 {
					t.Fatalf("%s: not a tick a night: %v", e.stream.Name, ticks)
				}
				want := slices.Clone(ticks)
				if e.stream.Snapshot() {
					for i, tick := range want {
						y, m, d := tick.In(newYork).Date()
						want[i] = time.Date(y, m, d+1, 0, 0, 0, 0, newYork)
					}
				}
				if got := b.passes(e.stream.Name); !slices.EqualFunc(got, want, time.Time.Equal) {
					t.Errorf("%s: passes loaded up to\n%v, want\n%v", e.stream.Name, got, want)
				}
				state := b.state(e.stream.Name)
				if state.Passes != 8 || state.Skipped+state.Panics != 0 || !state.Result.OK() || state.Error != "" || state.Running ||
					!state.Started.Equal(ticks[7]) || !state.Next.Equal(e.stream.NextFires(ticks[7], 1)[0]) {
					t.Errorf("state after a week: %+v", state)
				}
			}
			if n, want := b.count(`wheelhouse.runs WHERE kind = 'schedule' AND outcome = 'loaded'`), int64(8*len(b.entries)); n != want || b.count("wheelhouse.runs") != want {
				t.Errorf("%d runs loaded, of %d, want %d", n, b.count("wheelhouse.runs"), want)
			}
			at := func(stream string) time.Time { return last[stream] }
			b.noGaps(at)
			b.sameAsAtOnce(at)
		})
	}
}
