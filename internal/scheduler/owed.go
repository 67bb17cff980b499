package scheduler

import (
	"context"
	_ "embed"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/robfig/cron/v3"

	"wheelhouse/internal/pipeline"
)

//go:embed served.sql
var servedSQL string

// owed asks the books what a stream lacks as of its last tick: a whole pass where that tick was not served,
// the gaps before its day where it was, or nothing (why is empty).
func (s *Scheduler) owed(ctx context.Context, e *entry) (r pipeline.Range, why string) {
	now := s.clock.Now()
	due := lastDue(e.stream.Schedule, now)
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

// lastDue is a schedule's last tick up to now; zero if there was none in eight years, which is as far
// apart as two 29ths of February can be.
func lastDue(schedule cron.Schedule, now time.Time) time.Time {
	if every, is := schedule.(cron.ConstantDelaySchedule); is {
		return now.Add(-every.Delay) // has no hours of its own: due when as much time has passed
	}
	// Schedules only look forward: begin so far back that there is a tick before now.
	for back := time.Hour; back < 9*366*24*time.Hour; back *= 2 {
		due := schedule.Next(now.Add(-back))
		if due.IsZero() || due.After(now) {
			continue
		}
		for next := due; !next.IsZero() && !next.After(now); next = schedule.Next(next) {
			due = next
		}
		return due
	}
	return time.Time{}
}
