package load_test

import (
	"database/sql"
	"testing"
	"time"

	"wheelhouse/internal/ledger"
	"wheelhouse/load"
)

// The API may say that a session has ended before it says when. The session stays the same one when the end comes.
func TestEndThatComesLaterMakesNoNewSession(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	told := lasting(worldBegins.Add(10*time.Hour), time.Minute)
	ended := told
	ended.EndedAt = sql.Null[time.Time]{}
	s.warehouse.Commit(t.Context(), s.ready(load.UsageNew, 0, ended))
	older := s.ready(load.UsageNew, 1, ended) // another window has the session, too
	if c := s.warehouse.Commit(t.Context(), s.ready(load.UsageNew, 0, told))[0]; c.Err != nil || c.Counts != (ledger.Counts{Read: 1, Updated: 1}) {
		t.Errorf("%+v", c)
	}
	if c := s.warehouse.Commit(t.Context(), older)[0]; c.Err != nil || c.Counts != (ledger.Counts{Read: 1, Unchanged: 1}) {
		t.Errorf("%+v", c)
	}
}
