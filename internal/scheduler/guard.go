package scheduler

import (
	"runtime"

	"github.com/robfig/cron/v3"
	"go.uber.org/zap"
)

// guarded makes a job that is skipped while it still runs and that recovers from panics. The order matters: Recover must
// be inside, or SkipIfStillRunning never notes that a job that panicked is over.
func guarded(e *entry, run func()) cron.Job {
	return cron.NewChain(cron.SkipIfStillRunning(skips{e}), cron.Recover(panics{e})).Then(cron.FuncJob(run))
}

// skips is the logger that cron calls for each skipped tick.
type skips struct{ *entry }

func (s skips) Info(string, ...any) {
	s.note(func(state *State) { state.Skipped++ })
	s.log.Warn("tick skipped: the pass before is still running", zap.Time("since", s.read().Started))
}

func (s skips) Error(error, string, ...any) {}

// panics is the logger that cron calls for each panic.
type panics struct{ *entry }

func (p panics) Info(string, ...any) {}

// Error logs the place of a panic. It logs the value only if it is an error of the runtime, because any other value may
// contain data.
func (p panics) Error(value error, _ string, where ...any) {
	p.note(func(state *State) { state.Panics++ })
	text := "value redacted"
	if fault, ok := value.(runtime.Error); ok {
		text = fault.Error()
	}
	fields := []zap.Field{zap.String("panic", text)}
	if len(where) == 2 { // "stack" and the stack, whose frames contain no text
		fields = append(fields, zap.Any("where", where[1]))
	}
	p.log.Error("pass panicked; the next tick runs", fields...)
}
