//go:build linux

package main

import (
	"context"
	"fmt"
)

// checkRows compares a warehouse's sessions with the facts.
func (b *bench) checkRows(ctx context.Context, database string, want facts) error {
	conn, err := b.pg.connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	var got facts
	var deleted int
	err = conn.QueryRow(ctx, `
		SELECT count(*), coalesce(sum(duration_seconds), 0), coalesce(sum(viewers), 0), count(deleted_at),
		       (SELECT count(*) FROM crankwheel.screen_session_events)
		FROM crankwheel.screen_sessions`).Scan(&got.sessions, &got.seconds, &got.viewers, &deleted, &got.events)
	if err != nil {
		return err
	}
	want.crossing, want.sameSecond = 0, 0
	if got != want || deleted > 0 {
		return fmt.Errorf("wrong result: sessions, events, seconds, viewers are %v, want %v; %d are deleted", got, want, deleted)
	}
	return nil
}

// check compares a warehouse with the facts, and the number of sessions that the last run changed with the given one.
func (b *bench) check(ctx context.Context, database string, want facts, changed int) error {
	if err := b.checkRows(ctx, database, want); err != nil {
		return err
	}
	conn, err := b.pg.connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	var bad, rejected, touched int
	err = conn.QueryRow(ctx, `
		WITH last AS (SELECT * FROM wheelhouse.loads WHERE run_id = (SELECT max(id) FROM wheelhouse.runs))
		SELECT count(*) FILTER (WHERE status <> 'loaded' OR reconciled IS FALSE OR stream = 'usage_new' AND reconciled IS NULL),
		       coalesce(sum(rows_rejected), 0),
		       (SELECT count(*) FROM crankwheel.screen_sessions WHERE load_id IN (SELECT id FROM last))
		FROM last`).Scan(&bad, &rejected, &touched)
	switch {
	case err != nil:
		return err
	case bad > 0 || rejected > 0:
		return fmt.Errorf("wrong result: %d windows not loaded or not reconciled; %d rows rejected", bad, rejected)
	case touched != changed:
		return fmt.Errorf("wrong result: %d sessions changed, want %d", touched, changed)
	}
	return nil
}
