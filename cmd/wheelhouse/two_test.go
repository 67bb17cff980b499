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

// rounds is how many windows two processes want.
func rounds() int {
	if testkit.Long() {
		return 100
	}
	return 24
}

// Two processes load the same window, a round a day; in each round the first is stopped (SIGSTOP) at another point of its
// work until the second, which has to wait for the first one's lease, is done. Then it goes on, and is refused.
func TestTwoAtOnce(t *testing.T) {
	testkit.SkipIfShort(t, "it stops and resumes dozens of programs")
	t.Parallel()
	rounds := rounds()
	s := newSweep(t, rounds)
	two, one := s.lab(t), s.lab(t)
	s.later.Store(true)
	two.Lease = 500 * time.Millisecond

	var stopped, refused atomic.Int64
	var all errgroup.Group
	all.SetLimit(6) // they mostly wait for leases
	for n := range rounds {
		all.Go(func() error {
			r := round{lab: two, args: s.load(n, n), at: 14 + n*36/rounds}
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
	_ = all.Wait() // the tests tell
	t.Logf("of %d rounds the first process was stopped in %d, and found its window taken in %d", rounds, stopped.Load(), refused.Load())
	if stopped.Load() < int64(rounds/2) || refused.Load() < int64(rounds/4) {
		t.Errorf("too few: the test says little")
	}
	mustBeLoadedOnce(t, two.dsn)
	one.mustRun(append(s.load(0, rounds-1), "--parallel", "4")...)
	if d := testdb.Read(t, one.dsn).Diff(testdb.Read(t, two.dsn)); d != "" {
		t.Errorf("the warehouse differs from the one of a single process (- want, + got):%s", d)
	}
}

// round is one window that two processes want.
type round struct {
	*lab
	args  []string
	at    int // the question at which the first is stopped
	sleep sync.Once
	slept chan struct{}
	first *program
}

// play stops the first process, lets the second load the window, and wakes the first.
func (r *round) play(t *testing.T) {
	t.Helper()
	r.slept = make(chan struct{})
	var mu sync.Mutex
	copying := false
	r.first = r.program(func(p *program, at faults.Point) bool {
		mu.Lock()
		defer mu.Unlock()
		// The server waits for the rows of a COPY as long as it takes: see load's idle. One may be under way while a lease is
		// renewed, on another connection; one that is asked for when the process sleeps already does not get there.
		switch {
		case at.What == "end of COPY":
			copying = copying && !at.After
		case strings.HasPrefix(at.What, "COPY"):
			copying = true
			return r.asleep()
		case at.N >= r.at && !copying:
			r.sleep.Do(func() { p.signal(syscall.SIGSTOP); close(r.slept) })
		}
		return false
	}, r.args...).start()
	select {
	case <-r.slept:
	case <-r.first.gone:
	}
	second := r.program(nil, r.args...).start()
	if code := second.wait(); code != exitOK {
		t.Errorf("the second process: exit %d\n%s", code, second.said())
	}
	r.first.signal(syscall.SIGCONT)
	if code := r.first.wait(); code != exitOK {
		t.Errorf("the first process, woken: exit %d\n%s", code, r.first.said())
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

// stale tells whether the first process had the window in hand and found it another's.
func (r *round) stale() bool {
	said := r.first.said()
	return strings.Contains(said, "waiting for windows that another process is loading")
}

// mustBeLoadedOnce fails unless each round wrote its window once, whoever it was, and closed what the other had begun.
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
		t.Errorf("of %d days %d were not written once, and %d loads still run", days, wrong, left)
	}
	t.Logf("%d loads lost their window", abandoned)
}
