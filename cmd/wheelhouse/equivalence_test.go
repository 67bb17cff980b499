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

// shortLease is the time for which a killed program keeps its windows in these tests.
const shortLease = 2 * time.Second

// After any sequence of faults, kills and concurrent runs, successful runs give the same warehouse as without faults.
func TestEquivalence(t *testing.T) {
	testkit.SkipIfShort(t, "it kills programs and crashes servers")
	t.Parallel()
	want := twoRuns.plain(t)
	var mu sync.Mutex
	injected := map[string]int{}
	var all errgroup.Group
	all.SetLimit(6) // the programs mostly wait for leases, silent answers and paused programs
	for _, seed := range faults.Seeds() {
		run := func(t *testing.T) {
			faults.Replay(t, "TestEquivalence", "./cmd/wheelhouse", seed)
			seen := newSchedule(seed, twoRuns, 500).play(t, twoRuns, want)
			mu.Lock()
			defer mu.Unlock()
			for name, n := range seen {
				injected[name] += n
			}
		}
		all.Go(func() error { t.Run(fmt.Sprint("seed ", seed), run); return nil })
	}
	_ = all.Wait() // failures are reported by the subtests
	t.Logf("faults: %v", injected)
}

// play runs a schedule, then a run without faults, and compares the warehouse. It returns how often each fault happened.
func (s schedule) play(t *testing.T, h history, want testdb.Contents) map[string]int {
	t.Helper()
	inj := &injector{t: t, injected: map[string]int{}}
	if s.crashes {
		inj.server, inj.database = crashable(t)
	} else {
		inj.database = testdb.New(t)
	}
	sim, set := h.account()
	api := faults.NewAPI(sim, s.seed, 2*time.Second)
	l := &lab{t: t, api: api, first: h.day(), testTiming: testTiming{Lease: shortLease, Backoff: time.Millisecond, Idle: time.Second}}
	inj.link, l.dsn = faults.NewBadLink(t, inj.database)

	var programs []*program
	for i, launches := range s.moments {
		l.Now = h.runs[i]
		set(l.Now)
		var now []*program
		for _, launch := range launches {
			now = append(now, l.program(inj.hook(launch.faults), launch.args...).start())
		}
		for _, p := range now {
			p.wait()
		}
		programs = append(programs, now...)
		inj.later.Wait()
	}
	api.Stop()
	inj.link.Clear()
	l.mustRun("run")

	if d := want.Diff(testdb.Read(t, inj.database)); d != "" {
		t.Errorf("the warehouse differs from the one without faults (- want, + got):%s", d)
	}
	if awaitLeases(t, inj.database) { // leases that a killed program left and no later one needed: the next run removes them
		l.mustRun("run")
	}
	mustBeConsistent(t, inj.database, h.first, h.last())
	if t.Failed() {
		t.Log(s)
		for _, p := range programs {
			t.Logf("wheelhouse %v: %v\n%s", p.args, p.cmd.ProcessState, p.output())
		}
	}
	maps.Copy(inj.injected, api.Served())
	return inj.injected
}

// crashable starts a server of the test's own, which it may crash, and makes a warehouse on it.
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

// awaitLeases waits until all leases have expired, and reports whether there were any.
func awaitLeases(t *testing.T, dsn string) bool {
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
