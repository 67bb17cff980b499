package ledger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/stream"
	"wheelhouse/internal/testdb"
	"wheelhouse/load"
)

// testLedger is a ledger written by the test, of account "a" in Berlin, where clocks go forward on 2026-03-29.
type testLedger struct {
	t         *testing.T
	url       string
	conn      *pgx.Conn
	warehouse *load.Warehouse
	zone      *time.Location
	now       time.Time
}

func newTestLedger(t *testing.T, historyFrom, now string) *testLedger {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	l := &testLedger{t: t, url: testdb.New(t), zone: zone}
	l.now = l.at(now)
	l.conn = connect(t, l.url)
	// A server far from UTC must not shift a day.
	l.exec("DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''America/Los_Angeles''', current_database()); END$$")
	if l.warehouse, err = load.Open(t.Context(), l.url, load.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.warehouse.Close)
	l.exec("INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'Europe/Berlin', $1::text::date)", historyFrom)
	l.exec("INSERT INTO wheelhouse.runs (kind, version, host) VALUES ('run', 'test', 'here')")
	return l
}

func (l *testLedger) exec(sql string, args ...any) {
	l.t.Helper()
	if _, err := l.conn.Exec(l.t.Context(), sql, args...); err != nil {
		l.t.Fatalf("%s: %v", sql, err)
	}
}

// at parses "2026-03-01" or "2026-03-01 12:30" in the account's zone.
func (l *testLedger) at(s string) time.Time {
	l.t.Helper()
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, s, l.zone); err == nil {
			return t
		}
	}
	l.t.Fatalf("%q is not a time", s)
	return time.Time{}
}

// window writes a load, which finishes at the end of its window. how is a status, or "unreconciled".
func (l *testLedger) window(stream, from, to, how string) (id int64) {
	l.t.Helper()
	var failure, finished, reconciled any
	status := how
	switch how {
	case "failed":
		failure = "HTTP 503"
	case "unreconciled":
		status, reconciled = "loaded", false
	case "loaded":
		reconciled = true
	}
	if status != "running" {
		finished = l.at(to)
	}
	err := l.conn.QueryRow(l.t.Context(), `INSERT INTO wheelhouse.loads (run_id, account_id, stream, span, status, reconciled, error, started_at, finished_at, requested_at)
		SELECT max(id), 'a', $1, tstzrange($2, $3), $4, $5, $6, $3, $7, $7 FROM wheelhouse.runs RETURNING id`,
		stream, l.at(from), l.at(to), status, reconciled, failure, finished).Scan(&id)
	if err != nil {
		l.t.Fatal(err)
	}
	return id
}

// days writes loads of whole days, both included.
func (l *testLedger) days(stream, from, to, how string) {
	l.t.Helper()
	for day := l.at(from); !day.After(l.at(to)); day = day.AddDate(0, 0, 1) {
		l.window(stream, day.Format(time.DateOnly), day.AddDate(0, 0, 1).Format(time.DateOnly), how)
	}
}

// lease writes a lease of a load, which ends in so many hours.
func (l *testLedger) lease(id int64, hours int) {
	l.t.Helper()
	l.exec(`INSERT INTO wheelhouse.leases SELECT id, account_id, stream, span, now() + make_interval(hours => $2) FROM wheelhouse.loads WHERE id = $1`, id, hours)
}

func (l *testLedger) status(configured ...ledger.Configured) []ledger.StreamStatus {
	l.t.Helper()
	all, err := l.warehouse.Status(l.t.Context(), l.now, configured...)
	if err != nil {
		l.t.Fatal(err)
	}
	return all
}

// only returns the status of the only stream as a line.
func (l *testLedger) only() string {
	l.t.Helper()
	all := l.status()
	if len(all) != 1 {
		l.t.Fatalf("status has %d streams, not one: %+v", len(all), all)
	}
	return l.line(all[0])
}

