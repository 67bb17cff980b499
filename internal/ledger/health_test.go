package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/stream"
)

// TestHealthOfRandomLedgers: Health agrees with Status for random ledgers.
func TestHealthOfRandomLedgers(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			l := newTestLedger(t, "2026-03-20", "2026-03-31 13:00")
			random := rand.New(rand.NewPCG(seed, 1))
			for range 200 {
				l.randomWindow(random)
			}
			// A running load hides no earlier one.
			l.window("user_access", "2026-03-31", "2026-03-31 12:00", "failed")
			l.lease(l.window("user_access", "2026-03-31", "2026-03-31 12:30", "running"), 1)
			l.exec("UPDATE wheelhouse.loads SET requested_at = finished_at - make_interval(mins => 1 + id::int % 7)")
			l.exec(`INSERT INTO wheelhouse.rejects (load_id, account_id, stream, path, reason, raw_hash, resolved_at)
			        SELECT id, account_id, stream, '$', 'test', int8send(id), CASE WHEN id % 3 = 0 THEN now() END FROM wheelhouse.loads WHERE id % 5 = 0`)
			l.sameHealth()
		})
	}
}

func (l *testLedger) randomWindow(random *rand.Rand) {
	l.t.Helper()
	stream := stream.All[random.IntN(len(stream.All))].Name
	day := func(n int) string { return l.at("2026-03-20").AddDate(0, 0, n).Format(time.DateOnly) }
	first := random.IntN(12)
	from, to := day(first), day(first+1)
	switch random.IntN(6) {
	case 0: // several days
		to = day(min(12, first+1+random.IntN(4)))
	case 1:
		to = from + " 12:00"
	case 2:
		from += " 12:00"
	}
	if first == 11 {
		to = "2026-03-31 12:00" // the future is never loaded
		from = day(11)
	}
	how := []string{"loaded", "loaded", "loaded", "failed", "failed", "unreconciled", "running"}[random.IntN(7)]
	id := l.window(stream, from, to, how)
	if how == "running" {
		l.lease(id, random.IntN(2)*2-1)
	}
}

// sameHealth compares Health with Status, with the days of bi.coverage, whose today is the machine's, and with windowsSQL.
func (l *testLedger) sameHealth() {
	l.t.Helper()
	all, err := l.warehouse.Ledger.Health(l.t.Context(), l.now, 10*time.Second, l.configured())
	if err != nil {
		l.t.Fatal(err)
	}
	if len(all) != len(stream.All) {
		l.t.Fatalf("%d streams", len(all))
	}
	failed := l.failedDays()
	gaps := map[string]int{}
	for _, s := range l.status() {
		gaps[s.Stream] = s.GapDays
	}
	for _, h := range all {
		if h.FailedDays != failed[h.Stream] {
			l.t.Errorf("%s: %d failed days, bi.coverage says %d", h.Stream, h.FailedDays, failed[h.Stream])
		}
		if n, tried := gaps[h.Stream]; tried && n != int(h.GapDays) {
			l.t.Errorf("%s: %d gaps, status lists %d", h.Stream, h.GapDays, n)
		}
		described, _ := stream.ByName(h.Stream)
		var until, at *time.Time
		var unreconciled, failedWindows, stale int64
		if err := l.conn.QueryRow(l.t.Context(), windowsSQL, pgx.QueryExecModeExec, pgx.NamedArgs{
			"account": "a", "stream": h.Stream, "now": l.now, "starts": l.starts()[:len(l.starts())-1], "stops": l.starts()[1:],
			"daily": described.OneDay != "", "snapshot": described.Snapshot(),
		}).Scan(&until, &at, &unreconciled, &failedWindows, &stale); err != nil {
			l.t.Fatal(err)
		}
		got := fmt.Sprint(h.Unreconciled, h.Failed, h.Stale)
		if want := fmt.Sprint(unreconciled, failedWindows, stale); got != want {
			l.t.Errorf("%s: unreconciled, failed, stale %s, want %s", h.Stream, got, want)
		}
		if !described.Snapshot() && instant(h.CoveredUntil) != instant(until) {
			l.t.Errorf("%s: covered until %s, want %s", h.Stream, instant(h.CoveredUntil), instant(until))
		}
	}
}

