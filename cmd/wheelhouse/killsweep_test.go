package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"wheelhouse/internal/faults"
	"wheelhouse/internal/simulator"
	"wheelhouse/internal/testdb"
	"wheelhouse/internal/testkit"
)

// sweep has one day of sessions for each point at which a load is killed. Each day has two states: the first one, and a
// later one with a session changed, one deleted and one added.
type sweep struct {
	first time.Time
	days  int
	later atomic.Bool
	apis  [2]http.Handler
}

func newSweep(t *testing.T, days int) *sweep {
	t.Helper()
	s := &sweep{first: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), days: days}
	for i := range s.apis {
		sim := simulator.New(simulator.Options{Seed: 5, Agents: 2, APIKey: key, From: s.first, Density: .01,
			Now: func() time.Time { return s.day(days) }})
		for n := range days {
			if _, err := sim.Mutate(s.day(n), sessions(i == 1)); err != nil {
				t.Fatal(err)
			}
		}
		s.apis[i] = sim
	}
	return s
}

func (s *sweep) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.later.Load() {
		s.apis[1].ServeHTTP(w, r)
		return
	}
	s.apis[0].ServeHTTP(w, r)
}

func (s *sweep) day(n int) time.Time { return s.first.AddDate(0, 0, n) }

// sessions makes a day's sessions: 1, 2 and 3, and later 11, 3 and 4.
func sessions(later bool) func(*simulator.Day) {
	return func(d *simulator.Day) {
		d.Sessions = nil
		add := func(hour, viewers int) {
			at := d.Begin.Add(time.Duration(hour) * time.Hour)
			d.Sessions = append(d.Sessions, simulator.Session{
				Agent: "agent@example.com", StartedAt: at, EndedAt: at.Add(time.Minute), MaxViewers: viewers, Viewers: viewers,
				Logs: []simulator.Log{{At: at.Add(time.Second), Email: "agent@example.com", Kind: "screen"}},
			})
		}
		if !later {
			add(1, 1)
			add(2, 2)
		} else {
			add(1, 11)
		}
		add(3, 3)
		if later {
			add(4, 4)
		}
	}
}

// load is the command that loads days again.
func (s *sweep) load(from, to int) []string {
	return []string{"backfill", "--force", "--streams", "usage_new",
		"--from", s.day(from).Format(time.DateOnly), "--to", s.day(to).Format(time.DateOnly)}
}

// lab makes a warehouse in which the first state of all days is loaded.
func (s *sweep) lab(t *testing.T) *lab {
	t.Helper()
	l := s.empty(t)
	l.mustRun(append(s.load(0, s.days-1), "--parallel", "4")...)
	return l
}

// empty makes a warehouse without any of the days.
func (s *sweep) empty(t *testing.T) *lab {
	t.Helper()
	return &lab{t: t, api: s, dsn: testdb.New(t), first: s.first.Format(time.DateOnly),
		testTiming: testTiming{Now: s.day(s.days), Lease: shortLease, Backoff: time.Millisecond, Idle: time.Minute}}
}

// A load is killed at every request to the API and to Postgres: before the request or before its response, in the long
// tests at both. Each time all of the window is loaded or nothing, and one more run gives the same warehouse as without the kill.
func TestKillSweep(t *testing.T) {
	testkit.SkipIfShort(t, "it kills dozens of programs")
	t.Parallel()
	const points = 72 // more than a load has
	s := newSweep(t, 2*points)
	faulty, plain := s.lab(t), s.lab(t)
	s.later.Store(true)
	faulty.Lease = 8 * time.Second // no renewal in between, so that the requests come in the same order each time

	killed := faulty.killAtEachPoint(points, func(n int) []string { return s.load(n, n) })
	mustHaveKilledAt(t, killed, "GET /ss/api/usage_new", "COPY", "end of COPY", "COPY crankwheel.screen_sessions",
		"UPDATE crankwheel.screen_sessions", "DELETE FROM wheelhouse.leases", "commit")
	s.mustBeWhole(t, faulty.dsn)
	faulty.mustRun(append(s.load(0, s.days-1), "--parallel", "4")...)
	plain.mustRun(append(s.load(0, s.days-1), "--parallel", "4")...)
	if d := testdb.Read(t, plain.dsn).Diff(testdb.Read(t, faulty.dsn)); d != "" {
		t.Errorf("the warehouse differs from the one without kills (- want, + got):%s", d)
	}
}

