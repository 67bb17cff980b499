package scheduler

import (
	"context"
	"time"

	"go.uber.org/zap"

	"wheelhouse/internal/pipeline"
)

// retries is when the ledger is checked again after a pass that was not complete.
var retries = [...]time.Duration{5 * time.Minute, 20 * time.Minute, 80 * time.Minute}

// serve runs the pass of a tick, or catches up if first is set, and checks again later if the pass was not complete.
func (s *Scheduler) serve(ctx context.Context, e *entry, first bool) {
	var complete bool
	if first {
		complete = s.catchUp(ctx, e)
	} else {
		complete = s.pass(ctx, e, "tick", e.account.Nightly(s.clock.Now()))
	}
	for _, wait := range retries {
		if complete || !s.rest(ctx, e, wait) {
			return
		}
		complete = s.catchUp(ctx, e)
	}
}

// catchUp runs a pass if one is due, and reports whether everything is loaded.
func (s *Scheduler) catchUp(ctx context.Context, e *entry) (complete bool) {
	r, why := s.due(ctx, e)
	return why == "" || s.pass(ctx, e, why, r)
}

// rest waits. It returns false if the next tick comes earlier, the clock goes back or ctx ends.
func (s *Scheduler) rest(ctx context.Context, e *entry, wait time.Duration) bool {
	from := s.clock.Now()
	until := from.Add(wait)
	if next := e.read().Next; !next.IsZero() && !next.After(until) {
		return false
	}
	for now := from; now.Before(until); now = s.clock.Now() {
		if now.Before(from.Add(-backstep)) || s.clock.Sleep(ctx, until) != nil {
			return false
		}
	}
	return ctx.Err() == nil
}

// pass runs one pass of a stream, and reports whether it was complete.
func (s *Scheduler) pass(ctx context.Context, e *entry, why string, r pipeline.Range) (complete bool) {
	began := s.clock.Now()
	e.note(func(state *State) { state.Running, state.Started, state.Passes = true, began, state.Passes+1 })
	var result pipeline.Result
	text := "panicked" // kept if the pass panics
	defer func() {
		e.note(func(state *State) {
			state.Running, state.Finished, state.Result, state.Error = false, s.clock.Now(), result, text
		})
	}()
	result, err := s.runner.Run(ctx, "schedule", []*pipeline.Account{e.account}, []string{e.stream.Name},
		func(*pipeline.Account) pipeline.Range { return r })
	if text = ""; err != nil {
		text = err.Error()
	}
	complete = err == nil && result.Failed+result.Left == 0
	fields := []zap.Field{
		zap.Int64("run", result.Run), zap.String("why", why), zap.Duration("took", s.clock.Now().Sub(began)),
		zap.Int("windows", result.Windows), zap.Int("loaded", result.Loaded), zap.Int("failed", result.Failed),
		zap.Int("left", result.Left), zap.Int("elsewhere", result.Elsewhere), zap.Int("unreconciled", result.Unreconciled),
	}
	switch {
	case ctx.Err() != nil:
		e.log.Info("pass interrupted", fields...)
	case err != nil:
		e.log.Error("pass failed", append(fields, zap.Error(err))...)
	case !result.OK():
		e.log.Warn("pass finished, but not everything is loaded and reconciled", fields...)
	default:
		e.log.Info("pass finished", fields...)
	}
	return complete
}
