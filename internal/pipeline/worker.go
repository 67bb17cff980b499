package pipeline

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"wheelhouse/internal/ledger"
)

// worker loads the due windows of one job.
type worker struct {
	*Runner
	job    Job
	run    int64
	limits limits
	sum    *summary
	began  time.Time

	claiming sync.Mutex
	claimed  []*task // not asked for yet
	leases   leaseWaits

	mu    sync.Mutex
	due   []ledger.Due
	later []ledger.Due // to be loaded after due
	busy  []ledger.Due // windows that another process is loading
	parts []ledger.Due // of joined windows that could not be committed, to be loaded after due
	order order

	stages stages
}

// limits limit what all workers of a run do at the same time. Each channel has as many places as may be taken.
type limits struct {
	asking     chan struct{} // windows that are being asked for
	committing chan struct{} // transactions
	claimed    chan struct{} // windows from their claim to their end: each is a lease and a batch
}

// maxCommitting is the number of transactions at the same time. One keeps about one core of the server busy.
const maxCommitting = 2

// groupSize is the number of windows that are claimed, or committed, in one transaction at most.
const groupSize = 4

func newLimits(asking int) limits {
	return limits{make(chan struct{}, asking), make(chan struct{}, maxCommitting), make(chan struct{}, asking+maxCommitting*groupSize)}
}

// load loads the next n of the job's due windows. Windows that another process is loading are tried again until they are loaded or free:
// the leases of a killed process run out, and its windows are still due. The leases of a living process may last. If no window comes free
// in twice the time of a lease, the windows are left to the other process.
func (w *worker) load(ctx, work context.Context, n int) {
	defer w.leases.endAll("left")
	w.mu.Lock()
	due := w.later[:n]
	w.later = w.later[n:]
	if !w.order.wouldFail { // days that failed before say nothing about these (invariant 6)
		w.order = order{}
	}
	w.mu.Unlock()
	w.try(ctx, work, due)
	if len(w.busy) > 0 {
		w.Log.Info("waiting for windows that another process is loading",
			zap.String("account", w.job.Account.ID), zap.String("stream", w.job.Stream.Name), zap.Int("windows", len(w.busy)))
	}
	lease := w.Warehouse.Ledger.Lease()
	for since := time.Now(); len(w.busy) > 0; {
		select {
		case <-ctx.Done():
		case <-time.After(min(lease/8, 2*time.Second)):
		}
		w.mu.Lock()
		due := w.busy
		w.busy = nil
		w.mu.Unlock()
		w.try(ctx, work, due)
		switch {
		case len(w.busy) < len(due):
			since = time.Now()
		case time.Since(since) > 2*lease:
			w.Log.Warn("windows are left to another process, which has been loading them for long",
				zap.String("account", w.job.Account.ID), zap.String("stream", w.job.Stream.Name), zap.Int("windows", len(w.busy)))
			w.sum.left(len(w.busy))
			return
		}
	}
}

// parallel returns the number of windows of the stream that may be asked for at the same time.
func (w *worker) parallel() int {
	if w.Parallel > 0 {
		return w.Parallel
	}
	return max(1, w.job.Stream.Parallel)
}

// try tries each window once. Some are asked for while others are committed.
func (w *worker) try(ctx, work context.Context, due []ledger.Due) {
	w.mu.Lock()
	w.due = due
	w.mu.Unlock()
	ready := make(chan *task, groupSize/2)
	var asking, committing sync.WaitGroup
	for range min(w.parallel(), len(due)) {
		asking.Go(func() {
			for w.askNext(ctx, work, ready) {
			}
		})
	}
	// One transaction of a stream and account at a time: neighbouring windows have the same rows, and of two transactions that
	// insert the same row one would fail. Meanwhile, the next windows are asked for and read.
	committing.Go(func() { w.commitAll(work, ready) })
	asking.Wait()
	close(ready)
	committing.Wait()
	w.sum.left(len(w.due))
	w.mu.Lock()
	parts := w.parts
	w.parts = nil
	w.mu.Unlock()
	if len(parts) > 0 {
		w.try(ctx, work, parts)
	}
}

