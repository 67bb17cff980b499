package pipeline

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"
)

// lane is one stream of a run on its way through its due windows.
type lane struct {
	*Runner
	job          Job
	run, planned int64
	workers      chan struct{} // a place for each window that may be asked for at the same time
	loaders      chan struct{} // a place for each transaction
	hands        chan struct{} // a place for each window that is claimed, from its claim to its end
	sum          *summary

	claiming sync.Mutex
	claimed  []*inHand // not asked for yet

	mu       sync.Mutex
	due      []Due
	turned   bool // going on from the other end
	inARow   int  // windows that failed one after another
	givenUp  bool
	hopeless bool  // as every other window would fail
	held     []Due // found in another process's hands

	stages stages
}

// load loads the stream's due windows. Those that another process has in hand it comes back to, until they are loaded or
// given back: a process that was killed holds them as long as its lease, and what it left undone is this run's to do. A
// process that lives may hold them for longer: when none came free for twice as long as a lease, they are left to it.
func (l *lane) load(ctx, work context.Context) {
	l.pass(ctx, work, l.job.Due)
	if len(l.held) > 0 {
		l.Log.Info("waiting for windows that another process has in hand",
			zap.String("account", l.job.Account.ID), zap.String("stream", l.job.Stream.Name), zap.Int("windows", len(l.held)))
	}
	waited := time.Now()
	for len(l.held) > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(min(l.Warehouse.Lease()/8, 2*time.Second)):
		}
		l.mu.Lock()
		due := l.held
		l.held = nil
		l.mu.Unlock()
		l.pass(ctx, work, due)
		switch {
		case len(l.held) < len(due):
			waited = time.Now()
		case time.Since(waited) > 2*l.Warehouse.Lease():
			l.Log.Warn("windows are left to another process, which has had them in hand for long",
				zap.String("account", l.job.Account.ID), zap.String("stream", l.job.Stream.Name), zap.Int("windows", len(l.held)))
			l.sum.left(len(l.held))
			return
		}
	}
}

// together is how many windows are claimed or committed in one transaction at most: those that are due, or wait for one.
const together = 4

// parallel is how many windows of the stream may be asked for at the same time.
func (l *lane) parallel() int { return max(1, or(l.Parallel, l.job.Stream.Parallel)) }

// pass tries windows once each: some are asked for while others are committed.
func (l *lane) pass(ctx, work context.Context, due []Due) {
	l.mu.Lock()
	l.due = due
	l.mu.Unlock()
	parallel := l.parallel()
	ready := make(chan *inHand, together/2)
	var asking, loading sync.WaitGroup
	for range min(parallel, len(due)) {
		asking.Go(func() {
			for l.askNext(ctx, work, ready) {
			}
		})
	}
	// One transaction of a stream and account at a time: neighbouring windows show the same rows, and two transactions that
	// insert the same row are in each other's way. While one is under way, the next windows are asked for and read.
	loading.Go(func() { l.loadAll(work, ready) })
	asking.Wait()
	close(ready)
	loading.Wait()
	l.sum.left(len(l.due))
}

// askNext asks for one more window, if there is one.
func (l *lane) askNext(ctx, work context.Context, ready chan<- *inHand) (more bool) {
	h := l.take(ctx, work)
	if h == nil {
		return false
	}
	l.workers <- struct{}{} // of those who hold one none waits for a claim, so that each comes free
	if l.ends(ctx) {
		<-l.workers
		l.giveBack(work, h)
		return false
	}
	l.stages.asking.Add(1)
	err := l.ask(h)
	l.stages.asking.Add(-1)
	<-l.workers
	if err != nil {
		if days := l.days(h, err); len(days) > 1 {
			l.split(work, h, days, err)
		} else {
			l.over(l.fail(work, h, err))
		}
	} else {
		l.stages.ready.Add(1)
		ready <- h // whoever loads takes all there are, whatever becomes of them
	}
	return true
}

