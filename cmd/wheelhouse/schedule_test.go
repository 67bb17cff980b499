package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/faults"
	"wheelhouse/internal/pgserver"
)

// fault is what happens to a program at its nth request.
type fault struct {
	at    int
	after bool // at the response
	name  string
}

func (f fault) String() string { return fmt.Sprintf("%s at %d", f.name, f.at) }

// faultNames are all faults. SIGKILL occurs twice, so that it is chosen more often.
var faultNames = []string{
	"lose the request", "lose the response", "latency", "pieces", "reset", "cut off", "terminate backends", "crash",
	"pause", "SIGTERM", "SIGKILL", "SIGKILL",
}

// schedule is the faults of one seed: at each moment of a history one or two programs, each with its faults.
type schedule struct {
	seed    uint64
	crashes bool // the schedule has a server of its own, which crashes
	moments [][]launch
}

type launch struct {
	args   []string
	faults []fault
}

// newSchedule makes a seed's schedule. calls is roughly the number of requests of one run.
func newSchedule(seed uint64, h history, calls int) schedule {
	r := faults.Rand(seed, "schedule")
	s := schedule{seed: seed, crashes: seed%6 == 0}
	for range h.runs {
		var launches []launch
		for range faults.Int(r, 1, 2) {
			launches = append(launches, newLaunch(r, h, calls))
		}
		s.moments = append(s.moments, launches)
	}
	if s.crashes {
		first := &s.moments[0][0]
		first.faults = append([]fault{{faults.Int(r, 10, calls/2), false, "crash"}}, first.faults...)
	}
	return s
}

func newLaunch(r *rand.Rand, h history, calls int) launch {
	t := launch{args: []string{"run"}}
	if r.IntN(5) == 0 {
		t.args = []string{"backfill", "--from", h.day(), "--to", h.first.AddDate(0, 0, 2).Format(time.DateOnly)}
		if r.IntN(2) == 0 {
			t.args = append(t.args, "--force")
		}
	}
	for range faults.Int(r, 0, 3) {
		t.faults = append(t.faults, fault{faults.Int(r, 1, calls), r.IntN(2) == 0, faultNames[r.IntN(len(faultNames))]})
	}
	return t
}

func (s schedule) String() string {
	var b strings.Builder
	for i, launches := range s.moments {
		for _, t := range launches {
			fmt.Fprintf(&b, "moment %d: %s: %v\n", i+1, strings.Join(t.args, " "), t.faults)
		}
	}
	return b.String()
}

// injector injects a schedule's faults.
type injector struct {
	t        *testing.T
	link     *faults.BadLink
	database string           // without the link
	server   *pgserver.Server // nil: shared, not to be crashed
	later    sync.WaitGroup   // the ends of temporary faults

	mu       sync.Mutex
	injected map[string]int
}

// hook injects the faults of a launch at their requests.
func (s *injector) hook(todo []fault) func(*program, faults.Point) bool {
	var mu sync.Mutex
	todo = slices.Clone(todo)
	return func(p *program, at faults.Point) (cut bool) {
		mu.Lock()
		var due []string
		for i, b := range todo {
			if b.name != "" && at.N >= b.at && at.After == b.after {
				due = append(due, b.name)
				todo[i].name = ""
			}
		}
		mu.Unlock()
		for _, name := range due {
			cut = s.inject(name, p) || cut
		}
		return cut
	}
}

func (s *injector) inject(name string, p *program) (cut bool) {
	s.mu.Lock()
	s.injected[name]++
	s.mu.Unlock()
	switch name {
	case "lose the request", "lose the response":
		return true
	case "latency":
		s.disturb(faults.LinkFaults{Latency: 60 * time.Millisecond})
	case "pieces":
		s.disturb(faults.LinkFaults{Piece: 20, Latency: 100 * time.Microsecond})
	case "reset":
		s.disturb(faults.LinkFaults{Reset: true})
	case "cut off":
		s.disturb(faults.LinkFaults{CutAfter: 300})
	case "terminate backends":
		s.terminate()
	case "crash":
		s.crash()
	case "pause":
		s.pause(p)
	case "SIGTERM":
		p.signal(syscall.SIGTERM)
	case "SIGKILL":
		p.kill()
		return true
	}
	return false
}

// disturb gives the link faults for a while.
func (s *injector) disturb(f faults.LinkFaults) {
	s.link.Set(f)
	s.later.Go(func() {
		time.Sleep(300 * time.Millisecond)
		s.link.Clear()
	})
}

// pause stops the program until its leases have expired.
func (s *injector) pause(p *program) {
	p.signal(syscall.SIGSTOP)
	s.later.Go(func() {
		time.Sleep(shortLease + shortLease/2)
		p.signal(syscall.SIGCONT)
	})
}

// terminate ends about half of the programs' backends.
func (s *injector) terminate() {
	conn, err := pgx.Connect(context.Background(), s.database)
	if err != nil {
		return // the server may have just crashed
	}
	defer conn.Close(context.Background())
	_, _ = conn.Exec(context.Background(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = 'wheelhouse' AND pid % 2 = 0`)
}

func (s *injector) crash() {
	if s.server == nil { // other tests use the server, too
		s.terminate()
		return
	}
	if err := s.server.Crash(); err != nil {
		s.t.Error(err)
	}
	if err := s.server.Restart(context.Background()); err != nil {
		s.t.Error(err)
	}
}
