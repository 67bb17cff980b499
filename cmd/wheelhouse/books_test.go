package main

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// daily streams count over a window: only a load of exactly a day covers it.
const daily = "'demo_usage', 'usage_shares', 'shares'"

// disagreements between ledger and data, each a count that must be zero. days has the history's first day and the day
// of the last run.
var disagreements = map[string]string{
	"loads that do not conserve": `
		SELECT count(*) FROM wheelhouse.loads WHERE status = 'loaded'
		AND rows_read <> rows_inserted + rows_updated + rows_unchanged + rows_merged + rows_rejected`,
	"loads that still run": `SELECT count(*) FROM wheelhouse.loads WHERE status = 'running'`,
	"leases":               `SELECT count(*) FROM wheelhouse.leases`,
	"streams with a gap": `
		SELECT count(*) FROM unnest(ARRAY['demo_usage', 'usage_new', 'usage_shares', 'shares', 'share_visits', 'share_details']) s
		WHERE NOT (SELECT tstzmultirange(tstzrange(first, last)) FROM days) <@ (
			SELECT coalesce(range_agg(span), '{}') FROM wheelhouse.loads WHERE stream = s AND status = 'loaded')`,
	"days counted by no load of theirs": `
		SELECT count(*) FROM unnest(ARRAY[` + daily + `]) s, days, generate_series(first, last - interval '1 day', '1 day') d
		WHERE NOT EXISTS (SELECT FROM wheelhouse.loads
			WHERE stream = s AND status = 'loaded' AND span = tstzrange(d, d + interval '1 day'))`,
	"snapshots never taken": `
		SELECT count(*) FROM unnest(ARRAY['user_access', 'company_content']) s
		WHERE NOT EXISTS (SELECT FROM wheelhouse.loads WHERE stream = s AND status = 'loaded' AND upper(span) > (SELECT last FROM days))`,
	"windows whose last load does not add up": `
		SELECT count(*) FROM (
			SELECT DISTINCT ON (stream, span) reconciled FROM wheelhouse.loads WHERE status = 'loaded'
			ORDER BY stream, span, requested_at DESC, id DESC) last
		WHERE reconciled = false`,
}

// withLoad are the tables whose rows name the load that changed them.
var withLoad = map[string]string{
	"demo_requests": "demo_usage", "demo_cancellations_daily": "demo_usage", "screen_sessions": "usage_new",
	"share_usage_daily": "usage_shares", "shares": "", "share_engagement_daily": "shares", "share_visits": "share_visits",
	"share_details": "share_details", "users": "user_access", "contents": "company_content",
}

// mustAgree fails unless ledger and data say the same: every row is of a load that committed, every
// window of the history is loaded, and every load's counts add up.
func mustAgree(t *testing.T, dsn string, first, last time.Time) {
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
	for what, sql := range disagreements {
		zero(what, "WITH days AS (SELECT $1::timestamptz AS first, $2::timestamptz AS last)"+sql, first, last)
	}
	for table, stream := range withLoad {
		zero("rows of "+table+" whose load did not commit", `
			SELECT count(*) FROM crankwheel.`+table+` r LEFT JOIN wheelhouse.loads l ON l.id = r.load_id
			WHERE l.status IS DISTINCT FROM 'loaded' OR $1 <> '' AND l.stream <> $1`, stream)
	}
}
