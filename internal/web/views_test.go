package web

import (
	"context"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/rollup"
	"wheelhouse/internal/rollup/rolluptest"
	"wheelhouse/internal/simulator"
	"wheelhouse/internal/testdb"
)

// viewRows are the queries that read each view's rows, to compare them with the facts.
var viewRows = map[string]string{
	"demo_cancellations_daily": `SELECT day, canceled FROM bi.demo_cancellations_daily`,
	"demo_response_hourly": `SELECT day, weekday, hour, requested, answered, never_answered, seconds_to_respond::numeric(20,4), median_seconds_to_respond::numeric(20,4), p90_seconds_to_respond::numeric(20,4)
		FROM bi.demo_response_hourly`,
	"campaign_daily": `SELECT day, origin_channel, origin_name, utm_source, utm_medium, utm_campaign, requested, answered, call_confirmed, screen_shared, seconds_to_respond::numeric(20,4)
		FROM bi.campaign_daily`,
	"handled": `SELECT day, agent_email, demos_handled, demos_answered, demos_call_confirmed, demos_screen_shared, seconds_to_respond::numeric(20,4)
		FROM bi.agent_daily WHERE demos_handled > 0`,
	"session_daily": `SELECT day, agent_email, sessions, session_seconds, viewers, max_viewers, rtc_seconds, webcam_seconds, recordings FROM bi.session_daily`,
	"agent_daily: sessions": `SELECT day, agent_email, sessions, session_seconds, viewers, max_viewers, rtc_seconds, webcam_seconds, recordings
		FROM bi.agent_daily WHERE sessions > 0`,
	"agent_daily: sharing":  `SELECT day, agent_email, shares, plays FROM bi.agent_daily WHERE shares + plays > 0`,
	"share_usage_daily":     `SELECT day, agent_email, shares, plays FROM bi.share_usage_daily`,
	"screen_session_events": `SELECT agent_email, kind, content_id, content_name, count(*) FROM bi.screen_session_events GROUP BY 1, 2, 3, 4`,
	"shares": `SELECT slug, content_id, content_name, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), created_by_email, created_by_name, segment,
		has_cta::text, floor(content_runtime_seconds), customer_account_id, access_sharing_enabled::text FROM bi.shares`,
	"share_visits": `SELECT slug, visit_id, day, to_char(visited_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), played::text, percent_watched::numeric(20,4),
		watch_time_seconds::numeric(20,4), cta_clicked::text FROM bi.share_visits`,
	"share_engagement_daily": `SELECT day, slug, visits, plays, cta_clicks FROM bi.share_engagement_daily`,
	"users":                  `SELECT email, privilege, in_demo_pool::text FROM bi.users`,
	"agents":                 `SELECT agent_email FROM bi.agents`,
}

// truth is the name of a view's facts, if different from its own.
var truth = map[string]string{"agent_daily: sessions": "session_daily", "agent_daily: sharing": "share_usage_daily"}

// check compares every view with the facts, as wheelhouse_reader.
func (f *facts) check(t *testing.T, dsn, when string) {
	t.Helper()
	conn := dial(t, dsn)
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "SET ROLE wheelhouse_reader"); err != nil {
		t.Fatal(err)
	}
	for view, query := range viewRows {
		name := view
		if truth[view] != "" {
			name = truth[view]
		}
		got, want := textRows(t, conn, query), slices.Sorted(slices.Values(f.rows[name]))
		if len(want) == 0 {
			t.Errorf("%s: %s: the facts have nothing to compare with", when, view)
		}
		reported := 0
		for _, pair := range []struct {
			sign string
			a, b []string
		}{{"should be there", want, got}, {"should not be there", got, want}} {
			for _, row := range pair.a {
				if _, found := slices.BinarySearch(pair.b, row); !found && reported < 6 {
					reported++
					t.Errorf("%s: %s: %s: %s", when, view, pair.sign, row)
				}
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %s: %d rows, want %d", when, view, len(got), len(want))
		}
	}
}

// textRows reads rows as text, in the format of psql, sorted.
func textRows(t *testing.T, conn *pgx.Conn, query string) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), query, pgx.QueryResultFormats{pgx.TextFormatCode})
	if err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	defer rows.Close()
	all := []string{}
	for rows.Next() {
		var row []string
		for _, raw := range rows.RawValues() {
			if raw == nil {
				raw = []byte("∅")
			}
			row = append(row, string(raw))
		}
		all = append(all, strings.Join(row, "|"))
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	slices.Sort(all)
	return all
}

// seller is a simulated account in a zone, loaded up to a time.
type seller struct {
	*warehouse
	sim  *simulator.Simulator
	zone *time.Location
	from time.Time
}

// sell loads a simulated account, from midnight of a day of its zone up to now.
func sell(t *testing.T, o simulator.Options, zone, from, now string) *seller {
	t.Helper()
	var err error
	s := &seller{warehouse: &warehouse{t: t, dsn: testdb.NewDirect(t)}} // its tests set roles and keep locks
	if s.zone, err = time.LoadLocation(zone); err != nil {
		t.Fatal(err)
	}
	if s.from, err = time.ParseInLocation(time.DateOnly, from, s.zone); err != nil {
		t.Fatal(err)
	}
	if s.now, err = time.ParseInLocation("2006-01-02 15:04", now, s.zone); err != nil {
		t.Fatal(err)
	}
	o.APIKey, o.Zone, o.From, o.Until, o.Now = testKey, s.zone, s.from, s.now, func() time.Time { return s.now }
	s.sim = simulator.New(o)
	api := httptest.NewServer(s.sim)
	t.Cleanup(api.Close)
	s.load(api.URL, zone, from)
	return s
}

