package pipeline

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Queued is where the windows of a stream are that a run has still to load.
type Queued struct {
	Account, Stream string
	Waiting         int // due, and not asked for yet
	Asking          int // being asked for
	Ready           int // answered, and waiting for a transaction
	Committing      int // in a transaction
}

// stages counts a worker's windows between their claim and their end.
type stages struct{ claimed, asking, ready, committing atomic.Int64 }

// Queue shows how far the windows of a Runner's runs are. The zero value is ready.
type Queue struct {
	mu      sync.Mutex
	workers []*worker // that are at work
}

// Streams tells of each stream that is being loaded at this moment.
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
		Account: w.job.Account.ID, Stream: w.job.Stream.Name,
		Asking: int(w.stages.asking.Load()), Ready: int(w.stages.ready.Load()), Committing: int(w.stages.committing.Load()),
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	q.Waiting = len(w.due) + len(w.busy) + int(w.stages.claimed.Load())
	return q
}

// enter counts a worker among those at work; leave ends that. It does nothing where nobody wants to see.
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
