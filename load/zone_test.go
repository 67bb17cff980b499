package load_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/load"
	"wheelhouse/transform"
)

// wrongDays counts the rows whose stored day or hour is not that of their moment in the account's zone.
const wrongDays = `SELECT count(*) FROM (
		SELECT account_id, started_at AS at, local_day, local_hour FROM crankwheel.demo_requests
		UNION ALL SELECT account_id, started_at, local_day, NULL FROM crankwheel.screen_sessions
		UNION ALL SELECT account_id, visited_at, local_day, NULL FROM crankwheel.share_visits
		UNION ALL SELECT account_id, created_at, local_day, NULL FROM crankwheel.shares
		UNION ALL SELECT account_id, created_at, local_day, NULL FROM crankwheel.share_details
	) r JOIN wheelhouse.accounts a USING (account_id)
	WHERE local_day <> (at AT TIME ZONE timezone)::date OR local_hour <> extract(hour FROM at AT TIME ZONE timezone)`

// Loads store each row's day in the account's zone, and a change of the zone computes the day again. This holds in zones whose clock
// goes back at midnight or that left out a date, and before 1970.
func TestRowsHaveTheDayOfTheirZone(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	s.exec(`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'America/New_York', '2026-03-01')`)
	starts := []time.Time{
		time.Date(1969, 7, 20, 20, 17, 40, 0, time.UTC), time.Date(2011, 12, 30, 9, 59, 59, 0, time.UTC), time.Date(2011, 12, 30, 10, 0, 0, 0, time.UTC),
		time.Date(2021, 11, 7, 4, 30, 0, 0, time.UTC), time.Date(2021, 11, 7, 5, 30, 0, 0, time.UTC), time.Date(2021, 4, 3, 13, 45, 0, 0, time.UTC),
	}
	for hour := range 72 {
		starts = append(starts, worldBegins.Add(time.Duration(hour)*time.Hour-time.Second))
	}
	fill := func(stream load.Stream, add func(b *load.Batch, n int, start time.Time) error) {
		t.Helper()
		day := s.ready(stream, 0)
		day.Batch.Begin()
		for i, start := range starts {
			if err := add(day.Batch, i, start); err != nil {
				t.Fatal(err)
			}
		}
		day.Batch.Commit()
		if c := s.warehouse.Commit(t.Context(), day)[0]; c.Err != nil || c.Counts.Inserted != int64(len(starts)) {
			t.Fatal(c)
		}
	}
	check := func(when string) {
		t.Helper()
		var wrong, rows int
		if err := s.conn.QueryRow(t.Context(), wrongDays).Scan(&wrong); err != nil || wrong != 0 {
			t.Errorf("%s: %d rows have another day, %v", when, wrong, err)
		}
		if err := s.conn.QueryRow(t.Context(), "SELECT count(*) FROM crankwheel.screen_sessions").Scan(&rows); err != nil || rows != len(starts) {
			t.Errorf("%d sessions, %v", rows, err)
		}
	}
	fill(load.UsageNew, func(b *load.Batch, _ int, start time.Time) error { return b.Session(lasting(start, time.Minute)) })
	fill(load.DemoUsage, func(b *load.Batch, n int, start time.Time) error {
		return b.DemoRequest(transform.DemoRequest{DemoID: int64(n), StartedAt: start})
	})
	fill(load.ShareVisits, func(b *load.Batch, n int, start time.Time) error {
		return b.ShareVisit(transform.ShareVisit{Slug: "s", VisitID: fmt.Sprint(n), VisitedAt: start, Played: sql.Null[bool]{V: true, Valid: true}})
	})
	fill(load.Shares, func(b *load.Batch, n int, start time.Time) error {
		return b.Share(transform.Share{Slug: fmt.Sprint(n), CreatedAt: sql.Null[time.Time]{V: start, Valid: n > 0}})
	})
	fill(load.ShareDetails, func(b *load.Batch, n int, start time.Time) error {
		return b.ShareDetail(transform.ShareDetail{Slug: fmt.Sprint(n), CreatedAt: start})
	})
	check("loaded")
	for _, zone := range []string{"Pacific/Apia", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"} {
		s.exec("UPDATE wheelhouse.accounts SET timezone = '" + zone + "'")
		check(zone)
	}
}

// A window that was asked for before the zone changed is refused, because its rows have days of the earlier zone.
func TestAWindowOfAnEarlierZoneIsRefused(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	s.exec(`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2026-03-01')`)
	late := lasting(worldBegins.Add(23*time.Hour), time.Minute)
	before := s.ready(load.UsageNew, 0, late)
	s.exec(`UPDATE wheelhouse.accounts SET timezone = 'Asia/Tokyo'`)
	c := s.warehouse.Commit(t.Context(), before)[0]
	if c.Err == nil || !strings.Contains(c.Err.Error(), "the account's time zone is Asia/Tokyo in the warehouse and UTC here") {
		t.Errorf("%+v", c)
	}
	var rows int
	if err := s.conn.QueryRow(t.Context(), "SELECT count(*) FROM crankwheel.screen_sessions").Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d rows, %v", rows, err)
	}
}

// Go and Postgres read all zones alike, except four that settings refuse, because Postgres takes them for abbreviations. The rules of later
// years are not compared, because Postgres may have another release of the zone data: America/Vancouver stays on one time from 2026 on.
func TestZonesOfPostgresAndGo(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	rows, err := s.conn.Query(t.Context(), `
		WITH names AS MATERIALIZED (SELECT name FROM pg_timezone_names) -- reads hundreds of files
		SELECT name, array_agg(extract(epoch FROM at AT TIME ZONE name AT TIME ZONE 'UTC' - at)::integer ORDER BY at)
		FROM names, generate_series(timestamptz '1995-01-01Z', '2025-01-01Z', '73 days') AS at
		WHERE name !~ '^(posix|right)/' AND name NOT IN ('localtime', 'posixrules', 'Factory')
		GROUP BY name`)
	if err != nil {
		t.Fatal(err)
	}
	var name string
	var offsets []int
	var differ []string
	zones := 0
	_, err = pgx.ForEachRow(rows, []any{&name, &offsets}, func() error {
		zone, err := time.LoadLocation(name)
		if err != nil {
			return nil // an old name that Go's data leave out: settings refuse it
		}
		zones++
		for i, at := 0, time.Date(1995, 1, 1, 0, 0, 0, 0, time.UTC); i < len(offsets); i, at = i+1, at.AddDate(0, 0, 73) {
			if _, offset := at.In(zone).Zone(); offset != offsets[i] {
				differ = append(differ, name)
				break
			}
		}
		return nil
	})
	slices.Sort(differ)
	if want := []string{"CET", "EET", "MET", "WET"}; err != nil || zones < 400 || !slices.Equal(differ, want) {
		t.Errorf("of %d zones %q differ, want %q; %v", zones, differ, want, err)
	}
}

// Views show every session even if Go and Postgres read the zone differently: the stored day counts.
func TestRollupsHaveTheStoredDay(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	s.exec(`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'CET', '2026-03-01')`)
	summer := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	for hour := range 24 {
		day := s.ready(load.UsageNew, hour, lasting(summer.Add(time.Duration(hour)*time.Hour), time.Minute))
		if c := s.warehouse.Commit(t.Context(), day)[0]; c.Err != nil {
			t.Fatal(c.Err)
		}
		s.refresh(fmt.Sprintf("with hour %d", hour))
	}
}
