package pipeline

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"wheelhouse/extract"
	"wheelhouse/load"
)

// lane is one stream of a run on its way through its due windows.
type lane struct {
	*Runner
	job          Job
	run, planned int64
	workers      chan struct{}
	sum          *summary

	mu      sync.Mutex
	inARow  int // windows that failed one after another
	givenUp bool
	held    []Due // found in another process's hands
}

// load loads the stream's due windows. Those that another process has in hand it comes back to, until they
// are loaded or given back: a process that was killed holds them as long as its lease, and what it left
// undone is this run's to do.
func (l *lane) load(ctx, work context.Context) {
	l.pass(ctx, work, l.job.Due)
	if len(l.held) > 0 {
		l.Log.Info("waiting for windows that another process has in hand",
			zap.String("account", l.job.Account.ID), zap.String("stream", l.job.Stream.Name), zap.Int("windows", len(l.held)))
	}
	for len(l.held) > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(min(l.Warehouse.Lease()/8, 2*time.Second)):
		}
		due := l.held
		l.held = nil
		l.pass(ctx, work, due)
	}
}

// pass tries windows once each.
func (l *lane) pass(ctx, work context.Context, due []Due) {
	var group errgroup.Group
	group.SetLimit(max(1, or(l.Parallel, l.job.Stream.Parallel)))
	for _, d := range due {
		group.Go(func() error {
			l.workers <- struct{}{}
			defer func() { <-l.workers }()
			if ctx.Err() != nil || l.stopped() {
				l.sum.left()
				return nil
			}
			o := LoadWindow(work, l.Warehouse, l.job.Account, l.job.Stream, d, l.run, l.planned, l.Now())
			if l.note(o) {
				l.sum.add(o)
				l.report(o)
			}
			return nil
		})
	}
	_ = group.Wait() // outcomes carry the errors
}

// giveUpAfter is how many windows of a stream may fail in a row before the rest is left for the next run.
const giveUpAfter = 5

func (l *lane) stopped() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.givenUp
}

// note tells whether an outcome is final, and keeps in mind what it says of the windows to come.
func (l *lane) note(o Outcome) (final bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case o.Held:
		l.held = append(l.held, o.Due)
		return false
	case o.Err == nil:
		l.inARow = 0
	default:
		l.inARow++
	}
	l.givenUp = l.givenUp || l.inARow >= giveUpAfter || o.Err != nil && hopeless(o.Err)
	return true
}

func or(a, b int) int {
	if a > 0 {
		return a
	}
	return b
}

// hopeless tells whether every other window of the stream would fail in the same way.
func hopeless(err error) bool {
	var api *extract.APIError
	if errors.As(err, &api) {
		return api.Status == http.StatusUnauthorized || api.Status == http.StatusForbidden
	}
	var sql *load.SQLError
	return errors.As(err, &sql) && !sql.OfWindow()
}
