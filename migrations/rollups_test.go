package migrations

import (
	"fmt"
	"testing"

	"wheelhouse/internal/testkit"
)

// rowsWithoutRollups are sessions, requests and visits of account a. In New York the second session is of the day before.
const rowsWithoutRollups = `
	INSERT INTO crankwheel.screen_sessions (account_id, session_id, agent_email, started_at, occurrence, ended, load_id, loaded_at)
	SELECT 'a', wheelhouse.session_id('a', 'a@x.com', at, 1), 'a@x.com', at, 1, false, 1, now() FROM unnest(ARRAY['2026-03-02 12:00Z', '2026-03-04 03:00Z']::timestamptz[]) at;
	INSERT INTO crankwheel.demo_requests (account_id, demo_id, started_at, answered, load_id, loaded_at) VALUES ('a', 1, '2026-03-10 02:00Z', false, 1, now());
	INSERT INTO crankwheel.share_engagement_daily (account_id, day, slug, visits, plays, load_id, loaded_at) VALUES ('a', '2026-03-20', 's', 3, 2, 1, now())`

// figures selects what views show of account a: days of sessions, of requests and of visits.
const figures = `SELECT coalesce((SELECT string_agg(concat(day, ' ', sessions), ',' ORDER BY day) FROM bi.session_daily WHERE account_id = 'a'), ''),
	coalesce((SELECT string_agg(concat(day, ' ', requested), ',' ORDER BY day) FROM bi.request_hours WHERE account_id = 'a'), ''),
	coalesce((SELECT string_agg(concat(day, ' ', visits), ',' ORDER BY day) FROM bi.video_daily WHERE account_id = 'a'), '')`

// beforeRollups makes a database with the schema before rollups by dirty days.
func beforeRollups(t *testing.T) string {
	t.Helper()
	db, _ := migrated(t)
	downTo(t, db, 12)
	return db
}

// TestUpgradeMakesEveryDayWithRowsDirty: after the upgrade the views agree with the rows, whatever the old sums were.
func TestUpgradeMakesEveryDayWithRowsDirty(t *testing.T) {
	t.Parallel()
	for zone, said := range map[string]string{
		"UTC":              "2026-03-02 1,2026-03-04 1|2026-03-10 1|2026-03-20 3",
		"America/New_York": "2026-03-02 1,2026-03-03 1|2026-03-09 1|2026-03-20 3",
	} {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			db := beforeRollups(t)
			conn := dial(t, db)
			exec(t, conn, `INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2026-03-01'), ('b', 'https://x.is', 'UTC', '2026-03-01')`)
			exec(t, conn, rowsWithoutRollups)
			// Sums by UTC days of the earlier version, which has rows for days without events, too.
			exec(t, conn, `INSERT INTO wheelhouse.session_daily (account_id, day, agent_email, sessions, recordings) VALUES ('a', '2026-03-02', 'a@x.com', 1, 0), ('a', '2026-03-04', 'a@x.com', 1, 0);
				INSERT INTO wheelhouse.request_hours VALUES ('a', '2026-03-10', 2, 1, 0, 0, 0, NULL);
				INSERT INTO wheelhouse.video_daily VALUES ('a', '2026-03-20', 3, 2, 0);
				INSERT INTO wheelhouse.session_summaries VALUES ('a', 'UTC', '{(,2026-04-01)}', now());
				INSERT INTO wheelhouse.session_due VALUES (7, 'a', '[2026-03-02 12:00Z,2026-03-02 12:00Z]')`)
			exec(t, conn, fmt.Sprintf(`UPDATE wheelhouse.accounts SET timezone = '%s' WHERE account_id = 'a'`, zone))
			mustUp(t, db)
			conn = dial(t, db)
			want(t, conn, figures, said)
			exec(t, conn, `DELETE FROM wheelhouse.dirty_days`) // the rollups of the earlier version no longer exist
			want(t, conn, figures, "||")
		})
	}
}

// TestUpgradeKnowsAccountsByTheirLoads: an account without settings is shown completely once its settings are stored again.
func TestUpgradeKnowsAccountsByTheirLoads(t *testing.T) {
	t.Parallel()
	db := beforeRollups(t)
	conn := dial(t, db)
	exec(t, conn, rowsWithoutRollups)
	exec(t, conn, `INSERT INTO wheelhouse.runs (kind, version, host) VALUES ('run', 'test', 'test');
		INSERT INTO wheelhouse.loads (run_id, account_id, stream, span, status) SELECT id, 'a', 'usage_new', '[2026-03-02,2026-03-05)', 'loaded' FROM wheelhouse.runs`)
	mustUp(t, db)
	conn = dial(t, db)
	exec(t, conn, `INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'America/New_York', '2026-03-01')`)
	want(t, conn, figures, "2026-03-02 1,2026-03-03 1|2026-03-09 1|2026-03-20 3")
}

// TestUpgradeRemovesDaysOfAnEarlierZone: if the zone changed between migration 0011 and the next sums, the sums of the old zone's days
// stayed, and bi.session_daily counted a session twice. The upgrade removes these sums.
func TestUpgradeRemovesDaysOfAnEarlierZone(t *testing.T) {
	t.Parallel()
	db := beforeRollups(t)
	conn := dial(t, db)
	exec(t, conn, `INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2026-03-01')`)
	exec(t, conn, rowsWithoutRollups)
	// 0011 keeps the rows of session_daily, but not their zone.
	exec(t, conn, `INSERT INTO wheelhouse.session_daily (account_id, day, agent_email, sessions, recordings) VALUES ('a', '2026-03-02', 'a@x.com', 1, 0), ('a', '2026-03-04', 'a@x.com', 1, 0)`)
	exec(t, conn, `UPDATE wheelhouse.accounts SET timezone = 'America/New_York'`)
	// The next sums are of the days that have sessions in the new zone.
	exec(t, conn, `DELETE FROM wheelhouse.session_daily WHERE day IN ('2026-03-02', '2026-03-03');
		INSERT INTO wheelhouse.session_daily (account_id, day, agent_email, sessions, recordings) VALUES ('a', '2026-03-02', 'a@x.com', 1, 0), ('a', '2026-03-03', 'a@x.com', 1, 0);
		INSERT INTO wheelhouse.session_summaries VALUES ('a', 'America/New_York', '{(,2026-04-01)}', now())`)
	const days = `SELECT string_agg(day::text, ',' ORDER BY day) FROM bi.session_daily`
	want(t, conn, days, "2026-03-02,2026-03-03,2026-03-04")
	mustUp(t, db)
	want(t, dial(t, db), days, "2026-03-02,2026-03-03")
}

// TestDownForgetsRollups: the earlier version does not use the rollups, and sums all days itself.
func TestDownForgetsRollups(t *testing.T) {
	t.Parallel()
	db, conn := migrated(t)
	exec(t, conn, `INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2026-03-01')`)
	exec(t, conn, testkit.LocalDays+rowsWithoutRollups)
	exec(t, conn, `INSERT INTO wheelhouse.video_daily VALUES ('a', '2026-03-21', 1, 1, 0)`)
	downTo(t, db, 12)
	want(t, dial(t, db), figures, "2026-03-02 1,2026-03-04 1|2026-03-10 1|2026-03-20 3")
}