// days cuts a window whose answer could not be had into its days: one day that never answers must not cost the others.
func (l *lane) days(h *inHand, why error) (days []Due) {
	if hopeless(why) || h.ctx.Err() != nil {
		return nil
	}
	d := h.Outcome.Due
	zone := l.job.Account.Zone
	for _, s := range cut(d.Day, dayOf(d.To.Add(-time.Second), zone), 1, zone) {
		s.from, s.to = later(s.from, d.From), earlier(s.to, d.To)
		if s.from.Before(s.to) {
			win := d.Window
			win.Day, win.From, win.To = s.day, s.from, s.to
			days = append(days, Due{win, d.Why})
		}
	}
	return days
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// split gives a window back, and has its days be tried next.
func (l *lane) split(ctx context.Context, h *inHand, days []Due, why error) {
	l.Log.Warn("window failed; its days are tried one by one", zap.String("account", h.Outcome.Account), zap.String("stream", h.Outcome.Stream.Name),
		zap.Time("from", h.Outcome.From), zap.Time("to", h.Outcome.To), zap.Error(why))
	l.again(ctx, h)
	l.mu.Lock()
	l.due = append(days, l.due...)
	l.mu.Unlock()
	l.sum.more(len(days)-1, h.Requests)
}

// take takes a claimed window. Several are claimed at a time; when no more are to be tried, those are given back.
func (l *lane) take(ctx, work context.Context) *inHand {
	l.claiming.Lock()
	defer l.claiming.Unlock()
	for len(l.claimed) == 0 {
		due := l.next(ctx, l.reach())
		if len(due) == 0 {
			return nil
		}
		claimed, over := l.claim(work, due)
		for _, o := range over {
			l.over(o)
		}
		l.keep(claimed)
	}
	if l.ends(ctx) {
		for _, h := range l.claimed {
			l.giveBack(work, h)
		}
		l.keep(nil)
		return nil
	}
	h := l.claimed[0]
	l.keep(l.claimed[1:])
	return h
}

// keep keeps claimed windows that are to be asked for.
func (l *lane) keep(claimed []*inHand) {
	l.claimed = claimed
	l.stages.claimed.Store(int64(len(claimed)))
}

// loadAll commits what is ready, as much as is at a time.
func (l *lane) loadAll(work context.Context, ready <-chan *inHand) {
	for h := range ready {
		all := append([]*inHand{h}, waiting(ready, h, together-1)...)
		l.loaders <- struct{}{}
		l.stages.ready.Add(-int64(len(all)))
		if l.isHopeless() {
			<-l.loaders
			for _, h := range all {
				l.giveBack(work, h)
			}
			continue
		}
		l.stages.committing.Add(int64(len(all)))
		outcomes := l.commit(work, all)
		l.stages.committing.Add(-int64(len(all)))
		for _, o := range outcomes {
			l.over(o)
		}
		<-l.loaders
	}
}

func (l *lane) isHopeless() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hopeless
}

// linger is how long a window waits for others to share its transaction.
const linger = 5 * time.Millisecond

// enough is how many bytes of rows share a transaction: a large window gains nothing by waiting for another one, which
// would hold its rows in memory meanwhile.
const enough = 4 << 20

// waiting takes up to n windows that are ready now, or nearly, to share a transaction with a first one.
func waiting(ready <-chan *inHand, first *inHand, n int) (all []*inHand) {
	timer := time.NewTimer(linger)
	defer timer.Stop()
	for size := first.Batch.Size(); len(all) < n && size < enough; size += all[len(all)-1].Batch.Size() {
		select {
		case h, ok := <-ready:
			if !ok {
				return all
			}
			all = append(all, h)
		case <-timer.C:
			return all
		}
	}
	return all
}

// over takes note of a window that was tried.
func (l *lane) over(o Outcome) {
	if l.note(o) {
		l.sum.add(o)
		l.report(o)
	}
}

// reach takes places for windows in hand: one, when there is one, and up to as many as are claimed together if there are.
func (l *lane) reach() (places int) {
	l.hands <- struct{}{}
	for places = 1; places < together; places++ {
		select {
		case l.hands <- struct{}{}:
		default:
			return places
		}
	}
	return places
}

func or(a, b int) int {
	if a > 0 {
		return a
	}
	return b
}
