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

// stages counts a lane's windows between their claim and their end.
type stages struct{ claimed, asking, ready, committing atomic.Int64 }

// Queue shows how far the windows of a Runner's runs are. The zero value is ready.
type Queue struct {
	mu    sync.Mutex
	lanes []*lane // that are at work
}

// Streams tells of each stream that is being loaded at this moment.
func (q *Queue) Streams() []Queued {
	q.mu.Lock()
	lanes := slices.Clone(q.lanes)
	q.mu.Unlock()
	all := make([]Queued, len(lanes))
	for i, l := range lanes {
		all[i] = l.queued()
	}
	return all
}

func (l *lane) queued() Queued {
	q := Queued{
		Account: l.job.Account.ID, Stream: l.job.Stream.Name,
		Asking: int(l.stages.asking.Load()), Ready: int(l.stages.ready.Load()), Committing: int(l.stages.committing.Load()),
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	q.Waiting = len(l.due) + len(l.held) + int(l.stages.claimed.Load())
	return q
}

// enter counts a lane among those at work; leave ends that. It does nothing where nobody wants to see.
func (q *Queue) enter(l *lane) (leave func()) {
	if q == nil {
		return func() {}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lanes = append(q.lanes, l)
	return func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.lanes = slices.DeleteFunc(q.lanes, func(other *lane) bool { return other == l })
	}
}
