package pipeline

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Queued counts the windows of a stream that a run has not loaded yet.
type Queued struct {
	Account, Stream string
	Due             int // when the run began
	Began           time.Time
	Waiting         int // due, but not asked for yet
	Asking          int // being asked for
	Ready           int // answered, and waiting for a transaction
	Committing      int // in a transaction
}

// stages counts a worker's windows between their claim and their end.
type stages struct{ claimed, asking, ready, committing atomic.Int64 }

// Loading is the progress of an account's runs.
type Loading struct {
	Windows int           // windows due when the runs began
	Done    int           // how many of these are done
	Left    time.Duration // until all are done, if each takes as long as those before; 0: not known yet
}

// Loading sums up the runs of an account that are at work now.
func (q *Queue) Loading(account string) (all Loading) {
	known := true
	for _, s := range q.Streams() {
		if s.Account != account {
			continue
		}
		done := max(0, s.Due-s.Waiting-s.Asking-s.Ready-s.Committing) // less than 0 if a window was split
		all.Windows += s.Due
		all.Done += done
		if 20*done < s.Due { // too few are done to estimate the rest
			known = false
			continue
		}
		all.Left = max(all.Left, time.Since(s.Began)/time.Duration(max(1, done))*time.Duration(s.Due-done))
	}
	if !known {
		all.Left = 0
	}
	return all
}

// Queue shows the progress of a Runner's windows. The zero value is ready to use.
type Queue struct {
	mu      sync.Mutex
	workers []*worker // at work
}

// Streams returns the counts of each stream that is being loaded now.
func (q *Queue) Streams() []Queued {
	q.mu.Lock()
	workers := slices.Clone(q.workers)
	q.mu.Unlock()
	all := make([]Queued, len(workers))
	for i, w := range workers {
		all[i] = w.queued()
	}
	return all
}

func (w *worker) queued() Queued {
	q := Queued{
		Account: w.job.Account.ID, Stream: w.job.Stream.Name, Due: len(w.job.Due), Began: w.began,
		Asking: int(w.stages.asking.Load()), Ready: int(w.stages.ready.Load()), Committing: int(w.stages.committing.Load()),
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	q.Waiting = len(w.due) + len(w.busy) + len(w.parts) + len(w.later) + int(w.stages.claimed.Load())
	return q
}

// enter adds a worker to those at work, and leave removes it. A nil Queue does nothing.
func (q *Queue) enter(w *worker) (leave func()) {
	if q == nil {
		return func() {}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.workers = append(q.workers, w)
	return func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.workers = slices.DeleteFunc(q.workers, func(other *worker) bool { return other == w })
	}
}
