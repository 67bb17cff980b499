package faults

import "sync"

// Point is a moment in the program's life at which something goes out to, or comes in from, the world.
type Point struct {
	N     int    // counted from 1, over the API and Postgres together
	What  string // the beginnings of the statements, or the request's path
	After bool   // the answer is complete and the program has not got it yet; otherwise nobody has got the question yet
}

// Watch sees every point of one process. Hook is called at each, perhaps from several goroutines, and holds
// up the message concerned while it runs; it returns true to cut the connection instead of passing the message on.
type Watch struct {
	Hook func(Point) (cut bool)

	mu sync.Mutex
	n  int
}

// before counts a question that is about to go out.
func (w *Watch) before(what string) (p Point, cut bool) {
	w.mu.Lock()
	w.n++
	p = Point{N: w.n, What: what}
	w.mu.Unlock()
	return p, w.hook(p)
}

// after tells that the answer to p is there.
func (w *Watch) after(p Point) (cut bool) {
	p.After = true
	return w.hook(p)
}

func (w *Watch) hook(p Point) bool { return w.Hook != nil && w.Hook(p) }

// Count is how many questions went out so far.
func (w *Watch) Count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.n
}
