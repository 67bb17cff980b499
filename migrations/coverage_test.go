package migrations

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/stream"
)

// A ledger that the test writes. Its history begins 9 days ago, in a zone where it is about noon, so that no midnight passes and no
// clock changes while the test runs.
type ledger struct {
	t    *testing.T
	conn *pgx.Conn
	zone *time.Location
}

func newLedger(t *testing.T) *ledger {
	t.Helper()
	zone, err := time.LoadLocation(fmt.Sprintf("Etc/GMT%+d", time.Now().UTC().Hour()-12)) // Etc/GMT+5 is UTC-5
	if err != nil {
		t.Fatal(err)
	}
	_, conn := migrated(t)
	exec(t, conn, `INSERT INTO wheelhouse.accounts VALUES ('noon', 'https://x.is', $1, (now() AT TIME ZONE $1)::date - 9)`, zone.String())
	exec(t, conn, `INSERT INTO wheelhouse.runs (kind, version, host) VALUES ('run', 'test', 'here')`)
	return &ledger{t, conn, zone}
}

// at returns a time of the day that was so many days ago.
func (l *ledger) at(ago, hour int) time.Time {
	now := time.Now().In(l.zone)
	return time.Date(now.Year(), now.Month(), now.Day()-ago, hour, 0, 0, 0, l.zone)
}

func (l *ledger) window(stream, status string, from, to time.Time, reconciled any) {
	l.t.Helper()
	var failure any
	if status == "failed" {
		failure = "HTTP 503"
	}
	exec(l.t, l.conn, `INSERT INTO wheelhouse.loads (run_id, account_id, stream, span, status, reconciled, error, finished_at)
		SELECT max(id), 'noon', $1, tstzrange($2, $3), $4, $5, $6, now() FROM wheelhouse.runs`, stream, from, to, status, reconciled, failure)
}

// day writes a window of a whole day.
func (l *ledger) day(stream, status string, ago int, reconciled any) {
	l.t.Helper()
	l.window(stream, status, l.at(ago, 0), l.at(ago-1, 0), reconciled)
}

// statuses lists a stream's days, the oldest first.
func (l *ledger) statuses(stream string) string {
	l.t.Helper()
	return strings.Join(lines(l.t, l.conn, fmt.Sprintf(`SELECT status FROM bi.coverage WHERE stream = '%s' ORDER BY day`, stream)), " ")
}

