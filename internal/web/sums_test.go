package web

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"wheelhouse/internal/testdb"
	"wheelhouse/load"
)

// summed is what views say that are read from sums, and what the rows themselves say.
var summed = map[string][2]string{
	"sessions": {
		`SELECT day, agent_email, sessions, session_seconds, viewers, max_viewers, recordings FROM bi.session_daily`,
		`SELECT day, agent_email, count(*), sum(duration_seconds), sum(viewers), max(max_viewers), count(recording_content_id) FROM bi.screen_sessions GROUP BY 1, 2`,
	},
	"requests": {
		`SELECT day, weekday, hour, requested, answered, call_confirmed, screen_shared, (SELECT array_agg(x ORDER BY x) FROM unnest(seconds_to_respond) x) FROM bi.request_hours`,
		`SELECT day, weekday, hour, count(*), count(*) FILTER (WHERE answered), count(*) FILTER (WHERE call_confirmed), count(*) FILTER (WHERE screenshared),
			array_agg(seconds_to_respond ORDER BY seconds_to_respond) FILTER (WHERE seconds_to_respond IS NOT NULL) FROM bi.demo_requests GROUP BY 1, 2, 3`,
	},
	"video": {
		`SELECT day, visits, plays, cta_clicks FROM bi.video_daily`,
		`SELECT day, coalesce(sum(visits), 0), coalesce(sum(plays), 0), coalesce(sum(cta_clicks), 0) FROM bi.share_engagement_daily GROUP BY 1`,
	},
}

// ranged is what is made of whole months and of days for a range, and what the days say.
var ranged = map[string][2]string{
	"agents": {`
		SELECT agent_email, sum(sessions), sum(session_seconds), sum(viewers), sum(demos_handled), sum(demos_screen_shared), sum(shares), sum(plays) FROM (
			SELECT m.agent_email, sessions, session_seconds, viewers, demos_handled, demos_screen_shared, shares, plays
			FROM bi.stretches('default', $1, $2) r JOIN bi.agent_monthly m ON m.account_id = 'default' AND m.month = r.first AND r.whole_month
			UNION ALL
			SELECT d.agent_email, sessions, session_seconds, coalesce(viewers, 0), demos_handled, demos_screen_shared, shares, plays
			FROM bi.stretches('default', $1, $2) r JOIN bi.agent_daily d ON d.day BETWEEN r.first AND r.last AND NOT r.whole_month) f GROUP BY 1`,
		`SELECT agent_email, sum(sessions), sum(session_seconds), coalesce(sum(viewers), 0), sum(demos_handled), sum(demos_screen_shared), sum(shares), sum(plays) FROM (
			SELECT agent_email, 1 AS sessions, coalesce(duration_seconds, 0) AS session_seconds, viewers, 0 AS demos_handled, 0 AS demos_screen_shared, 0 AS shares, 0 AS plays
			FROM bi.screen_sessions WHERE day BETWEEN $1 AND $2
			UNION ALL
			SELECT handled_by, 0, 0, 0, 1, coalesce(screenshared::integer, 0), 0, 0 FROM bi.demo_requests WHERE handled_by IS NOT NULL AND day BETWEEN $1 AND $2
			UNION ALL
			SELECT agent_email, 0, 0, 0, 0, 0, shares, plays FROM bi.share_usage_daily WHERE day BETWEEN $1 AND $2) f GROUP BY 1`,
	},
	"campaigns": {`
		SELECT origin_channel, origin_name, utm_source, utm_medium, utm_campaign, sum(requested), sum(answered), sum(call_confirmed), sum(screen_shared) FROM (
			SELECT m.* FROM bi.stretches('default', $1, $2) r JOIN bi.campaign_monthly m ON m.account_id = 'default' AND m.month = r.first AND r.whole_month
			UNION ALL
			SELECT d.account_id, NULL, coalesce(origin_channel, ''), coalesce(origin_name, ''), coalesce(utm_source, ''), coalesce(utm_medium, ''), coalesce(utm_campaign, ''),
				requested, answered, call_confirmed, screen_shared
			FROM bi.stretches('default', $1, $2) r JOIN bi.campaign_daily d ON d.day BETWEEN r.first AND r.last AND NOT r.whole_month) f GROUP BY 1, 2, 3, 4, 5`,
		`SELECT coalesce(origin_channel, ''), coalesce(origin_name, ''), coalesce(campaign_source, ''), coalesce(campaign_medium, ''), coalesce(campaign_name, ''),
			count(*), count(*) FILTER (WHERE answered), count(*) FILTER (WHERE call_confirmed), count(*) FILTER (WHERE screenshared)
		FROM bi.demo_requests WHERE day BETWEEN $1 AND $2 GROUP BY 1, 2, 3, 4, 5`,
	},
	"shares": {`
		SELECT slug, sum(visits), sum(plays), sum(cta_clicks) FROM (
			SELECT m.slug, visits, plays, cta_clicks FROM bi.stretches('default', $1, $2) r JOIN bi.share_monthly m ON m.account_id = 'default' AND m.month = r.first AND r.whole_month
			UNION ALL
			SELECT d.slug, visits, plays, coalesce(cta_clicks, 0) FROM bi.stretches('default', $1, $2) r JOIN bi.share_engagement_daily d ON d.day BETWEEN r.first AND r.last AND NOT r.whole_month) f GROUP BY 1`,
		`SELECT slug, sum(visits), sum(plays), coalesce(sum(cta_clicks), 0) FROM bi.share_engagement_daily WHERE day BETWEEN $1 AND $2 GROUP BY 1`,
	},
}

