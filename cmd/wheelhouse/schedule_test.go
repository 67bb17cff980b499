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

// blow is what happens when a program has sent so many questions.
type blow struct {
	at    int
	after bool
	kind  string
}

func (b blow) String() string { return fmt.Sprintf("%s at %d", b.kind, b.at) }

// blows are the kinds there are. What ends the program comes last.
var blows = []string{
	"lose the question", "lose the answer", "latency", "slices", "reset", "cut off", "terminate backends", "crash",
	"pause", "SIGTERM", "SIGKILL", "SIGKILL",
}

// schedule is what one seed does to a history: at each moment one or two programs, each with its blows.
type schedule struct {
	seed    uint64
	crashes bool // the server is the schedule's own, and crashes
	moments [][]turn
}

type turn struct {
	args  []string
	blows []blow
}

// newSchedule throws a seed's schedule. calls is about how many questions one run has.
func newSchedule(seed uint64, h history, calls int) schedule {
	r := faults.Rand(seed, "schedule")
	s := schedule{seed: seed, crashes: seed%6 == 0}
	for range h.runs {
		var turns []turn
		for range faults.Int(r, 1, 2) {
			turns = append(turns, newTurn(r, h, calls))
		}
		s.moments = append(s.moments, turns)
	}
	if s.crashes {
		first := &s.moments[0][0]
		first.blows = append([]blow{{faults.Int(r, 10, calls/2), false, "crash"}}, first.blows...)
	}
	return s
}

func newTurn(r *rand.Rand, h history, calls int) turn {
	t := turn{args: []string{"run"}}
	if r.IntN(5) == 0 {
		t.args = []string{"backfill", "--from", h.day(), "--to", h.first.AddDate(0, 0, 2).Format(time.DateOnly)}
		if r.IntN(2) == 0 {
			t.args = append(t.args, "--force")
		}
	}
	for range faults.Int(r, 0, 3) {
		t.blows = append(t.blows, blow{faults.Int(r, 1, calls), r.IntN(2) == 0, blows[r.IntN(len(blows))]})
	}
	return t
}

// String tells a schedule to whoever looks for why it failed.
func (s schedule) String() string {
	var b strings.Builder
	for i, turns := range s.moments {
		for _, t := range turns {
			fmt.Fprintf(&b, "moment %d: %s: %v\n", i+1, strings.Join(t.args, " "), t.blows)
		}
	}
	return b.String()
}

// striker deals a schedule's blows.
type striker struct {
	t        *testing.T
	tap      *faults.Tap
	database string           // past the tap
	server   *pgserver.Server // nil: shared, not to be crashed
	later    sync.WaitGroup   // calm after a while

	mu    sync.Mutex
	dealt map[string]int
}

// hook deals a turn's blows as their time comes.
func (s *striker) hook(todo []blow) func(*program, faults.Point) bool {
	var mu sync.Mutex
	todo = slices.Clone(todo)
	return func(p *program, at faults.Point) (cut bool) {
		mu.Lock()
		var due []string
		for i, b := range todo {
			if b.kind != "" && at.N >= b.at && at.After == b.after {
				due = append(due, b.kind)
				todo[i].kind = ""
			}
		}
		mu.Unlock()
		for _, kind := range due {
			cut = s.strike(kind, p) || cut
		}
		return cut
	}
}

func (s *striker) strike(kind string, p *program) (cut bool) {
	s.mu.Lock()
	s.dealt[kind]++
	s.mu.Unlock()
	switch kind {
	case "lose the question", "lose the answer":
		return true
	case "latency":
		s.bad(faults.Weather{Latency: 60 * time.Millisecond})
	case "slices":
		s.bad(faults.Weather{Slice: 20, Latency: 100 * time.Microsecond})
	case "reset":
		s.bad(faults.Weather{Reset: true})
	case "cut off":
		s.bad(faults.Weather{CutAfter: 300})
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

// bad makes the link bad for a while.
func (s *striker) bad(w faults.Weather) {
	s.tap.Bad(w)
	s.later.Go(func() {
		time.Sleep(300 * time.Millisecond)
		s.tap.Calm()
	})
}

// pause stops the program for longer than its leases hold.
func (s *striker) pause(p *program) {
	p.signal(syscall.SIGSTOP)
	s.later.Go(func() {
		time.Sleep(shortLease + shortLease/2)
		p.signal(syscall.SIGCONT)
	})
}

// terminate ends about half of the programs' backends.
func (s *striker) terminate() {
	conn, err := pgx.Connect(context.Background(), s.database)
	if err != nil {
		return // a schedule with a server of its own may just have crashed it
	}
	defer conn.Close(context.Background())
	_, _ = conn.Exec(context.Background(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = 'wheelhouse' AND pid % 2 = 0`)
}

func (s *striker) crash() {
	if s.server == nil { // others use it too
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