func TestCoverage(t *testing.T) {
	t.Parallel()
	l := newLedger(t)

	l.day("usage_new", "loaded", 9, true)
	l.day("usage_new", "failed", 8, nil)
	l.day("usage_new", "failed", 7, nil)
	l.day("usage_new", "loaded", 7, nil) // tried again
	l.day("usage_new", "loaded", 6, false)
	l.day("usage_new", "loaded", 5, false)
	l.day("usage_new", "loaded", 5, true)                                       // loaded again, and reconciled
	l.window("usage_new", "loaded", l.at(4, 0), l.at(4, 12), true)              // half a day,
	l.window("usage_new", "failed", l.at(4, 12), l.at(3, 0), nil)               // and not the other
	l.window("usage_new", "loaded", l.at(3, 0), l.at(3, 12), false)             // both halves,
	l.window("usage_new", "loaded", l.at(3, 12), l.at(2, 0), true)              // the older one not reconciled
	l.window("usage_new", "loaded", l.at(2, 0), l.at(2, 23), true)              // an hour is missing
	l.window("usage_new", "running", l.at(1, 0), l.at(0, 0), nil)               // not yet
	l.window("usage_new", "loaded", l.at(0, 0), time.Now(), true)               // today so far
	l.window("usage_new", "loaded", l.at(20, 0), l.at(9, 0), true)              // before history
	l.window("usage_new", "loaded", l.at(9, 0), l.at(9, 0).Add(1e9), nil)       // a look-back into the day
	l.window("share_details", "loaded", l.at(9, 0), l.at(4, 0), true)           // five days at once
	l.window("share_details", "failed", l.at(5, 0), l.at(2, 0), nil)            // a failure over loaded and missing days
	l.window("share_details", "failed", l.at(0, 0), l.at(0, 0).Add(60e9), nil)  // today failed
	l.window("share_visits", "loaded", l.at(30, 0), l.at(0, 0), false)          // everything, not reconciled
	l.window("share_visits", "loaded", l.at(8, 0), l.at(6, 0), true)            // two days of it reconciled
	l.window("share_visits", "loaded", l.at(0, 0).Add(60e9), l.at(-1, 0), true) // today without its first minute
	l.day("usage_shares", "loaded", 9, true)                                    // counts of a day:
	l.window("usage_shares", "loaded", l.at(8, 0), l.at(6, 0), true)            // not those of two,
	l.window("usage_shares", "loaded", l.at(6, 3), l.at(5, 3), true)            // nor of days in another zone
	l.window("usage_shares", "loaded", l.at(5, 3), l.at(4, 3), true)            //
	l.day("usage_shares", "loaded", 4, false)                                   //
	l.window("usage_shares", "failed", l.at(3, 0), l.at(2, 0), nil)             //
	l.day("usage_shares", "loaded", 2, true)                                    //
	l.window("usage_shares", "loaded", l.at(2, 0), l.at(1, 0).Add(3.6e12), nil) // an hour too many changes nothing
	l.window("usage_shares", "loaded", l.at(0, 0), l.at(0, 3), true)            // today's beginning
	l.window("company_content", "failed", l.at(3, 0), l.at(3, 1), nil)          // a snapshot is of a moment
	l.window("company_content", "loaded", l.at(2, 3), l.at(2, 4), nil)          //
	l.window("company_content", "loaded", l.at(0, 0), l.at(0, 0).Add(1e9), nil) //

	for stream, statuses := range map[string]string{
		"usage_new":       "loaded failed loaded unreconciled loaded failed unreconciled gap gap loaded",
		"share_details":   "loaded loaded loaded loaded loaded failed failed gap gap failed",
		"share_visits":    "unreconciled loaded loaded unreconciled unreconciled unreconciled unreconciled unreconciled unreconciled gap",
		"usage_shares":    "loaded gap gap gap gap unreconciled failed loaded gap loaded",
		"shares":          strings.TrimSpace(strings.Repeat("gap ", 10)),
		"company_content": "failed loaded gap loaded",
		"user_access":     "gap",
	} {
		if got := l.statuses(stream); got != statuses {
			t.Errorf("%s:\ngot  %s\nwant %s", stream, got, statuses)
		}
	}
	rows := 3 // the days of company_content after the first
	for _, s := range stream.All {
		if rows++; !s.Snapshot() {
			rows += 9
		}
	}
	want(t, l.conn, `SELECT count(*), count(DISTINCT stream), sum(partial::int), bool_and(partial = (day_end > now())) FROM bi.coverage`,
		fmt.Sprintf("%d|%d|%[2]d|t", rows, len(stream.All)))
	want(t, l.conn, `SELECT status, error, loaded_at IS NULL, tried_at IS NULL, stream_loaded_at IS NULL FROM bi.coverage
		WHERE stream = 'usage_new' ORDER BY day LIMIT 3`,
		"loaded|∅|f|f|f", "failed|HTTP 503|t|f|f", "loaded|∅|f|f|f")
	want(t, l.conn, `SELECT bool_and(stream_loaded_at IS NULL) FROM bi.coverage WHERE stream = 'shares'`, "t")
	want(t, l.conn, `SELECT loaded_until - day_start FROM bi.coverage WHERE stream = 'usage_new' ORDER BY day DESC OFFSET 4 LIMIT 1`, "12:00:00")
}

