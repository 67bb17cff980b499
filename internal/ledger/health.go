package ledger

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/postgres"
	"wheelhouse/internal/sqlfile"
	"wheelhouse/internal/stream"
)

//go:embed health.sql
var healthSQL string

var health = sqlfile.Parse(healthSQL)

// Configured is an account as the settings have it, with the streams that are switched on. The ledger may
// know the account from before, with another zone or history.
type Configured struct {
	Account
	Streams []string
}

// Health is how a stream stands.
type Health struct {
	Account, Stream string
	CoveredUntil    *time.Time // end of the newest window loaded; a snapshot: when it was taken
	LoadedAt        *time.Time // when a load last committed
	GapDays         int64      // whole days since HistoryFrom until yesterday that are not covered; none for a snapshot
	FailedDays      int64      // those of them of which a part that is missing was tried and failed
	Failed          int64      // windows whose newest try failed and that nothing loaded covers
	Stale           int64      // windows whose newest try failed and that older data covers
	Unreconciled    int64      // windows whose newest load lacks parts, or does not reconcile
	Running         int64      // windows being loaded at this moment, by any process
	Rejects         int64      // open
}

// Health tells how the streams that are switched on stand as of now. It is one read of one moment, tried once and for no longer than
// limit: whoever watches asks again soon.
func (l *Ledger) Health(ctx context.Context, now time.Time, limit time.Duration, accounts ...Configured) (all []Health, err error) {
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	err = pgx.BeginTxFunc(ctx, l.db.Pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) (err error) {
		timeout := strconv.FormatInt(max(1, limit.Milliseconds()), 10)
		if _, err := tx.Exec(ctx, health["quick"], pgx.NamedArgs{"timeout": timeout}); err != nil {
			return err
		}
		var asked []knownAccount
		for _, a := range accounts {
			asked = append(asked, knownAccount{a, a.Zone.String()})
		}
		all, err = readHealth(ctx, tx, now, asked)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("health: %w", postgres.Redact(err))
	}
	return all, nil
}

// readHealth reads the health of the accounts' streams, in the order in which streams are shown.
func readHealth(ctx context.Context, tx pgx.Tx, now time.Time, of []knownAccount) ([]Health, error) {
	accounts, zones, firsts, streams := []string{}, []string{}, []string{}, []string{}
	for _, a := range of {
		for _, name := range stream.Names() {
			if slices.Contains(a.Streams, name) {
				accounts, zones, streams = append(accounts, a.ID), append(zones, a.zone), append(streams, name)
				firsts = append(firsts, a.HistoryFrom.Format(time.DateOnly))
			}
		}
	}
	rows, err := tx.Query(ctx, health["health"], pgx.NamedArgs{
		"now": now, "accounts": accounts, "zones": zones, "firsts": firsts, "streams": streams})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Health])
}
