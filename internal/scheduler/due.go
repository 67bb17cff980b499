package scheduler

import (
	"context"
	_ "embed"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/postgres"
	"wheelhouse/internal/settings"
)

//go:embed served.sql
var servedSQL string

// due reads from the ledger what a stream must load as of its last tick: a whole pass if the tick was not served, the
// gaps before its day if it was, or nothing (why is empty).
func (s *Scheduler) due(ctx context.Context, e *entry) (r pipeline.Range, why string) {
	now := s.clock.Now()
	tick := settings.LastDue(e.stream.Schedule, now)
	if tick.IsZero() {
		tick = now // there was no tick: only gaps are due
	} else if served, err := s.served(ctx, e, tick); err != nil || !served {
		// The database does not answer: a pass retries longer, and reports the error.
		return e.account.Nightly(now), "catch-up"
	}
	r = e.account.Nightly(tick)
	r.LookBack = false
	r.Last = r.Last.AddDate(0, 0, -1) // the day of the tick was not over
	jobs, err := s.runner.Plan(ctx, []*pipeline.Account{e.account}, []string{e.stream.Name},
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

// served reports whether a pass has served a tick.
func (s *Scheduler) served(ctx context.Context, e *entry, tick time.Time) (served bool, err error) {
	args := pgx.NamedArgs{"account": e.account.ID, "stream": e.stream.Name, "tick": tick, "snapshot": e.stream.Snapshot()}
	err = pgx.BeginTxFunc(ctx, s.runner.Warehouse.Pool(), postgres.Begin(pgx.ReadCommitted, pgx.ReadOnly), func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, servedSQL, args).Scan(&served)
	})
	return served, err
}
