package load

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed health.sql
var healthSQL string

var health = parseSQL(healthSQL)

// Kept is an account whose streams somebody watches.
type Kept struct {
	Account string
	Streams []string    // that are switched on
	Starts  []time.Time // of each day since the first that is to be held, today and the day after it included
}

// Health is what the ledger says of a stream, for whoever watches it. Its figures are those of StreamStatus.
type Health struct {
	Account, Stream string
	CoveredUntil    *time.Time // end of the newest window loaded; a snapshot: when it was taken
	LoadedAt        *time.Time // when a load last committed
	GapDays         int64      // whole days that are not covered; none for a snapshot
	FailedDays      int64      // those of them of which a part that is missing was tried and failed
	Failed          int64      // windows whose newest try failed and that nothing loaded covers
	Stale           int64      // windows whose newest try failed and that older data covers
	Unreconciled    int64      // windows whose newest load lacks parts, or does not add up to the API's totals
	Running         int64      // windows being loaded at this moment, by any process
	Rejects         int64      // open
}

// Health tells how streams stand as of now. It is one read of one moment, tried once and for no longer than limit:
// who watches asks again soon.
func (w *Warehouse) Health(ctx context.Context, now time.Time, limit time.Duration, kept ...Kept) (all []Health, err error) {
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	args := healthArgs(now, kept)
	args["timeout"] = strconv.FormatInt(max(1, limit.Milliseconds()), 10)
	err = pgx.BeginTxFunc(ctx, w.pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, health["quick"], args); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, health["health"], args)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Health])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("health: %w", sqlError(err))
	}
	return all, nil
}

// healthArgs are the streams to judge, and the days of their accounts.
func healthArgs(now time.Time, kept []Kept) pgx.NamedArgs {
	accounts, streams, dailies, snapshots := []string{}, []string{}, []bool{}, []bool{}
	dayAccounts, starts, stops := []string{}, []time.Time{}, []time.Time{}
	for _, k := range kept {
		for _, s := range Streams {
			if slices.Contains(k.Streams, s.Name) {
				accounts, streams = append(accounts, k.Account), append(streams, s.Name)
				dailies, snapshots = append(dailies, s.OneDay != ""), append(snapshots, s.Snapshot())
			}
		}
		for i := range len(k.Starts) - 1 {
			if k.Starts[i].Before(k.Starts[i+1]) { // a zone may leave a date out
				dayAccounts, starts, stops = append(dayAccounts, k.Account), append(starts, k.Starts[i]), append(stops, k.Starts[i+1])
			}
		}
	}
	return pgx.NamedArgs{
		"now": now, "accounts": accounts, "streams": streams, "dailies": dailies, "snapshots": snapshots,
		"day_accounts": dayAccounts, "starts": starts, "stops": stops,
	}
}