func (l *testLedger) line(s ledger.StreamStatus) string {
	var parts []string
	add := func(name string, value any) { parts = append(parts, fmt.Sprintf("%s %v", name, value)) }
	add("covered", stretches(s.Covered))
	if len(s.Gaps) > 0 {
		add("gaps", fmt.Sprintf("%s (%d)", stretches(s.Gaps), s.GapDays))
	}
	if s.CoveredUntil != nil {
		add("until", s.CoveredUntil.In(l.zone).Format("01-02 15:04"))
	}
	if s.Last != nil {
		add("last", s.Last.Status)
		if s.Last.Error != nil {
			add("error", *s.Last.Error)
		}
	}
	for _, n := range []struct {
		name string
		n    int64
	}{{"unreconciled", s.Unreconciled}, {"failed", s.Failed}, {"stale", s.Stale}, {"running", s.Running}, {"rejects", s.Rejects}} {
		if n.n > 0 {
			add(n.name, n.n)
		}
	}
	return strings.Join(parts, ", ")
}

func stretches(all []ledger.Days) string {
	var parts []string
	for _, d := range all {
		from, to := strings.TrimPrefix(d.From, "2026-"), strings.TrimPrefix(d.To, "2026-")
		if d.From == d.To {
			parts = append(parts, from)
		} else {
			parts = append(parts, fmt.Sprintf("%s..%s=%d", from, to, d.Days))
		}
	}
	return "[" + strings.Join(parts, " ") + "]"
}

