package scheduler

import (
	"context"
	"time"

	"go.uber.org/zap"

	"wheelhouse/internal/pipeline"
)

// again is how long after a pass that left something behind the books are looked at again.
var again = [...]time.Duration{5 * time.Minute, 20 * time.Minute, 80 * time.Minute}

// serve serves a tick, or catches up, and looks again where something was left.
func (s *Scheduler) serve(ctx context.Context, e *entry, behind bool) {
	var complete bool
	if behind {
		complete = s.catchUp(ctx, e)
	} else {
		complete = s.pass(ctx, e, "tick", e.account.Nightly(s.clock.Now()))
	}
	for _, wait := range again {
		if complete || !s.rest(ctx, e, wait) {
			return
		}
		complete = s.catchUp(ctx, e)
	}
}

// catchUp runs a pass if the books owe one, and tells whether all is loaded.
func (s *Scheduler) catchUp(ctx context.Context, e *entry) (complete bool) {
	r, why := s.owed(ctx, e)
	return why == "" || s.pass(ctx, e, why, r)
}

// rest waits, unless the next tick comes before that or the clock has gone back.
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

// pass runs one pass of a stream, and tells whether it left nothing behind.
func (s *Scheduler) pass(ctx context.Context, e *entry, why string, r pipeline.Range) (complete bool) {
	began := s.clock.Now()
	e.note(func(state *State) { state.Running, state.Started, state.Passes = true, began, state.Passes+1 })
	var result pipeline.Result
	text := "panicked" // stands unless something else becomes of it
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
		e.log.Warn("pass finished, not everything is loaded and adds up", fields...)
	default:
		e.log.Info("pass finished", fields...)
	}
	return complete
}
