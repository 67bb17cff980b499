package main

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"wheelhouse/internal/faults"
	"wheelhouse/internal/testdb"
	"wheelhouse/internal/testkit"
)

// rounds is the number of windows that two processes compete for.
func rounds() int {
	if testkit.Long() {
		return 100
	}
	return 24
}

// Two processes load the same window, one day in each round. The first process is stopped (SIGSTOP) at a different point of
// its work in each round, until the second one, which must wait for the first one's lease, is done. Then the first process
// continues, and the fence refuses it.
func TestTwoAtOnce(t *testing.T) {
	testkit.SkipIfShort(t, "it stops and resumes dozens of programs")
	t.Parallel()
	rounds := rounds()
	s := newSweep(t, rounds)
	two, one := s.lab(t), s.lab(t)
	s.later.Store(true)
	two.Lease = time.Second // shorter is too short on a busy machine: the second process gives up after two leases

	var stopped, refused atomic.Int64
	var all errgroup.Group
	all.SetLimit(6)            // the programs mostly wait for leases
	if testdb.Sessions() > 0 { // PgBouncer has too few connections for several stopped processes, each of which keeps one
		all.SetLimit(1)
	}
	for n := range rounds {
		all.Go(func() error {
			r := round{lab: two, args: s.load(n, n), at: 30 + n*36/rounds}
			r.play(t)
			if r.asleep() {
				stopped.Add(1)
			}
			if r.stale() {
				refused.Add(1)
			}
			return nil
		})
	}
	_ = all.Wait() // the functions return no errors
	t.Logf("of %d rounds the first process was stopped in %d, and lost its window in %d", rounds, stopped.Load(), refused.Load())
	if stopped.Load() < int64(rounds/2) || refused.Load() < int64(rounds/4) {
		t.Errorf("too few rounds with a competition")
	}
	mustBeLoadedOnce(t, two.dsn)
	one.mustRun(append(s.load(0, rounds-1), "--parallel", "4")...)
	if d := testdb.Read(t, one.dsn).Diff(testdb.Read(t, two.dsn)); d != "" {
		t.Errorf("the warehouse differs from the one of a single process (- want, + got):%s", d)
	}
}

// round is one window that two processes compete for.
type round struct {
	*lab
	args    []string
	at      int // the request at which the first process is stopped
	sleep   sync.Once
	slept   chan struct{}
	resumed atomic.Bool
	first   *program
}

// play stops the first process, lets the second one load the window, and resumes the first.
func (r *round) play(t *testing.T) {
	t.Helper()
	r.slept = make(chan struct{})
	var mu sync.Mutex
	copying := false
	r.first = r.program(func(p *program, at faults.Point) bool {
		mu.Lock()
		defer mu.Unlock()
		// The first process is not stopped during a COPY: the server would wait for its rows without a limit, see load's idle.
		// A lease may be renewed on another connection during a COPY. A COPY that begins between stop and resumption is cut.
		switch {
		case at.What == "end of COPY":
			copying = copying && !at.After
		case strings.HasPrefix(at.What, "COPY"):
			copying = true
			return r.asleep() && !r.resumed.Load()
		case at.N >= r.at && !copying:
			r.sleep.Do(func() { p.signal(syscall.SIGSTOP); close(r.slept) })
		}
		return false
	}, r.args...).start()
	select {
	case <-r.slept:
	case <-r.first.ended:
	}
	second := r.program(nil, r.args...).start()
	if code := second.wait(); code != exitOK {
		t.Errorf("the second process: exit %d\n%s", code, second.output())
	}
	r.resumed.Store(true)
	r.first.signal(syscall.SIGCONT)
	if code := r.first.wait(); code != exitOK {
		t.Errorf("the first process, resumed: exit %d\n%s", code, r.first.output())
	}
}

func (r *round) asleep() bool {
	select {
	case <-r.slept:
		return true
	default:
		return false
	}
}

// stale reports whether the first process lost its window to the second one.
func (r *round) stale() bool {
	return strings.Contains(r.first.output(), "waiting for windows that another process")
}

// mustBeLoadedOnce fails unless each window was written once, by either process, and no load is left running.
func mustBeLoadedOnce(t *testing.T, dsn string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var days, wrong, left, abandoned int
	if err := conn.QueryRow(t.Context(), `
		SELECT count(*), count(*) FILTER (WHERE wrote <> 1),
		       (SELECT count(*) FROM wheelhouse.loads WHERE status = 'running'),
		       (SELECT count(*) FROM wheelhouse.loads WHERE status = 'failed')
		FROM (SELECT span, count(*) FILTER (WHERE rows_updated > 0) AS wrote
		      FROM wheelhouse.loads WHERE status = 'loaded' GROUP BY span) w`).Scan(&days, &wrong, &left, &abandoned); err != nil {
		t.Fatal(err)
	}
	if days != rounds() || wrong != 0 || left != 0 {
		t.Errorf("of %d days %d were not written once; %d loads are still running", days, wrong, left)
	}
	t.Logf("%d loads lost their window", abandoned)
}
