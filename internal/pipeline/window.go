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
	"wheelhouse/internal/settings"
	"wheelhouse/load"
)

// Outcome is what became of one window.
type Outcome struct {
	Due
	Run        int64
	Counts     load.Counts
	Reconciled *bool // what came adds up to the API's own totals; nil where it states none
	Requests   int
	Took       time.Duration
	Elsewhere  bool  // another process has loaded it meanwhile
	Held       bool  // another process has it in hand, or has taken it over: neither loaded nor failed
	Err        error // nil: loaded, here or elsewhere
}

// Unreconciled tells whether the window was loaded although the API's totals say otherwise.
func (o Outcome) Unreconciled() bool { return o.Err == nil && o.Reconciled != nil && !*o.Reconciled }

// failGrace is how long writing a failure into the books may take once the work was called off.
const failGrace = 5 * time.Second

// inHand is a window that this process has claimed, on its way from the API to its commit.
type inHand struct {
	Outcome
	load.Ready
	began time.Time
	ctx   context.Context    // ends when the window has passed to another process, or is let go
	let   context.CancelFunc // ends the renewing of the claim
	free  func()             // gives its place up
	span  trace.Span
}

// claim claims windows, and renews the claims until they are let go. over is what became of the others.
func (l *lane) claim(ctx context.Context, due []Due) (claimed []*inHand, over []Outcome) {
	var wanted []load.Wanted
	for _, d := range due {
		planned := l.planned
		if d.Why == WhyGap {
			planned = 0 // a window that nobody had loaded is due no more once anybody has, even one who was at it when it was planned
		}
		wanted = append(wanted, load.Wanted{Window: d.Window, Planned: planned})
	}
	began := time.Now()
	claims, err := l.Warehouse.Claim(ctx, l.run, wanted...)
	for i, d := range due {
		h := &inHand{Outcome: Outcome{Due: d, Run: l.run}, began: began, free: func() { <-l.hands }}
		if err == nil {
			h.Claim = claims[i].Claim
		}
		switch {
		case err != nil:
			over = append(over, h.ended(fmt.Errorf("claim: %w", err)))
		case errors.Is(claims[i].Err, load.ErrBusy):
			h.Held = true
			over = append(over, h.ended(nil))
		case errors.Is(claims[i].Err, load.ErrLoaded):
			h.Elsewhere = true
			over = append(over, h.ended(nil))
		default:
			l.hold(h.traced(ctx), h)
			claimed = append(claimed, h)
		}
	}
	return claimed, over
}

// hold renews a claim until it is let go.
func (l *lane) hold(ctx context.Context, h *inHand) {
	ctx, lose := context.WithCancelCause(ctx)
	holding, let := context.WithCancel(ctx)
	h.ctx, h.let = ctx, let
	go func() {
		l.Warehouse.Hold(holding, h.Claim, func() { lose(load.ErrFenced) })
		<-holding.Done()
		lose(nil)
	}()
}

// ask asks the API for a claimed window and keeps what comes in a batch.
func (l *lane) ask(h *inHand) (err error) {
	defer func() {
		if err != nil && errors.Is(context.Cause(h.ctx), load.ErrFenced) {
			err = load.ErrFenced
		}
	}()
	defer withheld(&err)
	s := l.job.Stream
	h.Batch = load.NewBatch(h.Outcome.Window)
	if h.Why != WhyForced { // what is forced is compared with the tables, whatever came
		h.Batch.Known = h.Answer
	}
	rep, err := s.fetch(h.ctx, l.client(), s.window(h.Outcome.Window), l.Now(), h.Batch)
	h.Asked = books(rep)
	h.Requests, h.Reconciled = rep.Attempts, h.Asked.Reconciled
	if err != nil {
		return fmt.Errorf("extract: %w", err)
	}
	return nil
}

