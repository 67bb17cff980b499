package scheduler

import (
	"context"
	_ "embed"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/settings"
)

//go:embed served.sql
var servedSQL string

// owed asks the books what a stream lacks as of its last tick: a whole pass where that tick was not served,
// the gaps before its day where it was, or nothing (why is empty).
func (s *Scheduler) owed(ctx context.Context, e *entry) (r pipeline.Range, why string) {
	now := s.clock.Now()
	due := settings.LastDue(e.stream.Schedule, now)
	if due.IsZero() {
		due = now // no tick was ever due: gaps alone count
	} else if served, err := s.served(ctx, e, due); err != nil || !served {
		// Books that do not answer: a pass asks them again, with more patience, and says what is wrong.
		return e.account.Nightly(now), "catch-up"
	}
	r = e.account.Nightly(due)
	r.LookBack = false
	r.Last = r.Last.AddDate(0, 0, -1) // the tick's own day was not over
	jobs, _, err := s.runner.Plan(ctx, []*pipeline.Account{e.account}, []string{e.stream.Name},
		func(*pipeline.Account) pipeline.Range { return r })
	if err != nil {
		return e.account.Nightly(now), "catch-up"
	}
	for _, job := range jobs {
		if len(job.Due) > 0 {
			return r, "gaps"
		}
	}
	return r, ""
}

// served tells whether a pass has served a tick.
func (s *Scheduler) served(ctx context.Context, e *entry, due time.Time) (served bool, err error) {
	args := pgx.NamedArgs{"account": e.account.ID, "stream": e.stream.Name, "due": due, "snapshot": e.stream.Snapshot()}
	err = s.runner.Warehouse.Pool().QueryRow(ctx, servedSQL, args).Scan(&served)
	return served, err
}