// truth is the facts of the account now.
func (s *seller) truth() *facts { return factsOf(s.sim, s.zone, s.from, s.now) }

// Each view matches the facts, for accounts with several zones and seeds, also on days with clock changes.
func TestViewsMatchTheFacts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		seed            uint64
		zone, from, now string
	}{
		"spring in New York":  {11, "America/New_York", "2025-03-06", "2025-03-11 15:30"},
		"autumn in Berlin":    {12, "Europe/Berlin", "2025-10-23", "2025-10-27 11:05"},
		"half an hour's zone": {14, "Asia/Kolkata", "2025-06-03", "2025-06-05 19:10"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sell(t, simulator.Options{Seed: c.seed, Agents: 6, Density: 2}, c.zone, c.from, c.now)
			f := s.truth()
			f.check(t, s.dsn, "with rollups")
			s.exec("TRUNCATE wheelhouse.agent_daily, wheelhouse.request_hours, wheelhouse.video_daily")
			f.check(t, s.dsn, "without rollups")
		})
	}
}

// Views that read rollups match the rows, whatever is loaded, changed and deleted, and however often the rollups are
// refreshed.
func TestRollupsFollowWhatIsLoaded(t *testing.T) {
	t.Parallel()
	s := sell(t, simulator.Options{Seed: 21, Agents: 5}, "America/New_York", "2025-03-06", "2025-03-11 15:30")
	check := func(when string) { t.Helper(); rolluptest.Check(t, s.dsn, when) }
	dirty := func() string { return s.sql(`SELECT count(*) FROM wheelhouse.dirty_days`) }
	refresh := func() {
		t.Helper()
		if _, err := rollup.Refresh(t.Context(), s.runner.Warehouse.Pool()); err != nil || dirty() != "0" {
			t.Error(err, dirty())
		}
	}
	check("loaded")
	if dirty() != "0" {
		t.Errorf("%s days are dirty after a pass", dirty())
	}
	// While another process refreshes, a pass loads and leaves its days dirty.
	busy := dial(t, s.dsn)
	defer busy.Close(context.Background())
	if _, err := busy.Exec(t.Context(), `SELECT pg_advisory_lock(hashtext('wheelhouse.rollups'), hashtext(account_id)) FROM wheelhouse.accounts`); err != nil {
		t.Fatal(err)
	}
	for i, at := range []time.Time{s.from.AddDate(0, 0, 5).Add(12 * time.Hour), s.from.AddDate(0, 0, 4).Add(12 * time.Hour)} {
		if _, err := s.sim.Mutate(at, func(d *simulator.Day) {
			d.Sessions = d.Sessions[i+1:]
			added := d.Sessions[0]
			added.Agent, added.StartedAt = "new@acme.example", d.Begin.Add(time.Hour)
			added.EndedAt = added.StartedAt.Add(time.Minute)
			d.Sessions = append(d.Sessions, added)
			d.Requests = d.Requests[1:]
			d.Requests[0].StartedAt = d.Requests[0].StartedAt.Add(-3 * time.Minute)
			d.Shares = d.Shares[1:]
		}); err != nil {
			t.Fatal(err)
		}
	}
	s.again(6)
	if dirty() == "0" {
		t.Error("no day is dirty")
	}
	check("changed, not refreshed")
	if got := s.sql(`SELECT sum(sessions) FROM bi.session_daily WHERE agent_email = 'new@acme.example'`); got != "2" {
		t.Errorf("the new agent has %s sessions", got)
	}
	visit(t, s.dsn, nil).page("/agent?email=new%40acme.example&from=2025-03-06&to=2025-03-11")
	if _, err := busy.Exec(t.Context(), `SELECT pg_advisory_unlock_all()`); err != nil {
		t.Fatal(err)
	}
	refresh()
	check("changed, refreshed")
	s.exec(`UPDATE wheelhouse.accounts SET timezone = 'Asia/Tokyo'`)
	check("in another zone, not refreshed")
	refresh()
	check("in another zone, refreshed")
	if diff := s.sql(`SELECT count(*) FROM crankwheel.demo_requests WHERE local_day <> (started_at AT TIME ZONE 'Asia/Tokyo')::date
		OR local_hour <> extract(hour FROM started_at AT TIME ZONE 'Asia/Tokyo')`); diff != "0" {
		t.Errorf("%s requests are on days of another zone", diff)
	}
}

// again loads the last days again.
func (s *seller) again(days int) {
	s.t.Helper()
	last := s.now.In(s.zone)
	within := func(a *pipeline.Account) pipeline.Range {
		r := a.Nightly(s.now)
		r.First, r.Force = time.Date(last.Year(), last.Month(), last.Day()-days+1, 0, 0, 0, 0, time.UTC), true
		return r
	}
	result, err := s.runner.Run(s.t.Context(), "backfill", []*pipeline.Account{s.opened}, []string{"usage_new", "demo_usage", "usage_shares", "shares"}, within)
	if err != nil || !result.OK() {
		s.t.Fatalf("%+v, %v", result, err)
	}
}