// Coverage does not depend on the session's time zone, not even on a day on which the clocks of that zone change.
func TestCoverageInTheZoneOfTheSession(t *testing.T) {
	t.Parallel()
	_, conn := migrated(t)
	exec(t, conn, `INSERT INTO wheelhouse.accounts VALUES ('k', 'https://x.is', 'Asia/Kolkata', '2026-03-20')`)
	exec(t, conn, `INSERT INTO wheelhouse.runs (kind, version, host) VALUES ('run', 'test', 'here')`)
	// The account's zone was another: its windows end half an hour after a day begins.
	exec(t, conn, `INSERT INTO wheelhouse.loads (run_id, account_id, stream, span, status, finished_at)
		SELECT max(id), 'k', 'usage_new', tstzrange('2026-03-18 19:00Z'::timestamptz + n * interval '24 hours', '2026-03-19 19:00Z'::timestamptz + n * interval '24 hours'), 'loaded', now()
		FROM wheelhouse.runs, generate_series(0, 20) AS n GROUP BY n`)
	for _, zone := range []string{"UTC", "Asia/Kolkata", "America/New_York", "Europe/Berlin"} {
		exec(t, conn, fmt.Sprintf("SET TimeZone = '%s'", zone))
		want(t, conn, `SELECT count(*) FROM bi.coverage WHERE stream = 'usage_new' AND day <= '2026-04-07' AND status <> 'loaded'`, "0")
		for _, day := range []string{"2026-03-28", "2026-03-29", "2026-03-30"} { // Berlin's clocks change on the second
			from, to := fmt.Sprintf("bi.day_start('%s', 'Asia/Kolkata')", day), fmt.Sprintf("bi.day_start('%s'::date + 1, 'Asia/Kolkata')", day)
			want(t, conn, fmt.Sprintf(`SELECT bi.covered('k', 'usage_new', 'Asia/Kolkata', %s, %s) @> tstzrange(%[1]s, %[2]s)`, from, to), "t")
			want(t, conn, fmt.Sprintf(`SELECT count(*) FROM wheelhouse.loads_over('k', 'usage_new', tstzrange(%s, %s))`, from, to), "2")
		}
	}
}

// What is read of the ledger for one account does not grow with the number of accounts.
func TestCoverageOfOneOfManyAccounts(t *testing.T) {
	t.Parallel()
	_, conn := migrated(t)
	exec(t, conn, `INSERT INTO wheelhouse.accounts SELECT 'a' || n, 'https://x.is', 'Europe/Berlin', current_date - 8 FROM generate_series(1, 400) AS n`)
	exec(t, conn, `INSERT INTO wheelhouse.runs (kind, version, host) VALUES ('run', 'test', 'here')`)
	exec(t, conn, `INSERT INTO wheelhouse.loads (run_id, account_id, stream, span, status, finished_at)
		SELECT r.id, a.account_id, s.stream, tstzrange(bi.day_start(current_date - n, a.timezone), bi.day_start(current_date - n + 1, a.timezone)), 'loaded', now()
		FROM wheelhouse.runs r, wheelhouse.accounts a, wheelhouse.streams s, generate_series(1, 7) AS n`)
	exec(t, conn, `VACUUM ANALYZE wheelhouse.loads`)
	exec(t, conn, `ANALYZE wheelhouse.accounts, wheelhouse.streams`)
	plan := value[[]struct{ Plan map[string]any }](t, conn, `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM bi.coverage WHERE account_id = 'a7' AND day >= current_date - 7`)
	if blocks := plan[0].Plan["Shared Hit Blocks"].(float64) + plan[0].Plan["Shared Read Blocks"].(float64); blocks > 4000 {
		t.Errorf("%.0f blocks were read", blocks)
	}
}

// firstMoment finds a day's first moment by trying: the first minute with that local date.
func firstMoment(day time.Time, zone *time.Location) time.Time {
	at := day.Add(-26 * time.Hour)
	for at.In(zone).Format(time.DateOnly) != day.Format(time.DateOnly) {
		at = at.Add(time.Minute)
	}
	return at
}

