package load_test

import (
	"database/sql"
	"testing"
	"time"

	"wheelhouse/internal/ledger"
	"wheelhouse/load"
)

// A session that the API calls ended before it tells when is one session still once it does.
func TestEndThatComesLaterMakesNoOtherSession(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	told := lasting(worldBegins.Add(10*time.Hour), time.Minute)
	ended := told
	ended.EndedAt = sql.Null[time.Time]{}
	s.warehouse.Commit(t.Context(), s.ready(load.UsageNew, 0, ended))
	older := s.ready(load.UsageNew, 1, ended) // another window shows it, too
	if c := s.warehouse.Commit(t.Context(), s.ready(load.UsageNew, 0, told))[0]; c.Err != nil || c.Counts != (ledger.Counts{Read: 1, Updated: 1}) {
		t.Errorf("%+v", c)
	}
	if c := s.warehouse.Commit(t.Context(), older)[0]; c.Err != nil || c.Counts != (ledger.Counts{Read: 1, Unchanged: 1}) {
		t.Errorf("%+v", c)
	}
}
