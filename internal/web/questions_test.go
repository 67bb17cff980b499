package web

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/rollup"
	"wheelhouse/internal/testdb"
	"wheelhouse/load"
)

// questions are what BI tools ask of schema bi, with no more than plain filters. limit is for five years of a large account. A
// question with a range must not take longer because the warehouse has more years.
var questions = []struct {
	name, sql string
	limit     time.Duration
	ranged    bool
}{
	{"newest 100 sessions", `SELECT * FROM bi.screen_sessions ORDER BY started_at DESC LIMIT 100`, 50, true},
	{"sessions and seconds per agent, 30 days by day",
		`SELECT agent_email, count(*), sum(duration_seconds) FROM bi.screen_sessions WHERE day > current_date - 30 GROUP BY 1`, 150, true},
	{"sessions per day, 30 days by started_at",
		`SELECT day, count(*) FROM bi.screen_sessions WHERE started_at >= now() - interval '30 days' GROUP BY 1`, 150, true},
	{"events per content, 30 days", `SELECT content_id, content_name, count(*) FROM bi.screen_session_events WHERE occurred_at >= now() - interval '30 days' GROUP BY 1, 2`, 200, true},
	{"one agent, 90 days by day",
		`SELECT day, count(*), sum(duration_seconds) FROM bi.screen_sessions WHERE agent_email = 'agent77@acme.example' AND day > current_date - 90 GROUP BY 1`, 150, true},
	{"sessions per month, one year", `SELECT date_trunc('month', day), count(*) FROM bi.screen_sessions WHERE day > current_date - 365 GROUP BY 1`, 500, false},
	{"agent_daily per agent, one year",
		`SELECT agent_email, max(agent_name), sum(sessions), sum(demos_handled), sum(shares) FROM bi.agent_daily WHERE day > current_date - 365 GROUP BY 1`, 300, false},
	{"visits per day, 30 days", `SELECT day, count(*), count(*) FILTER (WHERE played) FROM bi.share_visits WHERE day > current_date - 30 GROUP BY 1`, 150, true},
	{"requests per campaign, 90 days",
		`SELECT utm_source, utm_campaign, count(*), count(*) FILTER (WHERE answered) FROM bi.demo_requests WHERE day > current_date - 90 GROUP BY 1, 2`, 150, true},
	{"funnel per month, one year",
		`SELECT date_trunc('month', day), sum(requested), sum(answered), sum(screen_shared) FROM bi.demo_funnel_daily WHERE day > current_date - 365 GROUP BY 1`, 200, false},
	{"an agent's shares with their figures",
		`SELECT slug, content_name, visits, plays, avg_percent_watched FROM bi.share_engagement WHERE created_by_email = 'agent77@acme.example'`, 150, false},
	{"count(*) of all sessions", `SELECT count(*) FROM bi.screen_sessions`, 900, false},
}

// TestQuestions asks each question as wheelhouse_reader of two warehouses: one of half a year, and one of five years (testdata/big.sql).
// WHEELHOUSE_BIG=1 go test ./internal/web -run Questions -v prints a table. TEST_DATABASE_URL names another server.
func TestQuestions(t *testing.T) {
	if os.Getenv("WHEELHOUSE_BIG") == "" {
		t.Skip("set WHEELHOUSE_BIG=1 to ask 2 million sessions")
	}
	half, five := bigReader(t, 183), bigReader(t, 1826)
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
		if q.ranged && more > 2*less+2*time.Millisecond { // a clock's noise
			t.Errorf("%s takes %s ms of half a year, and %s ms of five years", q.name, inMS(less), inMS(more))
		}
	}
}

func inMS(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000) }

// bigReader makes the large account's warehouse with some days of history, and connects as wheelhouse_reader.
func bigReader(t *testing.T, days int) *pgx.Conn {
	t.Helper()
	dsn := testdb.NewDirect(t)
	mustExec(t, dsn, strings.ReplaceAll(bigSQL, "1826", fmt.Sprint(days)))
	w, err := load.Open(t.Context(), dsn, load.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := rollup.Refresh(t.Context(), w.Pool()); err != nil {
		t.Fatal(err)
	}
	mustExec(t, dsn, "VACUUM ANALYZE")
	conn := dial(t, dsn)
	if _, err := conn.Exec(t.Context(), "SET ROLE wheelhouse_reader"); err != nil {
		t.Fatal(err)
	}
	return conn
}

// ask returns the median time of five answers, after one that warms the server up.
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
