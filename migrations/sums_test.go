package migrations

import "testing"

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
