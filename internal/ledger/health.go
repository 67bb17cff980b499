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

// Configured is an account as in the settings, with the streams that are switched on. The ledger may have the account with an
// earlier zone or history.
type Configured struct {
	Account
	Streams []string
}

// Health is the state of a stream.
type Health struct {
	Account, Stream string
	CoveredUntil    *time.Time // end of the newest loaded window; for a snapshot, when it was taken
	LoadedAt        *time.Time // when a load last committed
	GapDays         int64      // whole days from HistoryFrom to yesterday that are not covered; 0 for a snapshot
	FailedDays      int64      // gap days with a failed load of a time that is not covered
	Failed          int64      // windows whose newest load failed, and that are not covered
	Stale           int64      // windows whose newest load failed, and that older loads cover
	Unreconciled    int64      // windows whose newest load is not reconciled
	Running         int64      // windows that any process is loading now
	Rejects         int64      // open rejects
}

// Health returns the current state of the streams that are switched on, except those of accounts whose zone the database server does not
// know. It reads once, for no longer than limit, and does not try again: a monitor asks again soon.
func (l *Ledger) Health(ctx context.Context, now time.Time, limit time.Duration, accounts ...Configured) (all []Health, err error) {
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	// The timeout protects a busy server.
	timeout := postgres.Setting{Name: "statement_timeout", Value: strconv.FormatInt(max(1, limit.Milliseconds()), 10)}
	err = pgx.BeginTxFunc(ctx, l.db.Pool, postgres.Begin(pgx.ReadCommitted, pgx.ReadOnly, timeout), func(tx pgx.Tx) (err error) {
		var asked []knownAccount
		for _, a := range accounts {
			asked = append(asked, knownAccount{Configured: a, zone: a.Zone.String()})
		}
		if err := findZones(ctx, tx, asked); err != nil {
			return err
		}
		all, err = readHealth(ctx, tx, now, slices.DeleteFunc(asked, func(a knownAccount) bool { return a.zoneUnknown }))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("health: %w", postgres.Redact(err))
	}
	return all, nil
}

// findZones marks the accounts whose zone the database server does not know. Statements about their days would fail.
func findZones(ctx context.Context, tx pgx.Tx, accounts []knownAccount) error {
	zones := []string{}
	for _, a := range accounts {
		zones = append(zones, a.zone)
	}
	rows, err := tx.Query(ctx, health["known_zones"], pgx.NamedArgs{"zones": zones})
	if err != nil {
		return err
	}
	known, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for i, a := range accounts {
		accounts[i].zoneUnknown = !slices.Contains(known, a.zone)
	}
	return err
}

// readHealth reads the health of the accounts' streams, in the order of internal/stream.
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
