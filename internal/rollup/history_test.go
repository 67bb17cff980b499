package rollup_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"wheelhouse/internal/rollup"
	"wheelhouse/internal/rollup/rolluptest"
)

// Rows are written, moved, deleted and restored, in random order with refreshes, deleted rollups and changes of the zone. Views that
// read rollups always agree with the rows. Each change marks its days, as a load does.
func TestViewsSayWhatRowsSay(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			h := newHistory(t, seed)
			for step := range 30 {
				what := h.happen()
				rolluptest.Check(t, h.dsn, fmt.Sprintf("step %d, %s", step, what))
				if t.Failed() {
					return
				}
			}
		})
	}
}

// history is an account that changes at random.
type history struct {
	*database
	random *rand.Rand
	loads  int
}

func newHistory(t *testing.T, seed uint64) *history {
	h := &history{database: newDatabase(t), random: rand.New(rand.NewPCG(seed, 7))}
	h.exec(`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.example', 'America/New_York', '2025-01-01');
		INSERT INTO crankwheel.shares (account_id, slug, load_id, loaded_at) SELECT 'a', 's' || n, 1, now() FROM generate_series(0, 5) n`)
	for range 30 {
		h.change()
	}
	return h
}

// happen does one random thing, and returns its name.
func (h *history) happen() string {
	switch n := h.random.IntN(12); {
	case n < 3:
		if _, err := rollup.Refresh(h.Context(), h.conn); err != nil {
			h.Fatal(err)
		}
		return "refreshed"
	case n == 3:
		zone := []string{"UTC", "Asia/Tokyo", "America/New_York", "Pacific/Kiritimati", "Etc/GMT+12"}[h.random.IntN(5)]
		h.exec(`UPDATE wheelhouse.accounts SET timezone = '` + zone + `'`)
		return "in " + zone
	case n == 4: // the visits of a share are no longer counted, or counted again; no load marks their days
		h.exec(fmt.Sprintf(`UPDATE crankwheel.shares SET deleted_at = CASE WHEN deleted_at IS NULL THEN now() END WHERE slug = 's%d'`, h.random.IntN(6)))
		return "a share deleted or back"
	case n == 5:
		table := []string{"agent_daily", "request_hours", "video_daily"}[h.random.IntN(3)]
		if h.random.IntN(2) == 0 {
			h.exec("TRUNCATE wheelhouse." + table)
			return table + " truncated"
		}
		h.exec("DELETE FROM wheelhouse." + table + " WHERE day > '2025-02-20'")
		return "rows deleted from " + table
	default:
		for range 1 + h.random.IntN(4) {
			h.change()
		}
		return "changed"
	}
}

// change writes rows of a day in one of four months, as a load would.
func (h *history) change() {
	h.loads++
	day := fmt.Sprintf("(date '2025-01-20' + %d)", h.random.IntN(100))
	at := fmt.Sprintf("(%s + interval '%d minutes')::timestamptz", day, h.random.IntN(24*60))
	n, k, key := h.random.IntN(6), h.random.IntN(50), h.random.IntN(20)
	times, days := "ARRAY["+at+"]", "'{}'"
	var sql string
	switch h.random.IntN(7) {
	case 0, 1:
		sql = fmt.Sprintf(`INSERT INTO crankwheel.demo_requests (account_id, demo_id, started_at, answered, seconds_to_respond, handled_by, call_confirmed, screenshared,
				request_origin, origin_channel, utm_source, load_id, loaded_at)
			VALUES ('a', %d, %s, %t, %s, %s, %t, %t, 'https://x.example/p%d', 'website', %s, 1, now())`,
			h.loads, at, n > 1, orNull(n > 1, fmt.Sprint(k)), orNull(n > 1, fmt.Sprintf("'a%d@x.example'", n)), n > 2, n > 3, n%3, orNull(n%2 == 0, "'google'"))
	case 2: // a row of another day is moved to this one, or restored
		times = fmt.Sprintf("ARRAY(SELECT started_at FROM crankwheel.demo_requests WHERE demo_id %% 20 = %d) || %s", key, at)
		sql = fmt.Sprintf(`UPDATE crankwheel.demo_requests SET started_at = %s, deleted_at = NULL WHERE demo_id %% 20 = %d`, at, key)
	case 3:
		times = fmt.Sprintf(`ARRAY(SELECT started_at FROM crankwheel.demo_requests WHERE demo_id %% 20 = %d
			UNION SELECT started_at FROM crankwheel.screen_sessions WHERE occurrence = %d)`, key, key)
		sql = fmt.Sprintf(`UPDATE crankwheel.demo_requests SET deleted_at = now() WHERE demo_id %% 20 = %d;
			UPDATE crankwheel.screen_sessions SET deleted_at = now() WHERE occurrence = %d`, key, key)
	case 4:
		sql = fmt.Sprintf(`INSERT INTO crankwheel.screen_sessions (account_id, session_id, agent_email, started_at, occurrence, duration_seconds, ended, viewers, max_viewers, load_id, loaded_at)
			VALUES ('a', wheelhouse.session_id('a', 'a%d@x.example', %s, %[3]d), 'a%[1]d@x.example', %[2]s, %[3]d, %d, true, 2, %s, 1, now()) ON CONFLICT DO NOTHING`,
			n, at, 1+key, k, orNull(k > 20, fmt.Sprint(k)))
	case 5:
		times, days = "'{}'", "ARRAY["+day+"]"
		sql = fmt.Sprintf(`DELETE FROM crankwheel.share_usage_daily WHERE day = %s;
			INSERT INTO crankwheel.share_usage_daily (account_id, day, agent_email, agent_name, shares, plays, load_id, loaded_at) SELECT 'a', %[1]s, 'a%d@x.example', %s, %d, %d, 1, now() WHERE %t;
			UPDATE crankwheel.share_usage_daily SET agent_email = 'b' || agent_email, agent_name = 'Moved' WHERE day = %[1]s AND %[7]t`,
			day, n, orNull(k%4 > 0, fmt.Sprintf("'Name %d'", k)), n, k, k > 10, k%7 == 0)
	case 6:
		times, days = "'{}'", "ARRAY["+day+"]"
		sql = fmt.Sprintf(`DELETE FROM crankwheel.share_engagement_daily WHERE day = %s;
			INSERT INTO crankwheel.share_engagement_daily (account_id, day, slug, visits, plays, cta_clicks, load_id, loaded_at)
			SELECT 'a', %[1]s, 's' || n, n + 1, %d, %s, 1, now() FROM generate_series(%d, 5) n WHERE %t`, day, k, orNull(n > 2, "1"), n, k > 10)
	}
	h.exec(fmt.Sprintf(`SET TIME ZONE 'UTC'; SELECT wheelhouse.mark_dirty('a', %d, %s, %s); %s`, h.loads, times, days, sql))
}

func orNull(is bool, sql string) string {
	if is {
		return sql
	}
	return "NULL"
}