// windowsSQL counts a stream's windows in another way than health.sql. A load counts unless a newer one that begins at the same moment
// ends no earlier, or newer ones cover it. failed: no load covers the window. stale: an older load covers it, and the newest one failed.
const windowsSQL = `WITH days AS MATERIALIZED (
    SELECT tstzrange(start, stop) AS whole
    FROM unnest(@starts::timestamptz[], @stops::timestamptz[]) AS d(start, stop)
), covered AS MATERIALIZED (
    SELECT coalesce(range_agg(span), '{}'::tstzmultirange) AS spans, max(upper(span)) AS until,
           max(requested_at) AS asked_at, max(finished_at) AS loaded_at
    FROM wheelhouse.loads
    WHERE account_id = @account AND stream = @stream AND status = 'loaded'
      AND (NOT @daily
           OR span IN (SELECT whole FROM days)
           OR EXISTS (SELECT FROM days WHERE lower(span) = lower(whole) AND span <@ whole))
), longest AS MATERIALIZED (
    SELECT max(upper(span) - lower(span)) AS length
    FROM wheelhouse.loads
    WHERE account_id = @account AND stream = @stream
), all_tries AS MATERIALIZED (
    SELECT id, span, reconciled, status, CASE WHEN NOT @snapshot THEN lower(span) END AS start, CASE WHEN NOT @snapshot THEN upper(span) END AS stop
    FROM wheelhouse.loads
    WHERE account_id = @account AND stream = @stream AND status <> 'running'
), answers AS (
    SELECT id, span, reconciled
    FROM all_tries a
    WHERE status = 'loaded'
      AND NOT EXISTS (SELECT FROM all_tries b WHERE b.status = 'loaded' AND b.id > a.id AND b.start IS NOT DISTINCT FROM a.start AND (b.stop < a.stop) IS NOT TRUE)
), tries AS (
    SELECT id, span, status
    FROM all_tries a
    WHERE NOT EXISTS (SELECT FROM all_tries b WHERE b.id > a.id AND b.start IS NOT DISTINCT FROM a.start AND (b.stop < a.stop) IS NOT TRUE)
), unreconciled AS (
    SELECT count(*) AS n
    FROM answers a
    WHERE NOT a.reconciled
      AND NOT a.span <@ (SELECT coalesce(range_agg(l.span), '{}'::tstzmultirange)
                         FROM wheelhouse.loads l
                         WHERE l.account_id = @account AND l.stream = @stream AND l.status = 'loaded' AND l.id > a.id
                           AND lower(l.span) > lower(a.span) - (SELECT length FROM longest) AND lower(l.span) < upper(a.span))
), failed AS (
    SELECT count(*) FILTER (WHERE NOT t.span <@ c.spans) AS n,
           count(*) FILTER (WHERE t.span <@ c.spans)     AS stale
    FROM tries t, covered c
    WHERE t.status = 'failed'
      AND NOT t.span <@ (SELECT coalesce(range_agg(l.span), '{}'::tstzmultirange)
                         FROM wheelhouse.loads l
                         WHERE l.account_id = @account AND l.stream = @stream AND l.status <> 'running' AND l.id > t.id
                           AND lower(l.span) > lower(t.span) - (SELECT length FROM longest) AND lower(l.span) < upper(t.span))
)
SELECT c.until, c.loaded_at, u.n, f.n, f.stale
FROM covered c
CROSS JOIN unreconciled u
CROSS JOIN failed f`

func instant(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}

// configured returns the account with all streams, from its first day in the ledger.
func (l *testLedger) configured() ledger.Configured {
	l.t.Helper()
	var from time.Time
	if err := l.conn.QueryRow(l.t.Context(), "SELECT history_from FROM wheelhouse.accounts").Scan(&from); err != nil {
		l.t.Fatal(err)
	}
	k := ledger.Configured{Account: ledger.Account{ID: "a", Zone: l.zone, HistoryFrom: from}}
	for _, s := range stream.All {
		k.Streams = append(k.Streams, s.Name)
	}
	return k
}

