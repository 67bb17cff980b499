package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/stream"
)

// Why a window is to be loaded.
type Why string

const (
	WhyGap      Why = "gap"       // the ledger does not cover it
	WhyLookBack Why = "look-back" // covered, and young enough that the API may still change it
	WhyOpen     Why = "open"      // covered, and something in it was not over: a running session, an unanswered request
	WhyForced   Why = "forced"    // covered, and asked for all the same
	WhyFresh    Why = "snapshot"  // what is now

	// Covered, but the last try failed, lacks parts, or did not reconcile.
	WhyFailed       Why = "failed"
	WhyUnreconciled Why = "unreconciled"
)

// Due is a window that is to be loaded.
type Due struct {
	Window
	Why   Why
	Known int64 // the newest load that the plan knew of: a later one of this window makes it due no more
}

// LastLoad is the newest load: what a plan made now knows of.
func (l *Ledger) LastLoad(ctx context.Context) (id int64, err error) {
	err = l.db.Retry(ctx, func() error { return l.db.QueryRow(ctx, ledger["last_load"]).Scan(&id) })
	return id, err
}

// Covered tells for each window of one stream of one account whether what is loaded covers it, in the account's zone.
func (l *Ledger) Covered(ctx context.Context, windows []Window, zone *time.Location) (covered []bool, err error) {
	if len(windows) == 0 {
		return nil, nil
	}
	args := spans(windows, func(w Window) Window { return w })
	args["timezone"] = zone.String()
	err = l.db.Retry(ctx, func() error {
		rows, err := l.db.Query(ctx, ledger["covered"], args)
		if err != nil {
			return err
		}
		covered, err = pgx.CollectRows(rows, pgx.RowTo[bool])
		return err
	})
	return covered, err
}

// Open lists the starts, since a moment, of what was not over when it was last seen: running sessions,
// unanswered requests. Other streams have nothing open.
func (l *Ledger) Open(ctx context.Context, account string, s stream.Stream, since time.Time) (starts []time.Time, err error) {
	statement := map[string]string{"screen_sessions": "open_sessions", "demo_requests": "open_requests"}[s.MainTable]
	if !s.Open {
		return nil, nil
	}
	err = l.db.Retry(ctx, func() error {
		rows, err := l.db.Query(ctx, ledger[statement], pgx.NamedArgs{"account": account, "since": since})
		if err != nil {
			return err
		}
		starts, err = pgx.CollectRows(rows, pgx.RowTo[time.Time])
		return err
	})
	return starts, err
}

// SnapshotSince tells whether a snapshot was taken on the day that ends at a moment, or later: a snapshot tells of all the days before.
// complete tells whether the newest of them lacks nothing.
func (l *Ledger) SnapshotSince(ctx context.Context, account string, s stream.Stream, end time.Time) (taken, complete bool, err error) {
	args := pgx.NamedArgs{"account": account, "stream": s.Name, "end": end}
	err = l.db.Retry(ctx, func() error {
		err := l.db.QueryRow(ctx, ledger["snapshot_since"], args).Scan(&complete)
		taken = err == nil
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return taken, complete, err
}

// Problem is a stretch of time that is to be asked for again.
type Problem struct {
	From, To time.Time
	Why      Why // WhyFailed or WhyUnreconciled
}

// Problems lists what the newest tries of a stream's windows left wrong: they failed, lack parts or did not reconcile. The last are listed
// until they were read five times: asking does not mend an API that says the same each night.
func (l *Ledger) Problems(ctx context.Context, account string, s stream.Stream) (all []Problem, err error) {
	args := pgx.NamedArgs{"account": account, "stream": s.Name, "failed": WhyFailed, "unreconciled": WhyUnreconciled}
	err = l.db.Retry(ctx, func() error {
		rows, err := l.db.Query(ctx, ledger["problems"], args)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Problem])
		return err
	})
	return all, err
}
