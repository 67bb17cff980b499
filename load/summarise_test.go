package load_test

import (
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/load"
	"wheelhouse/transform"
)

// sums are what bi.session_daily says, and what the sessions say.
func (s *scene) sums() (kept, counted []string) {
	s.Helper()
	for i, sql := range []string{
		`SELECT concat_ws(' ', day, agent_email, sessions, session_seconds) FROM bi.session_daily ORDER BY 1`,
		`SELECT concat_ws(' ', day, agent_email, count(*), sum(duration_seconds)) FROM bi.screen_sessions GROUP BY day, agent_email ORDER BY 1`,
	} {
		rows, err := s.conn.Query(s.Context(), sql)
		if err != nil {
			s.Fatal(err)
		}
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			s.Fatal(err)
		}
		if i == 0 {
			kept = all
		} else {
			counted = all
		}
	}
	return kept, counted
}

// addUp has the sums follow and holds them against the sessions.
func (s *scene) addUp(when string) {
	s.Helper()
	if err := s.warehouse.Summarise(s.Context()); err != nil {
		s.Fatal(err)
	}
	if kept, counted := s.sums(); len(counted) == 0 || !slices.Equal(kept, counted) {
		s.Errorf("%s: the sums are %v, the sessions %v", when, kept, counted)
	}
}

// Where the reporting zone changes, a day that has sessions in the old zone only has none in the new one.
func TestSumsOfDaysThatAnotherZoneEmpties(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	s.exec(`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2026-03-01')`)
	at := func(day, hour int) transform.ScreenSession {
		x := lasting(worldBegins.AddDate(0, 0, day).Add(time.Duration(hour)*time.Hour), time.Minute)
		x.DurationSeconds = transform.Null[int32]{V: 60, Valid: true}
		return x
	}
	// The second day's only session is late in the evening: in Tokyo it is the third day's.
	for day, hour := range []int{3, 23, 3} {
		if c := s.warehouse.Commit(t.Context(), s.ready(load.UsageNew, day, at(day, hour)))[0]; c.Err != nil {
			t.Fatal(c.Err)
		}
	}
	s.addUp("in UTC")
	s.exec(`UPDATE wheelhouse.accounts SET timezone = 'Asia/Tokyo'`)
	s.addUp("in Tokyo")
	s.exec(`UPDATE wheelhouse.accounts SET timezone = 'UTC'`)
	s.addUp("in UTC again")
}