// Windows are loaded for the first time, two at a time, by copying straight into the tables. Each is loaded whole or not at all.
func TestKillSweepOfFirstLoads(t *testing.T) {
	testkit.SkipIfShort(t, "it kills dozens of programs")
	t.Parallel()
	const points = 76 // more than a load has
	s := newSweep(t, 4*points)
	faulty, plain := s.empty(t), s.empty(t)
	faulty.Lease = 8 * time.Second
	killed := faulty.killAtEachPoint(points, func(n int) []string { return append(s.load(2*n, 2*n+1), "--parallel", "1") })
	// On a busy machine the two windows do not share a transaction, so the requests at the end of a load have no fixed number.
	mustHaveKilledAt(t, killed, "GET /ss/api/usage_new", "COPY crankwheel.screen_sessions", "COPY crankwheel.screen_session_events",
		"end of COPY", "DELETE FROM wheelhouse.leases", "commit")
	states := s.states(t, faulty.dsn)
	if whole := states["1:1 2:1 3:1, loaded 1"]; len(states) != 1 || whole == 0 || whole == s.days {
		t.Errorf("the %d days are %v", s.days, states)
	}
	faulty.mustRun(append(s.load(0, s.days-1), "--parallel", "4")...)
	plain.mustRun(append(s.load(0, s.days-1), "--parallel", "4")...)
	if d := testdb.Read(t, plain.dsn).Diff(testdb.Read(t, faulty.dsn)); d != "" {
		t.Errorf("the warehouse differs from the one without kills (- want, + got):%s", d)
	}
}

// atStart is the number of requests with which a program starts, which only read.
const atStart = 20

// killAtEachPoint kills a new load at each of the requests: before one and after the next, in the long tests before and
// after each.
func (l *lab) killAtEachPoint(points int, load func(n int) []string) map[string]bool {
	l.t.Helper()
	var mu sync.Mutex
	killed := map[string]bool{}
	kills, last := 0, 0
	var all errgroup.Group
	all.SetLimit(4)
	for n := range 2 * points {
		if !testkit.Long() && (n%2 != n/2%2 || n < 2*atStart) {
			continue
		}
		all.Go(func() error {
			l.killAt(func(at faults.Point) bool {
				if at.N != n/2+1 || at.After != (n%2 == 1) {
					return false
				}
				mu.Lock()
				defer mu.Unlock()
				killed[fmt.Sprint(at.After, " ", at.What)] = true
				kills++
				last = max(last, at.N)
				return true
			}, load(n)...)
			return nil
		})
	}
	_ = all.Wait() // the functions return no errors
	l.t.Logf("killed %d times, at %d requests and their responses", kills, last)
	return killed
}

func mustHaveKilledAt(t *testing.T, killed map[string]bool, requests ...string) {
	t.Helper()
	sides := []string{""} // either
	if testkit.Long() {
		sides = []string{"true ", "false "}
	}
	for _, what := range requests {
		for _, after := range sides {
			if !slices.ContainsFunc(slices.Collect(maps.Keys(killed)), func(k string) bool { return strings.HasPrefix(k, after) && strings.Contains(k, what) }) {
				t.Errorf("killed at %d points, but not (after: %s) at %s", len(killed), after, what)
			}
		}
	}
}

// mustBeWhole fails unless each day has the first or the later state, and the ledger has the loads to match.
func (s *sweep) mustBeWhole(t *testing.T, dsn string) {
	t.Helper()
	states := s.states(t, dsn)
	before, after := states["1:1 2:1 3:1, loaded 1"], states["11:1 2x:1 3:1 4:1, loaded 2"]
	if before+after != s.days || before == 0 || after == 0 {
		t.Errorf("of %d days %d are as before and %d as after: %v", s.days, before, after, states)
	}
	t.Logf("after the kills %d days were as before and %d as after", before, after)
}

// states counts the days by their sessions and by the number of their loads in the ledger.
func (s *sweep) states(t *testing.T, dsn string) map[string]int {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), `
		SELECT coalesce(string_agg(max_viewers || CASE WHEN deleted_at IS NULL THEN '' ELSE 'x' END
		                || ':' || (SELECT count(*) FROM crankwheel.screen_session_events e WHERE e.session_id = s.session_id), ' ' ORDER BY started_at), ''),
		       coalesce(loads, 0)
		FROM (SELECT span, count(*) AS loads FROM wheelhouse.loads WHERE status = 'loaded' GROUP BY 1) l
		FULL JOIN crankwheel.screen_sessions s ON lower(span) = date_trunc('day', started_at, 'UTC')
		GROUP BY coalesce(lower(span), date_trunc('day', started_at, 'UTC')), loads`)
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]int{}
	var state string
	var loads int
	if _, err := pgx.ForEachRow(rows, []any{&state, &loads}, func() error {
		states[fmt.Sprint(state, ", loaded ", loads)]++
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return states
}
