package main

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"wheelhouse/internal/faults"
	"wheelhouse/internal/pgserver"
	"wheelhouse/internal/testdb"
	"wheelhouse/internal/testkit"
	"wheelhouse/migrations"
)

// shortLease is how long a window stays a dead program's here.
const shortLease = 2 * time.Second

// Any sequence of faults, kills and concurrent runs, and then runs that succeed: the warehouse is the one without faults.
func TestEquivalence(t *testing.T) {
	testkit.SkipIfShort(t, "it kills programs and crashes servers")
	t.Parallel()
	want := twoRuns.plain(t)
	var mu sync.Mutex
	dealt := map[string]int{}
	var all errgroup.Group
	all.SetLimit(6) // they mostly wait: for leases, silences, paused programs
	for _, seed := range faults.Seeds() {
		run := func(t *testing.T) {
			faults.Replay(t, "TestEquivalence", "./cmd/wheelhouse", seed)
			met := newSchedule(seed, twoRuns, 500).play(t, twoRuns, want)
			mu.Lock()
			defer mu.Unlock()
			for kind, n := range met {
				dealt[kind] += n
			}
		}
		all.Go(func() error { t.Run(fmt.Sprint("seed ", seed), run); return nil })
	}
	_ = all.Wait() // the tests tell
	t.Logf("faults met: %v", dealt)
}

// play runs a schedule, then runs without faults, and compares. It returns how often each fault was met.
func (s schedule) play(t *testing.T, h history, want testdb.Contents) map[string]int {
	t.Helper()
	strike := &striker{t: t, dealt: map[string]int{}}
	if s.crashes {
		strike.server, strike.database = crashable(t)
	} else {
		strike.database = testdb.New(t)
	}
	sim, set := h.account()
	api := faults.NewAPI(sim, s.seed, 2*time.Second)
	l := &lab{t: t, api: api, first: h.day(), hurried: hurried{Lease: shortLease, Backoff: time.Millisecond, Idle: time.Second}}
	strike.tap, l.dsn = faults.NewTap(t, strike.database)

	var programs []*program
	for i, turns := range s.moments {
		l.Now = h.runs[i]
		set(l.Now)
		var now []*program
		for _, turn := range turns {
			now = append(now, l.program(strike.hook(turn.blows), turn.args...).start())
		}
		for _, p := range now {
			p.wait()
		}
		programs = append(programs, now...)
		strike.later.Wait()
	}
	api.Calm()
	strike.tap.Calm()
	l.mustRun("run")

	if d := want.Diff(testdb.Read(t, strike.database)); d != "" {
		t.Errorf("the warehouse differs from the one without faults (- want, + got):%s", d)
	}
	if mustOutlive(t, strike.database) { // what the dead held and nobody needed: the next run clears it away
		l.mustRun("run")
	}
	mustAgree(t, strike.database, h.first, h.last())
	if t.Failed() {
		t.Log(s)
		for _, p := range programs {
			t.Logf("wheelhouse %v: %v\n%s", p.args, p.cmd.ProcessState, p.said())
		}
	}
	maps.Copy(strike.dealt, api.Served())
	return strike.dealt
}

// crashable starts a server that may be crashed, and makes a warehouse on it.
func crashable(t *testing.T) (*pgserver.Server, string) {
	t.Helper()
	server, err := pgserver.Start(t.Context(), pgserver.Options{Settings: map[string]string{"synchronous_commit": "on"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	dsn := server.URL("postgres")
	if _, _, err := migrations.Up(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	return server, dsn
}

// mustOutlive waits until no lease holds, and tells whether there was one.
func mustOutlive(t *testing.T, dsn string) bool {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var leases int
	var left float64
	if err := conn.QueryRow(t.Context(), `
		SELECT count(*), coalesce(extract(epoch FROM max(expires_at) - clock_timestamp()), 0)::float8
		FROM wheelhouse.leases`).Scan(&leases, &left); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Duration(left*float64(time.Second)) + 10*time.Millisecond)
	return leases > 0
}
