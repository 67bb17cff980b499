package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"time"

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

// LoadWindow loads one window: it claims it, asks the API, normalises, and commits rows, deletions, totals
// and ledger in one transaction. It neither knows nor cares who called it.
func LoadWindow(ctx context.Context, w *load.Warehouse, a *Account, s Stream, d Due, run, planned int64, now time.Time) (o Outcome) {
	began := time.Now()
	o.Due, o.Run = d, run
	defer func() {
		o.Took = time.Since(began)
		if o.Err != nil {
			o.Err = fmt.Errorf("load %s: %w", d.Window, o.Err)
		}
	}()
	if d.Why == WhyGap {
		planned = 0 // a window that nobody had loaded is due no more once anybody has, even one who was at it when it was planned
	}
	claim, err := w.Claim(ctx, run, d.Window, planned)
	switch {
	case errors.Is(err, load.ErrBusy):
		o.Held = true
		return o
	case errors.Is(err, load.ErrLoaded):
		o.Elsewhere = true
		return o
	case err != nil:
		o.Err = fmt.Errorf("claim: %w", err)
		return o
	}
	asked, err := o.transfer(ctx, w, a, s, claim, now)
	switch {
	case err == nil:
		return o
	case errors.Is(err, load.ErrFenced):
		o.Held = true
		return o
	}
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), failGrace)
	defer stop()
	o.Err = errors.Join(err, w.Fail(last, claim, asked, err))
	return o
}

// transfer brings a claimed window from the API into the warehouse.
func (o *Outcome) transfer(ctx context.Context, w *load.Warehouse, a *Account, s Stream, claim load.Claim, now time.Time) (asked load.Asked, err error) {
	ctx, lose := context.WithCancelCause(ctx)
	defer lose(nil)
	holding, release := context.WithCancel(ctx)
	defer release()
	go w.Hold(holding, claim, func() { lose(load.ErrFenced) })
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a defect of this program: panic at %s", panicked())
		}
		if err != nil && errors.Is(context.Cause(ctx), load.ErrFenced) {
			err = load.ErrFenced
		}
	}()

	batch := load.NewBatch(a.ID, s.load)
	defer batch.Close()
	rep, err := s.fetch(ctx, s.client, s.window(o.Window), now, batch)
	asked = books(rep)
	o.Requests = rep.Attempts
	if err != nil {
		return asked, fmt.Errorf("extract: %w", err)
	}
	release() // the commit locks the lease, and gives it up
	o.Counts, err = w.Commit(ctx, claim, batch, asked)
	o.Reconciled = asked.Reconciled
	return asked, err
}

// panicked names the place of the panic being recovered from. Its value is left out: it can hold what an answer held.
func panicked() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "runtime.") || !more {
			return fmt.Sprintf("%s:%d", filepath.Base(frame.File), frame.Line)
		}
	}
}

// window is the window as it is asked for.
func (s Stream) window(win load.Window) extract.Window {
	return extract.Window{From: win.From, To: win.To, ToItself: s.WindowEnd == settings.EndMidnight}
}

func books(rep extract.Report) load.Asked {
	return load.Asked{
		RequestIDs: rep.RequestIDs, Attempts: rep.Attempts,
		SourceCount: pointer(rep.SourceCount), SourceSeconds: pointer(rep.SourceSeconds), Reconciled: pointer(rep.Reconciled),
	}
}

func pointer[T any](f extract.Field[T]) *T {
	if !f.Valid {
		return nil
	}
	return &f.Value
}
