package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wheelhouse/extract"
	"wheelhouse/internal/settings"
	"wheelhouse/load"
)

// Outcome is what became of one window.
type Outcome struct {
	Due
	Counts     load.Counts
	Reconciled *bool // what came adds up to the API's own totals; nil where it states none
	Requests   int
	Took       time.Duration
	Elsewhere  bool  // another process has it: neither loaded nor failed here
	Err        error // nil: loaded
}

// Unreconciled tells whether the window was loaded although the API's totals say otherwise.
func (o Outcome) Unreconciled() bool { return o.Err == nil && o.Reconciled != nil && !*o.Reconciled }

// failGrace is how long writing a failure into the books may take once the work was called off.
const failGrace = 5 * time.Second

// LoadWindow loads one window: it claims it, asks the API, normalises, and commits rows, deletions, totals
// and ledger in one transaction. It neither knows nor cares who called it.
func LoadWindow(ctx context.Context, w *load.Warehouse, a *Account, s Stream, d Due, run, planned int64, now time.Time) (o Outcome) {
	began := time.Now()
	o.Due = d
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
	case errors.Is(err, load.ErrBusy), errors.Is(err, load.ErrLoaded):
		o.Elsewhere = true
		return o
	case err != nil:
		o.Err = fmt.Errorf("claim: %w", err)
		return o
	}
	ctx, lose := context.WithCancelCause(ctx)
	defer lose(nil)
	holding, release := context.WithCancel(ctx)
	defer release()
	go w.Hold(holding, claim, func() { lose(load.ErrFenced) })

	batch := load.NewBatch(a.ID, s.load)
	defer batch.Close()
	rep, err := s.fetch(ctx, s.client, s.window(d.Window), now, batch)
	asked := books(rep)
	o.Requests = rep.Attempts
	release() // the commit locks the lease, and gives it up
	if err == nil {
		o.Counts, err = w.Commit(ctx, claim, batch, asked)
		o.Reconciled = asked.Reconciled
	} else {
		err = fmt.Errorf("extract: %w", err)
	}
	if err == nil {
		return o
	}
	if errors.Is(context.Cause(ctx), load.ErrFenced) {
		err = load.ErrFenced
	}
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), failGrace)
	defer stop()
	o.Err = errors.Join(err, w.Fail(last, claim, asked, err))
	return o
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
