package faults

import (
	"fmt"
	"sync"
)

// Point is a moment at which a request of the program to the API or to Postgres, or the response to it, is on its way.
type Point struct {
	N     int    // the request's number from 1, over the API and Postgres together
	What  string // the beginnings of the statements, or the request's path
	After bool   // false: the request has not been forwarded yet; true: the response is complete and not forwarded yet
}

func (p Point) String() string {
	when := "before"
	if p.After {
		when = "after"
	}
	return fmt.Sprintf("%s %d (%s)", when, p.N, p.What)
}

// Watch sees every point of one process. It calls Hook at each point, possibly from several goroutines, and delays the
// message until Hook returns. If Hook returns true, the connection is cut and the message is not forwarded.
type Watch struct {
	Hook func(Point) (cut bool)

	mu sync.Mutex
	n  int
}

// before counts a request before it is forwarded.
func (w *Watch) before(what string) (p Point, cut bool) {
	w.mu.Lock()
	w.n++
	p = Point{N: w.n, What: what}
	w.mu.Unlock()
	return p, w.hook(p)
}

// after is called when the response to p is complete.
func (w *Watch) after(p Point) (cut bool) {
	p.After = true
	return w.hook(p)
}

func (w *Watch) hook(p Point) bool { return w.Hook != nil && w.Hook(p) }

// Count is the number of requests so far.
func (w *Watch) Count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.n
}
