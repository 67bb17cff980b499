package pipeline

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"wheelhouse/extract"
	"wheelhouse/internal/ledger"
	"wheelhouse/internal/settings"
	"wheelhouse/load"
)

// Outcome is the result of one window.
type Outcome struct {
	ledger.Due
	Run        int64
	Counts     ledger.Counts
	Reconciled *bool    // whether the answer is complete and equals the API's own totals; nil if the API states none
	Missing    string   // the parts of the window that could not be had, and why, without data; the rest is loaded
	Noticed    []string // unknown members of the answers that no earlier load of the stream had
	Requests   int
	Took       time.Duration
	Elsewhere  bool  // another process has loaded the window meanwhile
	Busy       bool  // neither loaded nor failed: another process is loading the window, or it must be tried again
	Err        error // nil: loaded, here or elsewhere

	fromOtherEnd bool // of what is due: see order
}

// Unreconciled tells whether the window was loaded, but is not reconciled: parts are missing, or the API's totals differ.
func (o Outcome) Unreconciled() bool { return o.Err == nil && o.Reconciled != nil && !*o.Reconciled }

// failGrace is how long writing a failure into the ledger may take after the context has ended.
const failGrace = 5 * time.Second

// task is a window that this process has claimed, on its way from the API to its commit.
type task struct {
	load.Ready
	outcome   Outcome
	began     time.Time
	ctx       context.Context    // ends when the lease has passed to another process, or the task has ended
	unrenew   context.CancelFunc // stops renewing the lease
	freePlace func()
	span      trace.Span
}

// claim claims windows, and renews their leases until the tasks end. over has the outcomes of windows that were not claimed.
func (w *worker) claim(ctx context.Context, due []ledger.Due) (claimed []*task, over []Outcome) {
	began := time.Now()
	claims, err := w.Warehouse.Ledger.Claim(ctx, w.run, due...)
	for i, d := range due {
		t := &task{outcome: Outcome{Due: d, Run: w.run}, began: began, freePlace: func() { <-w.limits.claimed }}
		if err != nil {
			w.leases.end(d.Window, "failed")
			over = append(over, t.end(fmt.Errorf("claim: %w", err)))
			continue
		}
		t.Claim = claims[i]
		switch {
		case errors.Is(t.Claim.Err, ledger.ErrBusy):
			w.leases.begin(d.Window)
			t.outcome.Busy = true
			over = append(over, t.end(nil))
		case errors.Is(t.Claim.Err, ledger.ErrLoaded):
			w.leases.end(d.Window, "loaded there")
			t.outcome.Elsewhere = true
			over = append(over, t.end(nil))
		default:
			w.leases.end(d.Window, "claimed")
			w.renew(t.traced(ctx), t)
			claimed = append(claimed, t)
		}
	}
	return claimed, over
}

// renew renews the lease of a claimed window.
func (w *worker) renew(ctx context.Context, t *task) {
	ctx, lose := context.WithCancelCause(ctx)
	renewing, unrenew := context.WithCancel(ctx)
	t.ctx, t.unrenew = ctx, unrenew
	go func() {
		w.Warehouse.Ledger.Renew(renewing, t.Claim, func() { lose(ledger.ErrFenced) })
		<-renewing.Done()
		lose(nil)
	}()
}

// ask asks the API for a claimed window, and keeps the rows in a batch.
func (w *worker) ask(t *task) (err error) {
	defer func() {
		if err != nil && errors.Is(context.Cause(t.ctx), ledger.ErrFenced) {
			err = ledger.ErrFenced
		}
	}()
	defer recoverAsError(&err)
	s := w.job.Stream
	t.Batch = load.NewBatch(t.Window)
	if t.Why != ledger.WhyForced { // a forced window is always compared with the tables (invariant 3)
		t.Batch.Known = load.KnownAnswer(t.Hash)
	}
	rep, err := s.ask(t.ctx, w.client(w.job.Account, s), t.Window, w.Now(), t.Batch)
	t.Asked = asked(rep)
	t.outcome.Requests, t.outcome.Reconciled, t.outcome.Missing = rep.Attempts, t.Asked.Reconciled, t.Batch.Missing()
	if err != nil {
		return fmt.Errorf("extract: %w", err)
	}
	return nil
}

