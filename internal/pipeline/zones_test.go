package pipeline

import (
	"fmt"
	"testing"
	"time"

	"wheelhouse/internal/settings"
	"wheelhouse/internal/simulator"
)

// From the API to the views, in zones with unusual days: without a midnight, with two of them, of 23, 24½ and 25 hours, and with a
// date that was left out. Postgres, which has its own calendar, must compute the same days.
func TestOddDaysFromEndToEnd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		zone, first, last string
		days              int
	}{
		{"America/Havana", "2026-03-07", "2026-03-09", 3},      // begins at 01:00
		{"America/Havana", "2026-10-31", "2026-11-02", 3},      // two midnights
		{"America/Santiago", "2026-09-05", "2026-09-07", 3},    // begins at 01:00
		{"Australia/Lord_Howe", "2026-04-04", "2026-04-06", 3}, // half an hour more
		{"Pacific/Apia", "2011-12-28", "2012-01-01", 4},        // no 30th of December
	} {
		t.Run(tt.zone+" "+tt.first, func(t *testing.T) {
			t.Parallel()
			zone := mustZone(t, tt.zone)
			from, to := startOf(date(tt.first), zone), startOf(date(tt.last).AddDate(0, 0, 1), zone)
			now := to.Add(30 * time.Hour)
			sim := newSimulator(now, 12, func(o *simulator.Options) { o.Agents = 8 })
			b := newBench(t, sim, now, func(a *settings.Account) { a.Zone, a.HistoryFrom = zone, from })
			r := Range{First: date(tt.first), Last: date(tt.last), Now: now}
			b.mustRun(r)
			if again := b.mustRun(r); again.Windows != 0 {
				t.Errorf("a second time: %+v", again)
			}
			b.want(fmt.Sprintf("true|%d|true", tt.days), `
				SELECT count(*) = (SELECT count(*) FROM wheelhouse.streams WHERE grain <> 'snapshot'), max(n), bool_and(whole) FROM (
					SELECT count(*) AS n, range_agg(span) = tstzmultirange(tstzrange($1, $2))
					                      AND sum(upper(span) - lower(span)) = $2::timestamptz - $1::timestamptz AS whole
					FROM wheelhouse.loads JOIN wheelhouse.streams USING (stream) WHERE grain <> 'snapshot' GROUP BY stream) s`, from, to)
			b.want(fmt.Sprint(tt.days), "SELECT count(*) FROM crankwheel.demo_cancellations_daily")
			b.want("", "SELECT DISTINCT stream, day::text, status FROM bi.coverage WHERE day BETWEEN $1 AND $2 AND status <> 'loaded'", date(tt.first), date(tt.last))
			// Each day's visits are those of the same day in Postgres.
			b.want("", `
				SELECT day::text, e.visits, v.visits
				FROM (SELECT day, sum(visits) AS visits FROM crankwheel.share_engagement_daily GROUP BY day) e
				FULL JOIN (SELECT (visited_at AT TIME ZONE $1)::date AS day, count(*) AS visits FROM crankwheel.share_visits
				           WHERE visited_at >= $2 AND visited_at < $3 GROUP BY 1) v USING (day)
				WHERE e.visits IS DISTINCT FROM v.visits`, tt.zone, from, to)
			if n := b.count("crankwheel.share_visits"); n == 0 {
				t.Error("no visits: the days show nothing")
			}

			utc := newBench(t, sim, now, func(a *settings.Account) { a.HistoryFrom = from })
			utc.mustRun(Range{First: dayOf(from, time.UTC), Last: dayOf(to, time.UTC), Now: now})
			for _, q := range []string{
				"SELECT session_id::text FROM crankwheel.screen_sessions WHERE started_at >= $1 AND started_at < $2 ORDER BY 1",
				"SELECT demo_id FROM crankwheel.demo_requests WHERE started_at >= $1 AND started_at < $2 ORDER BY 1",
				"SELECT slug, visit_id FROM crankwheel.share_visits WHERE visited_at >= $1 AND visited_at < $2 ORDER BY 1, 2",
			} {
				if here, there := b.lines(q, from, to), utc.lines(q, from, to); fmt.Sprint(here) != fmt.Sprint(there) {
					t.Errorf("%s\n%d rows by the zone's days, %d by UTC's", q, len(here), len(there))
				}
			}
		})
	}
}