// askNext asks for one more window, if there is one.
func (w *worker) askNext(ctx, work context.Context, ready chan<- *task) (more bool) {
	t := w.nextClaimed(ctx, work)
	if t == nil {
		return false
	}
	w.limits.asking <- struct{}{} // a goroutine with a place does not wait for a claim, so each place becomes free
	if w.ends(ctx) {
		<-w.limits.asking
		w.leave(work, t)
		return true // nextClaimed returns what else is claimed
	}
	w.stages.asking.Add(1)
	err := w.ask(t)
	w.stages.asking.Add(-1)
	<-w.limits.asking
	if err != nil {
		if days := w.days(t.ctx, t, err); len(days) > 1 {
			w.split(work, t, days, &w.due, err)
		} else {
			w.finish(w.fail(work, t, err))
		}
	} else {
		w.stages.ready.Add(1)
		ready <- t // commitAll receives until the channel is closed, so this never blocks for good
	}
	return true
}

// nextClaimed takes a claimed window, and claims several if there is none. If no more may be tried, it returns the claims.
func (w *worker) nextClaimed(ctx, work context.Context) *task {
	w.claiming.Lock()
	defer w.claiming.Unlock()
	for len(w.claimed) == 0 {
		due, fromOtherEnd := w.next(ctx)
		if len(due) == 0 {
			return nil
		}
		claimed, over := w.claim(work, due)
		for _, o := range over {
			o.fromOtherEnd = fromOtherEnd
			w.finish(o)
		}
		for _, t := range claimed {
			t.outcome.fromOtherEnd = fromOtherEnd
		}
		w.setClaimed(claimed)
	}
	if w.ends(ctx) {
		for _, t := range w.claimed {
			w.leave(work, t)
		}
		w.setClaimed(nil)
		return nil
	}
	t := w.claimed[0]
	w.setClaimed(w.claimed[1:])
	return t
}

func (w *worker) setClaimed(claimed []*task) {
	w.claimed = claimed
	w.stages.claimed.Store(int64(len(claimed)))
}

// next takes the windows to claim next, as many as there are places. It waits for the first place.
func (w *worker) next(ctx context.Context) (due []ledger.Due, fromOtherEnd bool) {
	w.limits.claimed <- struct{}{}
	places := 1
	for free := true; free && places < groupSize; {
		select {
		case w.limits.claimed <- struct{}{}:
			places++
		default:
			free = false
		}
	}
	if !w.ends(ctx) {
		w.mu.Lock()
		due, w.due = w.order.take(w.due, places)
		fromOtherEnd = w.order.backwards
		w.mu.Unlock()
	}
	for range places - len(due) {
		<-w.limits.claimed
	}
	return due, fromOtherEnd
}

// commitAll commits windows as they become ready, several in one transaction if several are ready.
func (w *worker) commitAll(work context.Context, ready <-chan *task) {
	for t := range ready {
		group := append([]*task{t}, waiting(ready, t, groupSize-1)...)
		w.limits.committing <- struct{}{}
		w.stages.ready.Add(-int64(len(group)))
		if w.wouldFail() {
			<-w.limits.committing
			for _, t := range group {
				w.leave(work, t)
			}
			continue
		}
		w.stages.committing.Add(int64(len(group)))
		outcomes := w.commit(work, group)
		w.stages.committing.Add(-int64(len(group)))
		for _, o := range outcomes {
			w.finish(o)
		}
		<-w.limits.committing
	}
}

// groupWait is how long a window waits for others to share its transaction.
const groupWait = 5 * time.Millisecond

// groupBytes is the bytes of rows from which a group takes no more windows. A large window gains nothing from sharing a
// transaction, and keeps its rows in memory while it waits.
const groupBytes = 4 << 20

// waiting receives up to n windows that become ready within groupWait, to share a transaction with the first one.
func waiting(ready <-chan *task, first *task, n int) (group []*task) {
	timer := time.NewTimer(groupWait)
	defer timer.Stop()
	for size := first.Batch.Size(); len(group) < n && size < groupBytes; size += group[len(group)-1].Batch.Size() {
		select {
		case t, ok := <-ready:
			if !ok {
				return group
			}
			group = append(group, t)
		case <-timer.C:
			return group
		}
	}
	return group
}

// ends tells whether no further window may be tried.
func (w *worker) ends(ctx context.Context) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return ctx.Err() != nil || w.order.stopped
}

// wouldFail tells whether a window has failed with an error that every window of the stream would meet.
func (w *worker) wouldFail() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.order.wouldFail
}

// finish notes the outcome of a window. A busy one is tried again.
func (w *worker) finish(o Outcome) {
	w.mu.Lock()
	if o.Busy {
		w.busy = append(w.busy, o.Due)
	} else {
		w.order.note(o.Err, o.fromOtherEnd)
	}
	w.mu.Unlock()
	if !o.Busy {
		w.sum.add(o)
		w.report(o)
	}
}