// checkSums holds every such view against the rows.
func checkSums(t *testing.T, dsn, when string) {
	t.Helper()
	conn := dial(t, dsn)
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "SET jit = off; SET statement_timeout = '15s'"); err != nil {
		t.Fatal(err)
	}
	for name, pair := range summed {
		got, want := textRows(t, conn, pair[0]), textRows(t, conn, pair[1])
		if !slices.Equal(got, want) {
			t.Errorf("%s: %s: sums say %v\nrows say %v", when, name, got, want)
		}
	}
	for name, pair := range ranged {
		for _, between := range [][2]string{{"2025-02-01", "2025-12-31"}, {"2025-01-25", "2025-04-05"}} {
			of := strings.NewReplacer("$1", "date '"+between[0]+"'", "$2", "date '"+between[1]+"'")
			got, want := textRows(t, conn, of.Replace(pair[0])), textRows(t, conn, of.Replace(pair[1]))
			if !slices.Equal(got, want) {
				t.Errorf("%s: %s %v: sums say %v\nrows say %v", when, name, between, got, want)
			}
		}
	}
}

// Whatever is written, moved, deleted and brought back, in whatever order with adding up and changes of the zone: views that are
// read from sums say what the rows say. Each change notes the time it touched, as a load does.
func TestSumsSayWhatRowsSay(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			h := newHistory(t, seed)
			for range 25 {
				what := h.happen()
				checkSums(t, h.dsn, what)
				if t.Failed() {
					return
				}
			}
		})
	}
}

// history is an account that changes by chance.
type history struct {
	t      *testing.T
	dsn    string
	books  *load.Warehouse
	random *rand.Rand
	loads  int
}

func newHistory(t *testing.T, seed uint64) *history {
	h := &history{t: t, dsn: testdb.NewDirect(t), random: rand.New(rand.NewPCG(seed, 7))}
	var err error
	if h.books, err = load.Open(t.Context(), h.dsn, load.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.books.Close)
	mustExec(t, h.dsn, `INSERT INTO wheelhouse.accounts VALUES ('default', 'https://x.example', 'America/New_York', '2025-01-01');
		INSERT INTO crankwheel.shares (account_id, slug, load_id, loaded_at) SELECT 'default', 's' || n, 1, now() FROM generate_series(0, 5) n`)
	for range 30 {
		h.change()
	}
	return h
}

// happen does one thing, and tells which.
func (h *history) happen() string {
	switch n := h.random.IntN(10); {
	case n < 3:
		if err := h.books.Summarise(h.t.Context()); err != nil {
			h.t.Fatal(err)
		}
		return "added up"
	case n == 3:
		zone := []string{"UTC", "Asia/Tokyo", "America/New_York"}[h.random.IntN(3)]
		mustExec(h.t, h.dsn, `UPDATE wheelhouse.accounts SET timezone = '`+zone+`'`)
		return "in " + zone
	case n == 4: // its visits count no longer, or again; no load notes them
		mustExec(h.t, h.dsn, fmt.Sprintf(`UPDATE crankwheel.shares SET deleted_at = CASE WHEN deleted_at IS NULL THEN now() END WHERE slug = 's%d'`, h.random.IntN(6)))
		return "a share deleted or back"
	default:
		for range 1 + h.random.IntN(4) {
			h.change()
		}
		return "changed"
	}
}

