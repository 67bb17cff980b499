package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/stream"
)

// Why says why a window is due.
type Why string

const (
	WhyGap          Why = "gap"          // not covered
	WhyLookBack     Why = "look-back"    // covered, but so recent that the API may still change it
	WhyOpen         Why = "open"         // covered, but with a running session or an unanswered request
	WhyForced       Why = "forced"       // covered, but the user wants it loaded again
	WhyFresh        Why = "snapshot"     // a snapshot of now
	WhyFailed       Why = "failed"       // covered, but the newest load failed
	WhyUnreconciled Why = "unreconciled" // covered, but the newest load is not reconciled
)

// Due is a window that must be loaded.
type Due struct {
	Window
	Why   Why
	Known int64 // the newest load when the plan was made: after a later load of this window, the window is no longer due

	Joined bool // from several windows, which are loaded one by one if the joined one cannot be loaded as it is
}

// LastLoad returns the id of the newest load, for Due.Known.
func (l *Ledger) LastLoad(ctx context.Context) (id int64, err error) {
	err = l.row(ctx, "last_load", nil, &id)
	return id, err
}

// Covered tells for each window of one stream of one account whether the loads cover it. zone is the account's (invariant 1).
func (l *Ledger) Covered(ctx context.Context, windows []Window, zone *time.Location) (covered []bool, err error) {
	if len(windows) == 0 {
		return nil, nil
	}
	args := spans(windows, func(w Window) Window { return w })
	args["timezone"] = zone.String()
	return list(ctx, l, ledger["covered"], args, pgx.RowTo[bool])
}

// Open lists the starts, from since on, of sessions that were running and requests that were not answered when they were last
// loaded. Other streams have nothing open.
func (l *Ledger) Open(ctx context.Context, account string, s stream.Stream, since time.Time) (starts []time.Time, err error) {
	statement := map[string]string{"screen_sessions": "open_sessions", "demo_requests": "open_requests"}[s.MainTable]
	if !s.Open {
		return nil, nil
	}
	return list(ctx, l, ledger[statement], pgx.NamedArgs{"account": account, "since": since}, pgx.RowTo[time.Time])
}

// SnapshotSince tells whether a snapshot was taken on the day that ends at end, or later: a snapshot covers all days before it.
// complete tells whether no part of the newest one is missing.
func (l *Ledger) SnapshotSince(ctx context.Context, account string, s stream.Stream, end time.Time) (taken, complete bool, err error) {
	args := pgx.NamedArgs{"account": account, "stream": s.Name, "end": end}
	err = l.row(ctx, "snapshot_since", args, &complete)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, false, nil
	}
	return err == nil, complete, err
}

// Problem is a time that must be loaded again.
type Problem struct {
	From, To time.Time
	Why      Why // WhyFailed or WhyUnreconciled
}

// Problems lists the times for which the newest load of a stream failed or is not reconciled. A window whose totals differ is listed
// until it was loaded five times: asking again does not help if the API states the same totals each night.
func (l *Ledger) Problems(ctx context.Context, account string, s stream.Stream) (all []Problem, err error) {
	args := pgx.NamedArgs{"account": account, "stream": s.Name, "failed": WhyFailed, "unreconciled": WhyUnreconciled}
	return list(ctx, l, ledger["problems"], args, pgx.RowToStructByPos[Problem])
}
