package migrations

import (
	"testing"

	"github.com/jackc/pgerrcode"
)

// TestSumsOfAnotherZoneGoWithWhatTheyWereOf: sums that were made before the account's zone changed count for nothing, also where the
// schema changes before they are made again.
func TestSumsOfAnotherZoneGoWithWhatTheyWereOf(t *testing.T) {
	t.Parallel()
	db, conn := migrated(t)
	if _, _, err := Down(t.Context(), db, int(Latest())-10); err != nil {
		t.Fatal(err)
	}
	exec(t, conn, `INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'Asia/Tokyo', '2026-03-01'), ('b', 'https://x.is', 'UTC', '2026-03-01')`)
	exec(t, conn, `INSERT INTO wheelhouse.session_summaries SELECT account_id, 'UTC', '{(,2026-03-02]}', now() FROM wheelhouse.accounts`)
	exec(t, conn, `INSERT INTO wheelhouse.session_daily (account_id, day, agent_email, sessions, recordings) SELECT account_id, '2026-03-01', 'a@x.com', 1, 0 FROM wheelhouse.accounts`)
	mustUp(t, db)
	want(t, conn, `SELECT account_id FROM wheelhouse.session_daily`, "b")
}

// TestProgramOfBeforeSumsNothing: what 0010's program says of days that it added up is refused. It knows of sessions alone.
func TestProgramOfBeforeSumsNothing(t *testing.T) {
	t.Parallel()
	_, conn := migrated(t)
	exec(t, conn, `INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2026-03-01')`)
	refused(t, conn, pgerrcode.UndefinedColumn, `
		INSERT INTO wheelhouse.session_summaries AS s (account_id, timezone, days, summarised_at)
		SELECT account_id, timezone, days + '{[2026-03-01,2026-03-02]}', now() FROM wheelhouse.session_days WHERE account_id = 'a'
		ON CONFLICT (account_id) DO UPDATE SET timezone = excluded.timezone, days = excluded.days, summarised_at = excluded.summarised_at`)
}
