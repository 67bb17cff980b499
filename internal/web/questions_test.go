package web

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/testdb"
)

// questions are what BI tools ask of schema bi, with plain filters only. The test also asks each question about one account, with a filter
// in the place of the comment. limit holds for five years of a large account. A question that is ranged must not take longer when the
// warehouse has more years.
var questions = []struct {
	name, sql string
	limit     time.Duration
	ranged    bool
}{
	{"newest 100 sessions", `SELECT * FROM bi.screen_sessions WHERE /* account */ true ORDER BY started_at DESC LIMIT 100`, 50, true},
	{"sessions and seconds per agent, 30 days by day",
		`SELECT agent_email, count(*), sum(duration_seconds) FROM bi.screen_sessions WHERE /* account */ day > current_date - 30 GROUP BY 1`, 150, true},
	{"sessions per day, 30 days by started_at",
		`SELECT day, count(*) FROM bi.screen_sessions WHERE /* account */ started_at >= now() - interval '30 days' GROUP BY 1`, 150, true},
	{"events per content, 30 days", `SELECT content_id, content_name, count(*) FROM bi.screen_session_events WHERE /* account */ occurred_at >= now() - interval '30 days' GROUP BY 1, 2`, 200, true},
	{"one agent, 90 days by day",
		`SELECT day, count(*), sum(duration_seconds) FROM bi.screen_sessions WHERE /* account */ agent_email = 'agent77@acme.example' AND day > current_date - 90 GROUP BY 1`, 150, true},
	{"sessions per month, one year", `SELECT date_trunc('month', day), count(*) FROM bi.screen_sessions WHERE /* account */ day > current_date - 365 GROUP BY 1`, 500, false},
	{"agent_daily per agent, one year",
		`SELECT agent_email, max(agent_name), sum(sessions), sum(demos_handled), sum(shares) FROM bi.agent_daily WHERE /* account */ day > current_date - 365 GROUP BY 1`, 300, false},
	{"visits per day, 30 days", `SELECT day, count(*), count(*) FILTER (WHERE played) FROM bi.share_visits WHERE /* account */ day > current_date - 30 GROUP BY 1`, 150, true},
	{"requests per campaign, 90 days",
		`SELECT utm_source, utm_campaign, count(*), count(*) FILTER (WHERE answered) FROM bi.demo_requests WHERE /* account */ day > current_date - 90 GROUP BY 1, 2`, 150, true},
	{"funnel per month, one year",
		`SELECT date_trunc('month', day), sum(requested), sum(answered), sum(screen_shared) FROM bi.demo_funnel_daily WHERE /* account */ day > current_date - 365 GROUP BY 1`, 200, false},
	{"an agent's shares with their figures",
		`SELECT slug, content_name, visits, plays, avg_percent_watched FROM bi.share_engagement WHERE /* account */ created_by_email = 'agent77@acme.example'`, 150, false},
	{"count(*) of all sessions", `SELECT count(*) FROM bi.screen_sessions WHERE /* account */ true`, 900, false},
}

// TestQuestions asks each question as wheelhouse_reader of two warehouses: one of half a year, and one of five years (testdb.NewBig).
// Then the second one gets 1,999 small accounts, and each question is asked of the large account and of a small one.
// WHEELHOUSE_BIG=1 go test ./internal/web -run Questions -v prints a table. TEST_DATABASE_URL names another server.
func TestQuestions(t *testing.T) {
	if os.Getenv("WHEELHOUSE_BIG") == "" {
		t.Skip("set WHEELHOUSE_BIG=1 to ask 2 million sessions")
	}
	half, _ := bigReader(t, 183)
	five, dsn := bigReader(t, 1826)
	var version string
	if err := five.QueryRow(t.Context(), "SHOW server_version").Scan(&version); err != nil {
		t.Fatal(err)
	}
	t.Logf("PostgreSQL %s, median of five, warm, as wheelhouse_reader", version)
	t.Logf("| question on `bi` | required | half a year | five years | ratio |")
	for _, q := range questions {
		limit := q.limit * time.Millisecond
		less, more := ask(t, half, q.sql), ask(t, five, q.sql)
		ratio := ""
		if q.ranged {
			ratio = fmt.Sprintf("%.1f", float64(more)/float64(less))
		}
		t.Logf("| %s | %d ms | %s ms | %s ms | %s |", q.name, q.limit, inMS(less), inMS(more), ratio)
		if more > limit {
			t.Errorf("%s takes %s ms", q.name, inMS(more))
		}
		if q.ranged && more > 2*less+2*time.Millisecond { // noise of the clock
			t.Errorf("%s takes %s ms of half a year, and %s ms of five years", q.name, inMS(less), inMS(more))
		}
	}

	mustExec(t, dsn, smallAccounts)
	mustExec(t, dsn, "VACUUM ANALYZE")
	t.Logf("| question on `bi`, one account among 2,000 | required | the large account | a small account |")
	for _, q := range questions {
		of := func(account string) time.Duration {
			return ask(t, five, strings.ReplaceAll(q.sql, "/* account */", "account_id = '"+account+"' AND"))
		}
		limit := q.limit * time.Millisecond
		large, small := of("default"), of("small-77")
		t.Logf("| %s | %d ms | %s ms | %s ms |", q.name, q.limit, inMS(large), inMS(small))
		if large > limit || small > limit/5 {
			t.Errorf("%s of one account takes %s ms, and of a small one %s ms", q.name, inMS(large), inMS(small))
		}
	}
}

