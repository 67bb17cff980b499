package load_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/rollup"
	"wheelhouse/internal/rollup/rolluptest"
	"wheelhouse/load"
	"wheelhouse/transform"
)

// refresh refreshes the rollups. The views agree with the rows before and after.
func (s *scene) refresh(when string) {
	s.Helper()
	rolluptest.Check(s.T, s.dsn, when+", dirty")
	if _, err := rollup.Refresh(s.Context(), s.conn); err != nil {
		s.Fatal(err)
	}
	rolluptest.Check(s.T, s.dsn, when+", refreshed")
}

// dirtyDays returns the days that have a mark.
func (s *scene) dirtyDays() (days string) {
	s.Helper()
	if err := s.conn.QueryRow(s.Context(), `SELECT coalesce(string_agg(DISTINCT day::text, ' '), '') FROM wheelhouse.dirty_days`).Scan(&days); err != nil {
		s.Fatal(err)
	}
	return days
}

// After a change of the reporting zone, a day that had sessions in the old zone may have none in the new one.
func TestDaysThatAnotherZoneEmpties(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	s.exec(`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2026-03-01')`)
	at := func(day, hour int) transform.ScreenSession {
		x := lasting(worldBegins.AddDate(0, 0, day).Add(time.Duration(hour)*time.Hour), time.Minute)
		x.DurationSeconds = sql.Null[int32]{V: 60, Valid: true}
		return x
	}
	// The second day's only session is late in the evening: in Tokyo it is the third day's.
	for day, hour := range []int{3, 23, 3} {
		if c := s.warehouse.Commit(t.Context(), s.ready(load.UsageNew, day, at(day, hour)))[0]; c.Err != nil {
			t.Fatal(c.Err)
		}
	}
	s.refresh("in UTC")
	s.exec(`UPDATE wheelhouse.accounts SET timezone = 'Asia/Tokyo'`)
	s.refresh("in Tokyo")
	s.exec(`UPDATE wheelhouse.accounts SET timezone = 'UTC'`)
	s.refresh("in UTC again")
}

// A day may begin between two minutes: until 1972 Liberia's days did.
func TestDaysThatBeginBetweenMinutes(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	s.exec(`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'Africa/Monrovia', '1971-01-01')`)
	midnight := time.Date(1971, 5, 10, 0, 44, 30, 0, time.UTC)
	if c := s.warehouse.Commit(t.Context(), s.ready(load.UsageNew, 0, lasting(midnight.Add(20*time.Second), time.Minute)))[0]; c.Err != nil {
		t.Fatal(c.Err)
	}
	if days := s.dirtyDays(); days != "1971-05-10" {
		t.Errorf("dirty are %s", days)
	}
	if c := s.warehouse.Commit(t.Context(), s.ready(load.UsageNew, 1, lasting(midnight.Add(-time.Second), time.Minute), lasting(midnight.Add(time.Hour), time.Minute)))[0]; c.Err != nil {
		t.Fatal(c.Err)
	}
	if days := s.dirtyDays(); days != "1971-05-09 1971-05-10" {
		t.Errorf("dirty are %s", days)
	}
}

// Rows of a broken answer mark no day.
func TestForgottenSessionsMarkNoDay(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	day := s.ready(load.UsageNew, 0, lasting(worldBegins.Add(time.Hour), time.Minute))
	for _, start := range []time.Time{time.Unix(0, 0), worldBegins.Add(2 * time.Hour)} { // the second is another attempt at the same answer
		day.Batch.Begin()
		if err := day.Batch.Session(lasting(start, time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	day.Batch.Commit()
	if c := s.warehouse.Commit(t.Context(), day)[0]; c.Err != nil || c.Counts.Inserted != 2 {
		t.Fatal(c)
	}
	if days, want := s.dirtyDays(), worldBegins.Format(time.DateOnly); days != want {
		t.Errorf("dirty are %s, want %s", days, want)
	}
}

// A load of requests marks each day of a row that it writes: days of its window, days of rows that began outside of the window, and
// the day on which a moved request was before. Days between them stay clean.
func TestRequestsThatMoveMarkBothDays(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	s.exec(`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2026-03-01')`)
	at := func(day int) time.Time { return worldBegins.AddDate(0, 0, day).Add(9 * time.Hour) }
	loadRequests := func(when, dirty string, window int, started ...time.Time) {
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
		if days := s.dirtyDays(); days != dirty {
			t.Errorf("%s: dirty are %s, want %s", when, days, dirty)
		}
		s.refresh(when)
	}
	loadRequests("first", "2026-03-09", 0, at(0), at(0))
	loadRequests("one from another day", "2026-03-09 2026-03-14 2026-03-29", 5, at(5), at(20))
	loadRequests("moved back", "2026-03-11 2026-03-14 2026-03-21 2026-03-29", 12, at(12), at(2))
}

// A row of a daily table marks its own day, even if that day is over in the account's zone before the load's window begins.
func TestRowsOfDailyTablesMarkTheirDay(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	s.exec(`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'Pacific/Auckland', '2026-03-01');
		INSERT INTO crankwheel.share_usage_daily (account_id, day, agent_email, shares, plays, load_id, loaded_at) VALUES ('a', '2026-03-11', 'a@x.com', 1, 1, 1, now());
		SELECT wheelhouse.mark_dirty('a', 1, '{}', ARRAY['2026-03-11'::date])`)
	s.exec(`UPDATE wheelhouse.accounts SET timezone = 'Pacific/Pago_Pago'`)
	s.refresh("in Pago Pago")
	day := time.Date(2026, 3, 11, 0, 0, 0, 0, time.UTC)
	win := ledger.Window{Account: "a", Stream: load.UsageShares.Stream, From: day.Add(11 * time.Hour), To: day.Add(35 * time.Hour), Day: day}
	claims, err := s.warehouse.Ledger.Claim(t.Context(), s.run, ledger.Due{Window: win, Known: 1 << 62})
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
	if c := s.warehouse.Commit(t.Context(), load.Ready{Claim: claims[0], Batch: b})[0]; c.Err != nil || c.Counts.Updated != 1 {
		t.Fatalf("%+v", c)
	}
	if days := s.dirtyDays(); !strings.Contains(days, "2026-03-11") {
		t.Errorf("dirty are %s, want 2026-03-11 among them", days)
	}
	s.refresh("loaded")
}

// A session that runs for months is in the answer of every day. The days between its own and the answer's stay clean. Its own day is
// marked only if the session changed.
func TestLongSessionsLeaveDaysBetweenAlone(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	s.exec(`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'America/New_York', '2026-03-01')`)
	long := transform.ScreenSession{AgentEmail: "long@x.com", StartedAt: worldBegins.AddDate(0, 0, -100).Add(12 * time.Hour)}
	for day, x := range []struct {
		viewers int32
		marked  bool // the day on which the session began
	}{{1, true}, {1, false}, {2, true}} {
		long.Viewers = sql.Null[int32]{V: x.viewers, Valid: true}
		c := s.warehouse.Commit(t.Context(), s.ready(load.UsageNew, day, long, lasting(worldBegins.AddDate(0, 0, day).Add(12*time.Hour), time.Minute)))[0]
		if c.Err != nil {
			t.Fatal(c.Err)
		}
		want := worldBegins.AddDate(0, 0, day).Format(time.DateOnly)
		if x.marked {
			want = long.StartedAt.Format(time.DateOnly) + " " + want
		}
		if days := s.dirtyDays(); days != want {
			t.Errorf("day %d: dirty are %s, want %s", day, days, want)
		}
		s.refresh("loaded")
	}
}