// ledgers have a history from 2026-03-26. It is 13:00 on 2026-03-31.
var ledgers = map[string]struct {
	write func(*testLedger)
	want  string
}{
	"complete, over a day of 23 hours": {func(l *testLedger) {
		l.days("usage_new", "2026-03-26", "2026-03-30", "loaded")
		l.window("usage_new", "2026-03-31", "2026-03-31 12:00", "loaded")
	}, "covered [03-26..03-30=5], until 03-31 12:00, last loaded"},
	"one window over all, and days before the history": {func(l *testLedger) {
		l.window("usage_new", "2026-03-24", "2026-03-31", "loaded")
	}, "covered [03-24..03-30=7], until 03-31 00:00, last loaded"},
	"gaps, one never tried and one failed": {func(l *testLedger) {
		l.days("usage_new", "2026-03-26", "2026-03-30", "loaded")
		l.exec("DELETE FROM wheelhouse.loads WHERE lower(span) IN ($1, $2)", l.at("2026-03-27"), l.at("2026-03-29"))
		l.window("usage_new", "2026-03-29", "2026-03-30", "failed")
	}, "covered [03-26 03-28 03-30], gaps [03-27 03-29] (2), until 03-31 00:00, last failed, error HTTP 503, failed 1"},
	"a morning is not the day": {func(l *testLedger) {
		l.days("usage_new", "2026-03-26", "2026-03-29", "loaded")
		l.window("usage_new", "2026-03-30", "2026-03-30 10:00", "loaded")
	}, "covered [03-26..03-29=4], gaps [03-30] (1), until 03-30 10:00, last loaded"},
	"both halves of a day that failed as a whole": {func(l *testLedger) {
		l.days("usage_new", "2026-03-26", "2026-03-30", "loaded")
		l.exec("DELETE FROM wheelhouse.loads WHERE lower(span) = $1", l.at("2026-03-29"))
		l.window("usage_new", "2026-03-29", "2026-03-30", "failed")
		l.window("usage_new", "2026-03-29 12:00", "2026-03-30", "loaded")
		l.window("usage_new", "2026-03-29", "2026-03-29 12:00", "loaded")
	}, "covered [03-26..03-30=5], until 03-31 00:00, last loaded"},
	"halves do not make a day of a stream whose counts are the window's": {func(l *testLedger) {
		l.days("usage_shares", "2026-03-26", "2026-03-29", "loaded")
		l.window("usage_shares", "2026-03-30", "2026-03-30 12:00", "loaded")
		l.window("usage_shares", "2026-03-30 12:00", "2026-03-31", "loaded")
		l.window("usage_shares", "2026-03-31", "2026-03-31 09:00", "loaded")
	}, "covered [03-26..03-29=4], gaps [03-30] (1), until 03-31 09:00, last loaded"},
	"a week is not seven days of a stream whose counts are the window's": {func(l *testLedger) {
		l.window("shares", "2026-03-26", "2026-03-31", "loaded")
		l.window("shares", "2026-03-28", "2026-03-29", "loaded")
	}, "covered [03-28], gaps [03-26..03-27=2 03-29..03-30=2] (4), until 03-29 00:00, last loaded"},
	"unreconciled, and reconciled by a newer answer": {func(l *testLedger) {
		l.days("usage_new", "2026-03-26", "2026-03-30", "unreconciled")
		l.days("usage_new", "2026-03-27", "2026-03-28", "loaded")
		l.window("usage_new", "2026-03-29", "2026-03-29 12:00", "loaded") // and the other half is still not reconciled
		l.window("usage_new", "2026-03-30", "2026-03-30 07:00", "loaded")
		l.window("usage_new", "2026-03-30 07:00", "2026-03-31", "unreconciled")
	}, "covered [03-26..03-30=5], until 03-31 00:00, last loaded, unreconciled 3"},
	"reading again failed": {func(l *testLedger) {
		l.days("usage_new", "2026-03-26", "2026-03-30", "loaded")
		l.window("usage_new", "2026-03-30", "2026-03-31", "failed")
	}, "covered [03-26..03-30=5], until 03-31 00:00, last failed, error HTTP 503, stale 1"},
	"failed again and again is one window": {func(l *testLedger) {
		l.days("usage_new", "2026-03-26", "2026-03-29", "loaded")
		l.window("usage_new", "2026-03-30", "2026-03-30 10:00", "failed")
		l.window("usage_new", "2026-03-30", "2026-03-31", "failed")
		l.window("usage_new", "2026-03-29", "2026-03-31", "failed") // contains the others
	}, "covered [03-26..03-29=4], gaps [03-30] (1), until 03-30 00:00, last failed, error HTTP 503, failed 1"},
	"running and abandoned": {func(l *testLedger) {
		l.days("usage_new", "2026-03-26", "2026-03-28", "loaded")
		l.lease(l.window("usage_new", "2026-03-29", "2026-03-30", "running"), -1)
		l.lease(l.window("usage_new", "2026-03-30", "2026-03-31", "running"), 1)
	}, "covered [03-26..03-28=3], gaps [03-29..03-30=2] (2), until 03-29 00:00, last abandoned, running 1"},
	"snapshots have no gaps": {func(l *testLedger) {
		l.days("user_access", "2026-03-26", "2026-03-27", "loaded")
		l.days("user_access", "2026-03-29", "2026-03-29", "loaded")
		l.days("user_access", "2026-03-30", "2026-03-30", "failed")
	}, "covered [03-26..03-27=2 03-29], until 03-30 00:00, last failed, error HTTP 503, failed 1"},
	"a snapshot taken today": {func(l *testLedger) {
		l.days("user_access", "2026-03-30", "2026-03-30", "failed")
		l.days("user_access", "2026-03-31", "2026-03-31", "unreconciled")
		l.days("user_access", "2026-03-31", "2026-03-31", "loaded")
	}, "covered [03-31], until 04-01 00:00, last loaded"},
}

func TestStatusOfALedger(t *testing.T) {
	t.Parallel()
	for name, c := range ledgers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newTestLedger(t, "2026-03-26", "2026-03-31 13:00")
			c.write(l)
			if got := l.only(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			l.sameHealth()
		})
	}
}

