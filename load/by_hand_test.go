package load_test

import (
	"testing"
	"time"

	"wheelhouse/internal/ledger"
	"wheelhouse/load"
)

// If somebody changed the start of a session by hand, loading its window again repairs the row, which the id identifies.
func TestStartChangedByHandIsRepaired(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	first, second := lasting(worldBegins.Add(10*time.Hour), time.Minute), lasting(worldBegins.Add(10*time.Hour), time.Hour)
	for _, change := range []string{"- interval '2 days'", "+ interval '1 hour'"} {
		s.warehouse.Commit(t.Context(), s.ready(load.UsageNew, 0, first, second))
		s.exec("UPDATE crankwheel.screen_sessions SET started_at = started_at " + change + " WHERE occurrence = 1")
		if c := s.warehouse.Commit(t.Context(), s.ready(load.UsageNew, 0, first, second))[0]; c.Err != nil || c.Counts != (ledger.Counts{Read: 2, Updated: 1, Unchanged: 1}) {
			t.Errorf("%s: %+v", change, c)
		}
	}
}