// client is the stream's client, which tells whoever watches of its requests.
func (l *lane) client() *extract.Client {
	w, is := l.Observe.(Watcher)
	if !is {
		return l.job.Stream.client
	}
	return l.job.Stream.client.Observed(func(r extract.Request) { w.Asked(l.job.Account.ID, l.job.Stream.Name, r) })
}

// commit commits windows whose answers are complete, together where that can be.
func (l *lane) commit(ctx context.Context, all []*inHand) (outcomes []Outcome) {
	var loads []load.Ready
	for _, h := range all {
		h.let() // the commit locks the leases, and gives them up
		loads = append(loads, h.Ready)
	}
	began := time.Now()
	within, end := transaction(ctx, all)
	done, err := l.committed(within, loads)
	end()
	if w, is := l.Observe.(Watcher); is {
		w.Committed(l.job.Account.ID, l.job.Stream.Name, len(loads), time.Since(began))
	}
	if err != nil {
		done = slices.Repeat([]load.Committed{{Err: err}}, len(loads))
	}
	for i, c := range done {
		h := all[i]
		h.Counts, h.Reconciled = c.Counts, c.Reconciled
		switch {
		case errors.Is(c.Err, load.ErrNotTried):
			l.giveBack(ctx, h)
		case errors.Is(c.Err, load.ErrMovedOn):
			outcomes = append(outcomes, l.again(ctx, h))
		case c.Err != nil:
			outcomes = append(outcomes, l.fail(ctx, h, c.Err))
		default:
			outcomes = append(outcomes, h.ended(nil))
		}
	}
	return outcomes
}

// committed is Commit; its error is a panic of it.
func (l *lane) committed(ctx context.Context, loads []load.Ready) (done []load.Committed, err error) {
	defer withheld(&err)
	return l.Warehouse.Commit(ctx, loads...), nil
}

// fail closes a window that is not loaded, and says so in the books.
func (l *lane) fail(ctx context.Context, h *inHand, why error) Outcome {
	if errors.Is(why, load.ErrFenced) {
		h.Held = true
		return h.ended(nil)
	}
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), failGrace)
	defer stop()
	return h.ended(errors.Join(why, l.Warehouse.Fail(last, h.Claim, h.Asked, why)))
}

// again gives a window back that is to be asked for once more.
func (l *lane) again(ctx context.Context, h *inHand) Outcome {
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), failGrace)
	defer stop()
	if err := l.Warehouse.GiveBack(last, h.Claim); err != nil {
		l.Log.Warn("a claimed window could not be given back: its lease will run out", zap.Int64("load", h.Load), zap.Error(err))
	}
	h.Held = true
	return h.ended(nil)
}

// giveBack leaves a claimed window to the next run.
func (l *lane) giveBack(ctx context.Context, h *inHand) {
	l.again(ctx, h)
	l.sum.left(1)
}

// ended lets go of what a window held and tells what became of it.
func (h *inHand) ended(err error) Outcome {
	if h.let != nil {
		h.let()
	}
	if h.Batch != nil {
		h.Batch.Close()
	}
	h.free()
	if h.Took = time.Since(h.began); err != nil {
		h.Err = fmt.Errorf("load %s: %w", h.Outcome.Window, err)
	}
	h.endSpan()
	return h.Outcome
}

// window is the window as it is asked for.
func (s Stream) window(win load.Window) extract.Window {
	return extract.Window{From: win.From, To: win.To, ToItself: s.WindowEnd == settings.EndMidnight}
}

func books(rep extract.Report) load.Asked {
	return load.Asked{
		RequestIDs: rep.RequestIDs, Attempts: rep.Attempts,
		SourceCount: pointer(rep.SourceCount), SourceSeconds: pointer(rep.SourceSeconds), Reconciled: pointer(rep.Reconciled),
		Answer: rep.Answer, Same: rep.Same,
	}
}

func pointer[T any](n sql.Null[T]) *T {
	if !n.Valid {
		return nil
	}
	return &n.V
}