// days cuts a window that failed into its days, so that a day which always fails does not fail the others (invariant 6).
func (w *worker) days(ctx context.Context, t *task, why error) (days []ledger.Due) {
	if everyWindowWouldFail(why) || ctx.Err() != nil {
		return nil
	}
	zone := w.job.Account.Zone
	for _, s := range cut(t.Day, lastDay(t.Window), 1, zone) {
		s.from, s.to = latest(s.from, t.From), earliest(s.to, t.To)
		if s.from.Before(s.to) {
			d := t.Due
			d.Day, d.From, d.To, d.Joined = s.day, s.from, s.to, false
			days = append(days, d)
		}
	}
	return days
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// split returns the claim of a window. The window's days go to the front of a list of windows that are to be tried.
func (w *worker) split(ctx context.Context, t *task, days []ledger.Due, to *[]ledger.Due, why error) {
	w.Log.Warn("window failed; its days are tried one by one", zap.String("account", t.Account), zap.String("stream", t.Stream.Name),
		zap.Time("from", t.From), zap.Time("to", t.To), zap.Error(why))
	w.returnClaim(ctx, t)
	w.mu.Lock()
	*to = append(days, *to...)
	w.mu.Unlock()
	w.sum.more(len(days)-1, t.outcome.Requests)
}

// commit commits windows whose answers are complete, in one transaction if possible.
func (w *worker) commit(ctx context.Context, group []*task) (outcomes []Outcome) {
	var ready []load.Ready
	for _, t := range group {
		t.unrenew() // the commit locks the leases and ends them
		ready = append(ready, t.Ready)
	}
	began := time.Now()
	within, end := traceCommit(ctx, group)
	done, err := w.committed(within, ready)
	end()
	if watcher, is := w.Observe.(Watcher); is {
		watcher.Committed(w.job.Account.ID, w.job.Stream.Name, len(ready), time.Since(began))
	}
	if err != nil {
		done = slices.Repeat([]load.Committed{{Err: err}}, len(ready))
	}
	for i, c := range done {
		t := group[i]
		t.outcome.Counts, t.outcome.Reconciled, t.outcome.Noticed = c.Counts, c.Reconciled, c.Noticed
		switch {
		case errors.Is(c.Err, load.ErrNotTried):
			w.leave(ctx, t)
		case errors.Is(c.Err, load.ErrMovedOn):
			outcomes = append(outcomes, w.returnClaim(ctx, t))
		case c.Err != nil:
			if t.Joined && !errors.Is(c.Err, ledger.ErrFenced) {
				if days := w.days(ctx, t, c.Err); len(days) > 1 {
					w.split(ctx, t, days, &w.parts, c.Err)
					continue
				}
			}
			outcomes = append(outcomes, w.fail(ctx, t, c.Err))
		default:
			outcomes = append(outcomes, t.end(nil))
		}
	}
	return outcomes
}

// committed calls Commit, and returns a panic as an error.
func (w *worker) committed(ctx context.Context, ready []load.Ready) (done []load.Committed, err error) {
	defer recoverAsError(&err)
	return w.Warehouse.Commit(ctx, ready...), nil
}

// fail ends a window that is not loaded, and writes the failure into the ledger.
func (w *worker) fail(ctx context.Context, t *task, why error) Outcome {
	if errors.Is(why, ledger.ErrFenced) {
		t.outcome.Busy = true
		return t.end(nil)
	}
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), failGrace)
	defer stop()
	return t.end(errors.Join(why, w.Warehouse.Ledger.Fail(last, t.Claim, t.Asked, why)))
}

// returnClaim returns the claim of a window that must be tried once more.
func (w *worker) returnClaim(ctx context.Context, t *task) Outcome {
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), failGrace)
	defer stop()
	if err := w.Warehouse.Ledger.Return(last, t.Claim); err != nil {
		w.Log.Warn("a claim could not be returned: its lease will run out", zap.Int64("load", t.Load), zap.Error(err))
	}
	t.outcome.Busy = true
	return t.end(nil)
}

// leave leaves a claimed window to the next run.
func (w *worker) leave(ctx context.Context, t *task) {
	w.returnClaim(ctx, t)
	w.sum.left(1)
}

// end releases the window's resources and returns its outcome.
func (t *task) end(err error) Outcome {
	if t.unrenew != nil {
		t.unrenew()
	}
	if t.Batch != nil {
		t.Batch.Close()
	}
	t.freePlace()
	if t.outcome.Took = time.Since(t.began); err != nil {
		t.outcome.Err = fmt.Errorf("load %s: %w", t.outcome.Window, err)
	}
	t.endSpan()
	return t.outcome
}

// window returns the window as the API is asked for it.
func (s Stream) window(win ledger.Window) extract.Window {
	return extract.Window{From: win.From, To: win.To, ToItself: s.WindowEnd == settings.EndMidnight}
}

// asked returns a report as the ledger stores it.
func asked(rep extract.Report) ledger.Asked {
	return ledger.Asked{
		RequestIDs: rep.RequestIDs, Attempts: rep.Attempts,
		SourceCount: pointer(rep.SourceCount), SourceSeconds: pointer(rep.SourceSeconds), Reconciled: pointer(rep.Reconciled),
		Unknown: rep.Unknown, Hash: load.AnswerHash(rep.Answer), Same: rep.Same,
	}
}

func pointer[T any](n sql.Null[T]) *T {
	if !n.Valid {
		return nil
	}
	return &n.V
}
