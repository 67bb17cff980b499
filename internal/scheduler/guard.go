package scheduler

import (
	"runtime"

	"github.com/robfig/cron/v3"
	"go.uber.org/zap"
)

// guarded makes a job that is skipped while it still runs, and survives its panics. The order matters: Recover
// must be inside, or SkipIfStillRunning never learns that a job that panicked is over.
func guarded(e *entry, run func()) cron.Job {
	return cron.NewChain(cron.SkipIfStillRunning(skips{e}), cron.Recover(panics{e})).Then(cron.FuncJob(run))
}

// skips is told by cron of each skipped tick.
type skips struct{ *entry }

func (s skips) Info(string, ...any) {
	s.note(func(state *State) { state.Skipped++ })
	s.log.Warn("tick skipped: the pass before is still at work", zap.Time("since", s.read().Started))
}

func (s skips) Error(error, string, ...any) {}

// panics is told by cron of each panic.
type panics struct{ *entry }

func (p panics) Info(string, ...any) {}

// Error logs where it panicked and, unless it is the runtime's own words, not with what: a value can be anything.
func (p panics) Error(value error, _ string, where ...any) {
	p.note(func(state *State) { state.Panics++ })
	text := "value withheld"
	if fault, ok := value.(runtime.Error); ok {
		text = fault.Error()
	}
	fields := []zap.Field{zap.String("panic", text)}
	if len(where) == 2 { // "stack" and the stack, whose frames show addresses and no text
		fields = append(fields, zap.Any("where", where[1]))
	}
	p.log.Error("pass panicked; the next tick runs", fields...)
}