// change writes something of one day as a load would, in one of four months.
func (h *history) change() {
	h.loads++
	day := fmt.Sprintf("(date '2025-01-20' + %d)", h.random.IntN(100))
	at := fmt.Sprintf("(%s + interval '%d minutes')::timestamptz", day, h.random.IntN(24*60))
	n, k, key := h.random.IntN(6), h.random.IntN(50), h.random.IntN(20)
	touched := at + ", " + at
	var sql string
	switch h.random.IntN(7) {
	case 0, 1:
		sql = fmt.Sprintf(`INSERT INTO crankwheel.demo_requests (account_id, demo_id, started_at, answered, seconds_to_respond, handled_by, call_confirmed, screenshared,
				request_origin, origin_channel, utm_source, load_id, loaded_at)
			VALUES ('default', %d, %s, %t, %s, %s, %t, %t, 'https://x.example/p%d', 'website', %s, 1, now())`,
			h.loads, at, n > 1, orNull(n > 1, fmt.Sprint(k)), orNull(n > 1, fmt.Sprintf("'a%d@x.example'", n)), n > 2, n > 3, n%3, orNull(n%2 == 0, "'google'"))
	case 2: // what began on another day is moved to this one, or comes back
		touched = fmt.Sprintf("least(%s, (SELECT min(started_at) FROM crankwheel.demo_requests)), greatest(%[1]s, (SELECT max(started_at) FROM crankwheel.demo_requests))", at)
		sql = fmt.Sprintf(`UPDATE crankwheel.demo_requests SET started_at = %s, deleted_at = NULL WHERE demo_id %% 20 = %d`, at, key)
	case 3:
		touched = "'2025-01-01', '2025-06-01'"
		sql = fmt.Sprintf(`UPDATE crankwheel.demo_requests SET deleted_at = now() WHERE demo_id %% 20 = %d;
			UPDATE crankwheel.screen_sessions SET deleted_at = now() WHERE occurrence = %d`, key, key)
	case 4:
		sql = fmt.Sprintf(`INSERT INTO crankwheel.screen_sessions (account_id, session_id, agent_email, started_at, occurrence, duration_seconds, ended, viewers, load_id, loaded_at)
			VALUES ('default', wheelhouse.session_id('default', 'a%d@x.example', %s, %[3]d), 'a%[1]d@x.example', %[2]s, %[3]d, %d, true, 2, 1, now()) ON CONFLICT DO NOTHING`, n, at, 1+key, k)
	case 5:
		touched = day + "::timestamptz - interval '13 hours', " + day + "::timestamptz + interval '36 hours'"
		sql = fmt.Sprintf(`DELETE FROM crankwheel.share_usage_daily WHERE day = %s;
			INSERT INTO crankwheel.share_usage_daily (account_id, day, agent_email, shares, plays, load_id, loaded_at) SELECT 'default', %[1]s, 'a%d@x.example', %d, %d, 1, now() WHERE %t`, day, n, n, k, k > 10)
	case 6:
		touched = day + "::timestamptz - interval '13 hours', " + day + "::timestamptz + interval '36 hours'"
		sql = fmt.Sprintf(`DELETE FROM crankwheel.share_engagement_daily WHERE day = %s;
			INSERT INTO crankwheel.share_engagement_daily (account_id, day, slug, visits, plays, cta_clicks, load_id, loaded_at)
			SELECT 'default', %[1]s, 's' || n, n + 1, %d, %s, 1, now() FROM generate_series(%d, 5) n WHERE %t`, day, k, orNull(n > 2, "1"), n, k > 10)
	}
	mustExec(h.t, h.dsn, fmt.Sprintf(`INSERT INTO wheelhouse.session_due SELECT %d, 'default', tstzrange(%s, '[]'); %s`, h.loads, touched, sql))
}

func orNull(is bool, sql string) string {
	if is {
		return sql
	}
	return "NULL"
}