// What an attempt at an answer brought that did not hold leaves no days to be added up.
func TestForgottenSessionsAreNotDue(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	day := s.ready(load.UsageNew, 0, lasting(worldBegins.Add(time.Hour), time.Minute))
	for _, start := range []time.Time{time.Unix(0, 0), worldBegins.Add(2 * time.Hour)} { // the second is another try of the same part
		day.Batch.Begin()
		if err := day.Batch.Session(lasting(start, time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	day.Batch.Commit()
	if c := s.warehouse.Commit(t.Context(), day)[0]; c.Err != nil || c.Counts.Inserted != 2 {
		t.Fatal(c)
	}
	var from, to time.Time
	if err := s.conn.QueryRow(t.Context(), `SELECT lower(starts), upper(starts) FROM wheelhouse.session_due`).Scan(&from, &to); err != nil {
		t.Fatal(err)
	}
	if !from.Equal(day.From) || !to.Equal(day.To) {
		t.Errorf("due is from %v to %v, loaded from %v to %v", from, to, day.From, day.To)
	}
}

// A clock that goes back from just after midnight shows the day before once more: of sessions then each is counted once, and
// looking for days comes to an end.
func TestSumsWhereADayComesBack(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	s.exec(`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'America/St_Johns', '2010-11-01');
		SET statement_timeout = '20s'`)
	starts := []string{"2010-11-07 01:00Z", "2010-11-07 02:45Z", "2010-11-07 06:00Z"}
	add := func(at string) { // at 02:31Z it is 23:01 of the 6th again
		s.exec(`INSERT INTO crankwheel.screen_sessions (account_id, session_id, agent_email, started_at, occurrence, ended, load_id, loaded_at)
			SELECT 'a', wheelhouse.session_id('a', 'a@x.com', at, 1), 'a@x.com', at, 1, false, 1, now() FROM (SELECT '` + at + `'::timestamptz AS at) x`)
	}
	for _, at := range starts {
		add(at)
	}
	check := func(when string, want int) {
		t.Helper()
		var got int
		if err := s.conn.QueryRow(t.Context(), `SELECT sum(sessions) FROM bi.session_daily`).Scan(&got); err != nil || got != want {
			t.Fatalf("%s: %d sessions (%v), want %d", when, got, err, want)
		}
	}
	for _, when := range []string{"not added up", "added up"} {
		check(when, len(starts))
		if err := s.warehouse.Summarise(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// What loads changed up to that hour, and within it.
	add("2010-11-07 02:50Z")
	s.exec(`INSERT INTO wheelhouse.session_due VALUES (1, 'a', '[2010-11-06 12:00Z,2010-11-07 03:00Z]')`)
	check("changed", len(starts)+1)
	s.exec(`INSERT INTO wheelhouse.session_due VALUES (2, 'a', '[2010-11-07 02:30:30Z,2010-11-07 02:45Z]')`)
	check("changed again", len(starts)+1)
	if err := s.warehouse.Summarise(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("all added up", len(starts)+1)
}

// A load of requests notes every day that it wrote to: those of its window, of rows that began outside of it, and where what it
// moved had begun before.
func TestRequestsThatMoveAreDue(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	s.exec(`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2026-03-01')`)
	at := func(day int) time.Time { return worldBegins.AddDate(0, 0, day).Add(9 * time.Hour) }
	bring := func(when string, window int, started ...time.Time) {
		t.Helper()
		day := s.ready(load.DemoUsage, window)
		day.Batch.Begin()
		for i, start := range started {
			if err := day.Batch.DemoRequest(transform.DemoRequest{DemoID: int64(i + 1), StartedAt: start}); err != nil {
				t.Fatal(err)
			}
		}
		day.Batch.Commit()
		if c := s.warehouse.Commit(t.Context(), day)[0]; c.Err != nil {
			t.Fatal(c.Err)
		}
		for _, added := range []string{"not added up", "added up"} {
			var differing int
			if err := s.conn.QueryRow(t.Context(), `
				SELECT count(*) FROM (SELECT day, sum(requested) AS n FROM bi.request_hours GROUP BY 1) a
				FULL JOIN (SELECT day, count(*) AS n FROM bi.demo_requests GROUP BY 1) b USING (day) WHERE a.n IS DISTINCT FROM b.n`).Scan(&differing); err != nil || differing != 0 {
				t.Errorf("%s, %s: %d days differ (%v)", when, added, differing, err)
			}
			if err := s.warehouse.Summarise(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	bring("first", 0, at(0), at(0))
	bring("one from another day", 5, at(5), at(20))
	bring("moved back", 12, at(12), at(2))
}

// Whoever asks for one account waits for nothing of the others: here another's zone, of which there are no days.
func TestSumsOfOneAccountLookAtNoOther(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	s.exec(`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2026-03-01'), ('b', 'https://x.is', 'No/Where', '2026-03-01');
		INSERT INTO wheelhouse.session_due VALUES (1, 'a', '[2026-03-01,2026-03-02]'), (2, 'b', '[2026-03-01,2026-03-02]')`)
	for _, from := range []string{
		"bi.session_daily WHERE account_id = 'a'", "bi.agent_daily WHERE account_id = 'a'", "bi.request_hours WHERE account_id = 'a'",
		"bi.video_daily WHERE account_id = 'a'", "wheelhouse.days_stale WHERE account_id = 'a'", "bi.stretches('a', '2026-02-01', '2026-04-01')",
	} {
		if _, err := s.conn.Exec(t.Context(), "SELECT * FROM "+from); err != nil {
			t.Errorf("%s: %v", from, err)
		}
	}
}

// More days than are added up at once, and one of the year 10000 among them, whose text comes before theirs.
func TestSumsOfManyDaysUpToTheYear10000(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	s.exec(`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'Asia/Tokyo', '2020-01-01');
		INSERT INTO crankwheel.screen_sessions (account_id, session_id, agent_email, started_at, occurrence, ended, load_id, loaded_at)
		SELECT 'a', wheelhouse.session_id('a', 'a@x.com', at, 1), 'a@x.com', at, 1, false, 1, now()
		FROM (SELECT '2020-01-01 00:00Z'::timestamptz + n * interval '1 day' FROM generate_series(1, 2100) n UNION ALL SELECT '9999-12-31 20:00Z') x (at)`)
	if err := s.warehouse.Summarise(t.Context()); err != nil {
		t.Fatal(err)
	}
	var days int
	if err := s.conn.QueryRow(t.Context(), `SELECT count(*) FROM bi.session_daily`).Scan(&days); err != nil || days != 2101 {
		t.Errorf("%d days (%v), want 2101", days, err)
	}
}

// What a load says of a day is of the day of that name, also where that is over in the account's zone before the load's window begins.
func TestDaysOfAnotherZoneAreDue(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	s.exec(`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'Pacific/Auckland', '2026-03-01');
		INSERT INTO crankwheel.share_usage_daily (account_id, day, agent_email, shares, plays, load_id, loaded_at) VALUES ('a', '2026-03-11', 'a@x.com', 1, 1, 1, now())`)
	if err := s.warehouse.Summarise(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.exec(`UPDATE wheelhouse.accounts SET timezone = 'Pacific/Pago_Pago'`)
	day := time.Date(2026, 3, 11, 0, 0, 0, 0, time.UTC)
	win := load.Window{Account: "a", Stream: load.UsageShares, From: day.Add(11 * time.Hour), To: day.Add(35 * time.Hour), Day: day}
	claims, err := s.warehouse.Claim(t.Context(), s.run, load.Wanted{Window: win, Planned: 1 << 62})
	if err != nil || claims[0].Err != nil {
		t.Fatal(err, claims)
	}
	b := load.NewBatch(win)
	defer b.Close()
	b.Begin()
	if err := b.ShareUsage(transform.ShareUsage{AgentEmail: "a@x.com", Shares: 5, Plays: 7}); err != nil {
		t.Fatal(err)
	}
	b.Commit()
	if c := s.warehouse.Commit(t.Context(), load.Ready{Claim: claims[0].Claim, Batch: b})[0]; c.Err != nil || c.Counts.Updated != 1 {
		t.Fatalf("%+v", c)
	}
	s.exec(`UPDATE wheelhouse.accounts SET timezone = 'Pacific/Auckland'`)
	var holds bool
	if err := s.conn.QueryRow(t.Context(), `SELECT days @> date '2026-03-11' FROM bi.summed_days`).Scan(&holds); err != nil || holds {
		t.Errorf("what was added up before the load is taken for what there is (%v)", err)
	}
}

// A session that runs for months is in every day's answer: what lies between it and the day is not due, and its own day is
// only where it is another than it was.
func TestLongSessionsLeaveDaysBetweenAlone(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	s.exec(`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'America/New_York', '2026-03-01')`)
	long := transform.ScreenSession{AgentEmail: "long@x.com", StartedAt: worldBegins.AddDate(0, 0, -100).Add(12 * time.Hour)}
	for day, x := range []struct {
		viewers int32
		due     string // its first day, one between, and the load's
	}{{1, "{t,f,t}"}, {1, "{f,f,t}"}, {2, "{t,f,t}"}} {
		long.Viewers = transform.Null[int32]{V: x.viewers, Valid: true}
		c := s.warehouse.Commit(t.Context(), s.ready(load.UsageNew, day, long, lasting(worldBegins.AddDate(0, 0, day).Add(12*time.Hour), time.Minute)))[0]
		if c.Err != nil {
			t.Fatal(c.Err)
		}
		var due string
		if err := s.conn.QueryRow(t.Context(), `SELECT ARRAY[d.days @> $1::date, d.days @> $1::date + 50, d.days @> $1::date + $2::integer + 100]::text FROM (
			SELECT range_agg(daterange((lower(starts) AT TIME ZONE 'America/New_York')::date, (upper(starts) AT TIME ZONE 'America/New_York')::date, '[]')) AS days
			FROM wheelhouse.session_due) d`, long.StartedAt, day).Scan(&due); err != nil || due != x.due {
			t.Errorf("day %d: due is %s (%v), want %s", day, due, err, x.due)
		}
		s.addUp("added up")
	}
}

// An account that has nothing, or nothing new, is known to have nothing up to yesterday: else whoever asks for it has the views look through
// all other accounts' sessions since. Said once, it is not written again.
func TestIdleAccountsAreKnownToBeIdle(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	s.exec(`INSERT INTO wheelhouse.accounts VALUES ('empty', 'https://x.is', 'UTC', '2020-01-01'), ('idle', 'https://x.is', 'UTC', '2020-01-01');
		INSERT INTO crankwheel.share_usage_daily (account_id, day, agent_email, shares, plays, load_id, loaded_at) VALUES ('idle', '2020-03-11', 'a@x.com', 1, 1, 1, now());
		INSERT INTO wheelhouse.session_due VALUES (1, 'empty', '[2020-03-11,2020-03-12]')`) // what that load brought, another took away
	var before string
	for _, when := range []string{"first", "again", "two months later"} {
		if when == "two months later" {
			s.exec(`UPDATE wheelhouse.session_summaries SET summed_days = datemultirange(daterange(NULL, current_date - 60))`)
			before = ""
		}
		if err := s.warehouse.Summarise(t.Context()); err != nil {
			t.Fatal(err)
		}
		var idle, due int
		var rows string
		if err := s.conn.QueryRow(t.Context(), `SELECT count(*) FILTER (WHERE s.days @> current_date - 1), string_agg(wheelhouse.session_summaries.xmin::text, ' ' ORDER BY account_id), (SELECT count(*) FROM wheelhouse.session_due)
			FROM bi.summed_days s JOIN wheelhouse.session_summaries USING (account_id)`).Scan(&idle, &rows, &due); err != nil || idle != 2 || due != 0 {
			t.Errorf("%s: %d accounts are known to be idle, %d stretches are due (%v)", when, idle, due, err)
		}
		if before != "" && rows != before {
			t.Errorf("%s: written again", when)
		}
		before = rows
	}
}