// smallAccounts adds 1,999 accounts, each with 1,000 sessions, 300 requests and 200 visits in five years.
const smallAccounts = `
INSERT INTO wheelhouse.accounts SELECT 'small-' || n, 'https://crankwheel.example', 'UTC', current_date - 1826 FROM generate_series(1, 1999) n;
DELETE FROM wheelhouse.dirty_days;
INSERT INTO crankwheel.screen_sessions (account_id, session_id, agent_email, started_at, local_day, occurrence, ended_at, duration_seconds, ended, viewers, load_id, loaded_at)
SELECT 'small-' || n, wheelhouse.session_id('small-' || n, agent, at, 1), agent, at, (at AT TIME ZONE 'UTC')::date, 1, at + interval '1 minute', 60, true, 2, 1, now()
FROM (SELECT n, 'agent' || 70 + i % 10 || '@acme.example' AS agent, date_trunc('second', now()) - (i * 1.825 + 0.1) * interval '1 day' - n * interval '1 second' AS at
      FROM generate_series(1000, 1, -1) i, generate_series(1, 1999) n) s;
INSERT INTO crankwheel.screen_session_events (account_id, session_id, seq, occurred_at, kind, agent_email)
SELECT account_id, session_id, 1, started_at, 'screen', agent_email FROM crankwheel.screen_sessions WHERE account_id <> 'default';
INSERT INTO crankwheel.demo_requests (account_id, demo_id, started_at, local_day, local_hour, answered, seconds_to_respond, handled_by, utm_source, load_id, loaded_at)
SELECT 'small-' || n, i, at, (at AT TIME ZONE 'UTC')::date, 12, true, 10, 'agent' || 70 + i % 10 || '@acme.example', 'google', 1, now()
FROM (SELECT n, i, now() - i * 6 * interval '1 day' AS at FROM generate_series(300, 1, -1) i, generate_series(1, 1999) n) r;
INSERT INTO crankwheel.shares (account_id, slug, created_at, created_by_email, load_id, loaded_at)
SELECT 'small-' || n, 'share-' || i, now() - i * 36 * interval '1 day', 'agent77@acme.example', 1, now() FROM generate_series(50, 1, -1) i, generate_series(1, 1999) n;
INSERT INTO crankwheel.share_visits (account_id, slug, visit_id, visited_at, local_day, played, load_id, loaded_at)
SELECT 'small-' || n, 'share-' || i % 50, i, at, (at AT TIME ZONE 'UTC')::date, true, 1, now()
FROM (SELECT n, i, now() - i * 9 * interval '1 day' AS at FROM generate_series(200, 1, -1) i, generate_series(1, 1999) n) v;
INSERT INTO wheelhouse.agent_daily (account_id, day, agent_email, sessions, session_seconds, recordings, demos_handled, demos_answered, demos_call_confirmed, demos_screen_shared, shares, plays)
SELECT account_id, local_day, agent_email, count(*), sum(duration_seconds), 0, 0, 0, 0, 0, 0, 0 FROM crankwheel.screen_sessions WHERE account_id <> 'default' GROUP BY 1, 2, 3;
`

func inMS(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000) }

// bigReader makes the large account's warehouse with some days of history, and connects as wheelhouse_reader.
func bigReader(t *testing.T, days int) (conn *pgx.Conn, dsn string) {
	t.Helper()
	dsn = testdb.NewBig(t, days)
	testdb.Refresh(t, dsn)
	conn = dial(t, dsn)
	if _, err := conn.Exec(t.Context(), "SET ROLE wheelhouse_reader"); err != nil {
		t.Fatal(err)
	}
	return conn, dsn
}

// ask returns the median time of five answers, after a first one that fills the caches.
func ask(t *testing.T, conn *pgx.Conn, sql string) time.Duration {
	t.Helper()
	var took []time.Duration
	for range 6 {
		began := time.Now()
		rows, err := conn.Query(t.Context(), sql)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for rows.Next() {
			n++
		}
		if rows.Err() != nil || n == 0 {
			t.Fatalf("%s: %d rows, %v", sql, n, rows.Err())
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took[1:])
	return took[3]
}
