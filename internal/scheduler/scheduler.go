package scheduler

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/robfig/cron/v3"
	"go.uber.org/zap"

	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/settings"
)

// Scheduler runs passes on the schedules of some accounts.
type Scheduler struct {
	runner  *pipeline.Runner
	clock   Clock
	log     *zap.Logger
	entries []*entry
	began   atomic.Bool
	busy    atomic.Int64 // ticks being served, or waiting to check again; for tests
}

// New makes a scheduler for the enabled streams. A nil clock means the machine's. runner.Now must be the same clock.
func New(runner *pipeline.Runner, accounts []*pipeline.Account, clock Clock, log *zap.Logger) *Scheduler {
	if clock == nil {
		clock = Wall{}
	}
	s := &Scheduler{runner: runner, clock: clock, log: log}
	for _, a := range accounts {
		for _, stream := range a.Streams(nil) {
			s.entries = append(s.entries, newEntry(a, stream, log))
		}
	}
	return s
}

// Status is the state of each stream of each account, in the order of the settings.
func (s *Scheduler) Status() []State {
	states := make([]State, len(s.entries))
	for i, e := range s.entries {
		states[i] = e.read()
		states[i].Due = settings.LastDue(e.stream.Schedule, s.clock.Now())
	}
	return states
}

// Run catches up and then follows the schedules until ctx ends, which is not an error. It can be called once.
func (s *Scheduler) Run(ctx context.Context) error {
	if !s.began.CompareAndSwap(false, true) {
		return errors.New("scheduler: Run was called before")
	}
	if len(s.entries) == 0 {
		s.log.Warn("nothing to schedule: every stream is switched off")
		<-ctx.Done()
		return nil
	}
	now := s.clock.Now()
	for _, e := range s.entries {
		e.log.Info("schedule", zap.String("cron", e.stream.Cron), zap.Time("next", e.stream.Schedule.Next(now)))
	}
	var all sync.WaitGroup
	for _, e := range s.entries {
		all.Go(func() { s.follow(ctx, e) })
	}
	all.Wait()
	s.log.Info("schedules stopped")
	return nil
}

// follow follows one schedule. It returns when ctx has ended and the last pass is over.
func (s *Scheduler) follow(ctx context.Context, e *entry) {
	var passes sync.WaitGroup
	defer passes.Wait()
	job := s.job(ctx, e)
	start := func() {
		s.busy.Add(1)
		passes.Go(func() {
			defer s.busy.Add(-1)
			job.Run()
		})
	}
	at := s.clock.Now()
	e.note(func(state *State) { state.Next = e.stream.Schedule.Next(at) })
	start() // to catch up
	for {
		var err error
		if at, err = s.tick(ctx, e, at); err != nil {
			return
		}
		start()
	}
}

// backstep is the time by which the clock may be set back without a tick coming again.
const backstep = 10 * time.Minute

// tick waits for the first tick after a time, and returns the time after which the next tick counts.
func (s *Scheduler) tick(ctx context.Context, e *entry, after time.Time) (time.Time, error) {
	for {
		now := s.clock.Now()
		if now.Before(after.Add(-backstep)) {
			e.log.Warn("the clock was set back: the next tick is counted from the new time", zap.Time("was", after), zap.Time("is", now))
			after = now
		}
		next := e.stream.Schedule.Next(after)
		e.note(func(state *State) { state.Next = next })
		if next.IsZero() {
			e.log.Warn("the schedule never fires again")
			<-ctx.Done()
			return after, ctx.Err()
		}
		if !next.After(now) {
			return now, ctx.Err()
		}
		if err := s.clock.Sleep(ctx, next); err != nil {
			return after, err
		}
	}
}

// job is the job of a tick. Its first run catches up.
func (s *Scheduler) job(ctx context.Context, e *entry) cron.Job {
	first := true // guarded by SkipIfStillRunning
	return guarded(e, func() {
		catchUp := first
		first = false
		s.serve(ctx, e, catchUp)
	})
}