func TestStatusOfAnAutumn(t *testing.T) {
	t.Parallel()
	l := newTestLedger(t, "2025-10-24", "2025-10-28 01:00")
	l.days("demo_usage", "2025-10-24", "2025-10-27", "loaded") // the 26th has 25 hours
	if got, want := l.only(), "covered [2025-10-24..2025-10-27=4], until 10-28 00:00, last loaded"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	l.exec("UPDATE wheelhouse.loads SET span = tstzrange(lower(span), upper(span) - interval '1 hour') WHERE lower(span) = $1", l.at("2025-10-26"))
	if got, want := l.only(), "covered [2025-10-24..2025-10-25=2 2025-10-27], gaps [2025-10-26] (1), until 10-28 00:00, last loaded"; got != want {
		t.Errorf("with an hour missing: got  %s\nwant %s", got, want)
	}
}

func TestStatusOfConfiguredStreams(t *testing.T) {
	t.Parallel()
	l := newTestLedger(t, "2026-03-26", "2026-03-31 13:00")
	l.window("shares", "2026-03-30", "2026-03-31", "loaded")
	utc := ledger.Configured{Account: ledger.Account{ID: "new", Zone: time.UTC, HistoryFrom: time.Date(2026, 3, 30, 0, 0, 0, 0, time.UTC)}, Streams: []string{"usage_new", "user_access"}}
	longer := ledger.Configured{Account: ledger.Account{ID: "a", Zone: l.zone, HistoryFrom: time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)}, Streams: []string{"usage_new"}}
	var got []string
	for _, s := range l.status(utc, longer) {
		got = append(got, fmt.Sprintf("%s %s %v %s: %s", s.Account, s.Stream, *s.Enabled, s.HistoryFrom, l.line(s)))
	}
	want := []string{
		"new usage_new true 2026-03-30: covered [], gaps [03-30] (1)",
		"new user_access true 2026-03-30: covered []",
		"a usage_new true 2026-03-20: covered [], gaps [03-20..03-30=11] (11)",
		"a shares false 2026-03-20: covered [03-30], gaps [03-20..03-29=10] (10), until 03-31 00:00, last loaded",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if all := l.status(); len(all) != 1 || all[0].Enabled != nil {
		t.Errorf("without settings: %+v", all)
	}
	if all := newTestLedger(t, "2026-03-26", "2026-03-31").status(); all == nil || len(all) != 0 {
		t.Errorf("of an empty warehouse: %#v", all)
	}
}

func TestStatusOfYearsIsQuick(t *testing.T) {
	t.Parallel()
	l := newTestLedger(t, "2021-03-31", "2026-03-31 13:00")
	// Every day of five years four times, as after look-backs. Every fourteenth day failed and is not loaded.
	l.exec(`INSERT INTO wheelhouse.loads (run_id, account_id, stream, span, status, reconciled, finished_at, requested_at)
		SELECT 1, 'a', stream, tstzrange(bi.day_start(day, 'Europe/Berlin'), bi.day_start(day + 1, 'Europe/Berlin')),
		       CASE WHEN day - date '2021-03-31' IN (SELECT 14 * g FROM generate_series(0, 200) g) THEN 'failed' ELSE 'loaded' END, (day - date '2021-03-31') % 10 <> 0, now(), now()
		FROM (SELECT date '2021-03-31' + n AS day FROM generate_series(0, 1825) n) d
		CROSS JOIN unnest($1::text[]) AS stream
		CROSS JOIN generate_series(1, 4)`, stream.Names())
	l.exec("ANALYZE")
	began := time.Now()
	all := l.status()
	took := time.Since(began)
	t.Logf("5 years of every stream, each day 4 times: %v", took)
	if limit := time.Second; took > limit*5 { // the machine may be busy
		t.Errorf("status took %v, more than %v", took, limit)
	}
	if len(all) != len(stream.All) || all[0].GapDays != 131 || len(all[0].Covered) != 131 || all[0].Failed != 131 || all[0].Unreconciled != 156 {
		t.Errorf("%d streams, the first %d gap days, %d stretches, %d failed, %d unreconciled",
			len(all), all[0].GapDays, len(all[0].Covered), all[0].Failed, all[0].Unreconciled)
	}
}
