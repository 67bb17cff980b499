package load

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"wheelhouse/transform"
)

// locksOf is the mode in which some windows' transaction locks each of the partitions.
func locksOf(t *rapid.T, loads ...Ready) (modes [sessionLocks]string) {
	var batch pgx.Batch
	lockSessions(&batch, loads)
	before := -1
	for _, q := range batch.QueuedQueries {
		var n int
		var mode string
		if _, err := fmt.Sscanf(q.SQL, "LOCK TABLE wheelhouse.session_locks_%d IN %s", &n, &mode); err != nil || n <= before {
			t.Fatalf("after %d: %s", before, q.SQL)
		}
		modes[n], before = mode, n // ROW or SHARE
	}
	return modes
}

// Who shows a session that begins outside of its window keeps out whoever has it in theirs, or shows it as well; windows of any lengths.
func TestWhoMayNumberTheSameTwinsWaits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		hours := func(from, to int, name string) time.Duration {
			return time.Duration(rapid.IntRange(from, to).Draw(t, name)) * time.Hour
		}
		length := func() time.Duration {
			return rapid.SampledFrom([]time.Duration{time.Hour, 23 * time.Hour, 24 * time.Hour, 25 * time.Hour, 100 * time.Hour, 366 * 24 * time.Hour}).Draw(t, "length")
		}
		shown := time.Unix(0, 0).Add(hours(-1000, 1000, "shown") + time.Duration(rapid.IntRange(0, 3599).Draw(t, "second"))*time.Second)
		// ready is a window of which the session is so far outside, and what else it shows.
		ready := func(name string, inside bool) Ready {
			d, at := length(), shown.Truncate(time.Hour)
			from := at.Add(-hours(0, int(d/time.Hour)-1, name+" inside, after"))
			if !inside && rapid.Bool().Draw(t, name+" comes later") {
				from = at.Add(hours(1, 600, name+" later by"))
			} else if !inside {
				from = at.Add(-d - hours(0, 600, name+" earlier by"))
			}
			b := NewBatch("a", UsageNew)
			b.Begin()
			for range rapid.IntRange(0, 2).Draw(t, name+" others") {
				x := from.Add(hours(0, int(d/time.Hour)-1, name+" other"))
				if err := b.Session(transform.ScreenSession{AgentEmail: "a@x.com", StartedAt: x}); err != nil {
					t.Fatal(err)
				}
			}
			if err := b.Session(transform.ScreenSession{AgentEmail: "a@x.com", StartedAt: shown}); err != nil {
				t.Fatal(err)
			}
			b.Commit()
			t.Cleanup(b.Close)
			return Ready{Claim: Claim{Window: Window{Account: "a", Stream: UsageNew, From: from, To: from.Add(d)}}, Batch: b}
		}
		it, other := ready("it", false), ready("other", rapid.Bool().Draw(t, "inside"))
		its, others := locksOf(t, it), locksOf(t, other)
		if !other.crosses() {
			others = locksOf(t, other, it) // whatever else is in its transaction
		}
		for n := range its {
			if its[n] == "SHARE" && others[n] != "" {
				return
			}
		}
		t.Fatalf("%v to %v locks %v, %v to %v locks %v", it.From, it.To, its, other.From, other.To, others)
	})
}