// starts returns the beginnings of the days from the account's first day to the day after today.
func (l *testLedger) starts() (all []time.Time) {
	y, m, d := l.configured().HistoryFrom.Date()
	for start := time.Date(y, m, d, 0, 0, 0, 0, l.zone); start.Before(l.now.AddDate(0, 0, 1)); start = start.AddDate(0, 0, 1) {
		all = append(all, start)
	}
	return all
}

// failedDays counts the failed days in bi.coverage up to the test's today.
func (l *testLedger) failedDays() map[string]int64 {
	l.t.Helper()
	rows, err := l.conn.Query(l.t.Context(), `SELECT stream, count(*) FROM bi.coverage
		WHERE status = 'failed' AND stream NOT IN ('user_access', 'company_content') AND day_end <= $1 GROUP BY stream`, l.now)
	if err != nil {
		l.t.Fatal(err)
	}
	defer rows.Close()
	days := map[string]int64{}
	for rows.Next() {
		var stream string
		var n int64
		if err := rows.Scan(&stream, &n); err != nil {
			l.t.Fatal(err)
		}
		days[stream] = n
	}
	return days
}

// TestHealthOfYears: Health of five years of eight streams is quick, also after look-backs.
func TestHealthOfYears(t *testing.T) { // not in parallel, because it measures time
	for name, times := range map[string]int{"14600 loads": 1, "73000 loads": 5} {
		if times > 1 && testing.Short() {
			continue
		}
		l := newTestLedger(t, "2021-04-01", "2026-03-31 13:00")
		l.exec(`INSERT INTO wheelhouse.loads (run_id, account_id, stream, span, status, reconciled, finished_at, requested_at)
			SELECT 1, 'a', stream, tstzrange(bi.day_start(day, 'Europe/Berlin'), bi.day_start(day + 1, 'Europe/Berlin')),
			       CASE WHEN day IN ('2025-01-01', '2025-06-01') THEN 'failed' ELSE 'loaded' END, day <> '2026-01-01', now(), now()
			FROM (SELECT date '2021-04-01' + n AS day FROM generate_series(0, 1824) n) d
			CROSS JOIN unnest($1::text[]) AS stream
			CROSS JOIN generate_series(1, $2)`, l.configured().Streams, times)
		l.exec("VACUUM ANALYZE wheelhouse.loads")
		configured, best := l.configured(), time.Hour
		var all []ledger.Health
		for range 5 {
			began := time.Now()
			var err error
			if all, err = l.warehouse.Ledger.Health(t.Context(), l.now, 10*time.Second, configured); err != nil {
				t.Fatal(err)
			}
			best = min(best, time.Since(began))
		}
		began := time.Now()
		l.status()
		t.Logf("%s: %v, status %v", name, best, time.Since(began))
		if best > time.Since(began) { // status takes three times as long, however busy the machine is
			t.Errorf("%s: %v, status took %v", name, best, time.Since(began))
		}
		for _, h := range all {
			got := fmt.Sprint(h.GapDays, h.FailedDays, h.Failed, h.Stale, h.Unreconciled)
			if want := "2 2 2 0 1"; got != want && !strings.Contains("user_access company_content", h.Stream) {
				t.Errorf("%s: %s, %s: got %s, want %s", name, h.Stream, "gaps, failed days, failed, stale, unreconciled", got, want)
			}
		}
	}
}

// A zone that the server does not know leaves its account out of the health of all.
func TestHealthLeavesUnknownZonesOut(t *testing.T) {
	t.Parallel()
	l := newTestLedger(t, "2026-03-20", "2026-03-31 13:00")
	known := l.configured()
	unknown := known
	unknown.ID, unknown.Zone = "abroad", time.FixedZone("Mars/Olympus", 0)
	all, err := l.warehouse.Ledger.Health(t.Context(), l.now, time.Minute, unknown, known)
	if err != nil || len(all) != len(known.Streams) {
		t.Fatalf("%d streams, %v", len(all), err)
	}
	for _, h := range all {
		if h.Account != known.ID {
			t.Errorf("%+v", h)
		}
	}
}
