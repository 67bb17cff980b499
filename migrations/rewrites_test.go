package migrations

import (
	"context"
	"strings"
	"testing"
	"time"
)

// Migration 0017 rewrites sessions and visits. Before the migration, the status says how large these tables are. An interrupted
// migration changes nothing. A complete one keeps every row and id, and adds the day in the account's zone.
func TestRewriteIsAnnouncedAndCanBeInterrupted(t *testing.T) {
	t.Parallel()
	db, _ := migrated(t)
	downTo(t, db, 16)
	conn := dial(t, db)
	exec(t, conn, `
		INSERT INTO wheelhouse.accounts VALUES ('ny', 'https://x.is', 'America/New_York', '2026-03-01');
		INSERT INTO crankwheel.screen_sessions (account_id, session_id, agent_email, started_at, occurrence, ended, load_id, loaded_at)
		SELECT a, wheelhouse.session_id(a, 'a@x.is', at, 1), 'a@x.is', at, 1, true, 1, '2026-03-09Z'
		FROM unnest(ARRAY['ny', 'unknown']) a, (SELECT timestamptz '2026-03-01Z' + n * interval '1 hour' AS at FROM generate_series(1, 100) n) s`)
	const rows = `SELECT count(*), md5(string_agg(concat(account_id, session_id, started_at, loaded_at), ',' ORDER BY account_id, session_id)) FROM crankwheel.screen_sessions`
	before := lines(t, conn, rows)[0]
	status, err := ReadStatus(t.Context(), db)
	if err != nil || len(status.Rewrites) != 1 || status.Rewrites[0].Table != "crankwheel.screen_sessions" || status.Rewrites[0].Bytes < 16384 || status.Rewrites[0].Seconds() < 1 {
		t.Fatalf("%+v, %v", status.Rewrites, err)
	}

	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT FROM crankwheel.share_visits LIMIT 1"); err != nil { // the rewrite of the second table waits for this
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, to, err := Up(ctx, db); err == nil || to != 16 {
		t.Errorf("interrupted: version %d, %v", to, err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, conn, rows, before)
	want(t, conn, "SELECT version FROM wheelhouse.schema_migrations", "16")

	mustUp(t, db)
	want(t, conn, rows, before)
	want(t, conn, `SELECT count(*) FROM crankwheel.screen_sessions WHERE local_day <> (started_at AT TIME ZONE CASE account_id WHEN 'ny' THEN 'America/New_York' ELSE 'UTC' END)::date`, "0")
	if status, err := ReadStatus(t.Context(), db); err != nil || len(status.Rewrites) != 0 {
		t.Errorf("%+v, %v", status.Rewrites, err)
	}
}

// A migration that drops what somebody's own view needs names the view and says what to do. Nothing has changed.
func TestMigrationNamesViewsInItsWay(t *testing.T) {
	t.Parallel()
	db, _ := migrated(t)
	downTo(t, db, 16)
	exec(t, dial(t, db), `CREATE SCHEMA mine; CREATE VIEW mine.latest AS SELECT * FROM bi.screen_sessions WHERE session_id >= bi.session_floor(now() - interval '30 days')`)
	_, to, err := Up(t.Context(), db)
	if to != 16 || err == nil || !strings.Contains(err.Error(), "view mine.latest depends on function bi.session_floor") || !strings.Contains(err.Error(), "drop these objects, migrate, and create them again") {
		t.Errorf("version %d, %v", to, err)
	}
}
