package main

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// inconsistencies are counts of contradictions between the ledger and the data. All must be zero. days is the history's
// first day and the day of the last run.
var inconsistencies = map[string]string{
	"loads whose counts of rows do not match rows_read": `
		SELECT count(*) FROM wheelhouse.loads WHERE status = 'loaded'
		AND rows_read <> rows_inserted + rows_updated + rows_unchanged + rows_merged + rows_rejected`,
	"loads that are still running": `SELECT count(*) FROM wheelhouse.loads WHERE status = 'running'`,
	"leases":                       `SELECT count(*) FROM wheelhouse.leases`,
	"streams with a gap": `
		SELECT count(*) FROM wheelhouse.streams s
		WHERE grain <> 'snapshot' AND NOT (SELECT tstzmultirange(tstzrange(first, last)) FROM days) <@ (
			SELECT coalesce(range_agg(span), '{}') FROM wheelhouse.loads l WHERE l.stream = s.stream AND status = 'loaded')`,
	"days without a load of exactly that day": `
		SELECT count(*) FROM wheelhouse.streams s, days, generate_series(first, last - interval '1 day', '1 day') d
		WHERE one_day AND NOT EXISTS (SELECT FROM wheelhouse.loads l
			WHERE l.stream = s.stream AND status = 'loaded' AND span = tstzrange(d, d + interval '1 day'))`,
	"snapshots that were never loaded": `
		SELECT count(*) FROM wheelhouse.streams s
		WHERE grain = 'snapshot' AND NOT EXISTS (SELECT FROM wheelhouse.loads l WHERE l.stream = s.stream AND status = 'loaded' AND upper(span) > (SELECT last FROM days))`,
	"windows whose last load is not reconciled": `
		SELECT count(*) FROM (
			SELECT DISTINCT ON (stream, span) reconciled FROM wheelhouse.loads WHERE status = 'loaded'
			ORDER BY stream, span, requested_at DESC, id DESC) last
		WHERE reconciled = false`,
}

// withLoad are the tables whose rows have a load_id, and the stream that writes each table.
var withLoad = map[string]string{
	"demo_requests": "demo_usage", "demo_cancellations_daily": "demo_usage", "screen_sessions": "usage_new",
	"share_usage_daily": "usage_shares", "shares": "", "share_engagement_daily": "shares", "share_visits": "share_visits",
	"share_details": "share_details", "users": "user_access", "contents": "company_content",
}

// mustBeConsistent fails if the ledger contradicts the data: each row must belong to a load that committed, each window
// of the history must be loaded, and each load's counts must be right.
func mustBeConsistent(t *testing.T, dsn string, first, last time.Time) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	zero := func(what, sql string, args ...any) {
		t.Helper()
		var n int64
		if err := conn.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if n != 0 {
			t.Errorf("%s: %d", what, n)
		}
	}
	for what, sql := range inconsistencies {
		zero(what, "WITH days AS (SELECT $1::timestamptz AS first, $2::timestamptz AS last)"+sql, first, last)
	}
	rows, err := conn.Query(t.Context(), `SELECT table_name::text FROM information_schema.columns WHERE table_schema = 'crankwheel' AND column_name = 'load_id'`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		if _, found := withLoad[table]; !found {
			t.Errorf("add %s to withLoad", table)
		}
	}
	for table, stream := range withLoad {
		zero("rows of "+table+" whose load did not commit", `
			SELECT count(*) FROM crankwheel.`+table+` r LEFT JOIN wheelhouse.loads l ON l.id = r.load_id
			WHERE l.status IS DISTINCT FROM 'loaded' OR $1 <> '' AND l.stream <> $1`, stream)
	}
}