func TestDayStart(t *testing.T) {
	t.Parallel()
	_, conn := migrated(t)
	for _, c := range []struct{ zone, day string }{
		{"UTC", "2024-03-10"}, {"America/New_York", "2024-03-10"}, {"America/New_York", "2024-11-03"}, {"America/New_York", "2024-11-04"},
		{"America/Havana", "2024-03-10"}, {"America/Havana", "2024-11-03"}, {"America/Havana", "2024-11-04"}, // midnight skipped, midnight twice
		{"America/Santiago", "2023-09-03"}, {"America/Santiago", "2024-04-06"}, {"America/Santiago", "2024-04-07"},
		{"Africa/Cairo", "2024-04-26"}, {"Africa/Cairo", "2024-10-31"}, {"Africa/Cairo", "2024-11-01"},
		{"Asia/Beirut", "2024-03-31"}, {"Asia/Beirut", "2024-10-26"}, {"Asia/Beirut", "2024-10-27"}, {"Australia/Lord_Howe", "2024-04-07"},
		{"Pacific/Apia", "2011-12-31"}, {"Asia/Kathmandu", "2024-01-01"}, {"Pacific/Kiritimati", "2024-01-01"}, {"Pacific/Pago_Pago", "2024-01-01"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		day, _ := time.Parse(time.DateOnly, c.day)
		got := value[time.Time](t, conn, `SELECT bi.day_start($1, $2)`, day, c.zone)
		if first := firstMoment(day, zone); !got.Equal(first) {
			t.Errorf("%s %s: got %s, want %s", c.zone, c.day, got.UTC(), first.UTC())
		}
	}
}

// bi.coverage says which parts of a day could not be had, until a newer load of the same time has them.
func TestCoverageSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	incomplete := func(stream string, from, to time.Time, what string) {
		l.window(stream, "loaded", from, to, false)
		exec(t, l.conn, "UPDATE wheelhouse.loads SET error = $1 WHERE id = (SELECT max(id) FROM wheelhouse.loads)", what)
	}
	incomplete("share_visits", l.at(5, 0), l.at(4, 0), "one")   // and nothing after it
	incomplete("share_visits", l.at(4, 0), l.at(3, 0), "two")   // and a failed load
	l.day("share_visits", "failed", 4, nil)                     //
	incomplete("share_visits", l.at(3, 0), l.at(2, 0), "three") // and a complete load
	l.day("share_visits", "loaded", 3, nil)                     //
	l.window("share_visits", "loaded", l.at(2, 0), l.at(2, 12), nil)
	incomplete("share_visits", l.at(2, 12), l.at(1, 0), "four")   // a half
	l.day("share_visits", "loaded", 1, false)                     // totals that differ
	incomplete("company_content", l.at(5, 0), l.at(4, 0), "five") // a snapshot
	incomplete("company_content", l.at(4, 6), l.at(4, 7), "six")  // of no whole day
	want(t, l.conn, `SELECT stream, status, error FROM bi.coverage
		WHERE stream IN ('share_visits', 'company_content') AND tried_at IS NOT NULL ORDER BY stream DESC, day`,
		"share_visits|unreconciled|one\nshare_visits|unreconciled|two\nshare_visits|loaded|∅\nshare_visits|unreconciled|four\nshare_visits|unreconciled|∅\n"+
			"company_content|unreconciled|five\ncompany_content|unreconciled|six")
}

// Whatever the session's time zone, a window of a week is found that ends within the time that is asked about, also where clocks changed during that
// week.
func TestCoverageDoesNotDependOnTheSessionsZone(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	at := func(s string) time.Time {
		moment, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	l.window("share_details", "loaded", at("2026-03-03T00:00:00Z"), at("2026-03-10T00:00:00Z"), true)
	for _, zone := range []string{"UTC", "America/Los_Angeles", "Australia/Lord_Howe"} {
		exec(t, l.conn, fmt.Sprintf("SET timezone = '%s'", zone))
		want(t, l.conn, `SELECT bi.covered('noon', 'share_details', 'UTC', '2026-03-09 23:30Z', '2026-03-10 00:30Z') @> timestamptz '2026-03-09 23:59Z',
			(SELECT count(*) FROM wheelhouse.loads_over('noon', 'share_details', '[2026-03-09 23:30Z,2026-03-10 00:30Z)'))`, "t|1")
	}
}
