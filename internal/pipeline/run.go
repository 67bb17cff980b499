package pipeline

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/rollup"
	"wheelhouse/load"
)

// Runner loads due windows for a nightly run, a backfill or a schedule.
type Runner struct {
	Warehouse *load.Warehouse
	Log       *zap.Logger
	Version   string
	Host      string
	Now       func() time.Time
	Workers   int           // windows of all streams and accounts that are asked for at the same time; default 4
	Parallel  int           // windows of one stream that are asked for at the same time; 0: the stream's setting
	Grace     time.Duration // how long claimed windows may go on after ctx has ended; 0: they end at once
	Observe   Observer      // receives the progress; may be nil, or a Watcher
	Queue     *Queue        // shows the progress; may be nil
}

// Job is a stream of an account with its due windows.
type Job struct {
	Account *Account
	Stream  Stream
	Due     []ledger.Due // in the order of loading
	Recent  int          // how many of Due, from the first, are loaded before the others of all jobs of the account
	Windows int          // all windows in the range, due or not
}

// Result sums up a run.
type Result struct {
	Run          int64
	Windows      int // due
	Loaded       int
	Unreconciled int
	Reconciled   int // loaded, and equal to the API's own totals
	Failed       int
	Elsewhere    int // loaded by another process meanwhile
	Left         int // not tried, because the run was interrupted or left the stream to the next run
	Requests     int
	Counts       ledger.Counts
}

// OK tells whether all due windows are loaded and reconciled.
func (r Result) OK() bool { return r.Failed == 0 && r.Left == 0 && r.Unreconciled == 0 }

// Plan plans each stream of each account. within returns an account's range.
func (r *Runner) Plan(ctx context.Context, accounts []*Account, streams []string, within func(*Account) Range) (jobs []Job, err error) {
	for _, a := range accounts {
		for _, s := range a.Streams(streams) {
			job, err := Plan(ctx, r.Warehouse.Ledger, a, s, within(a))
			if err != nil {
				return nil, err
			}
			jobs = append(jobs, job)
		}
	}
	return jobs, nil
}

// Run plans and loads, as a run in the ledger. An error means that the run could not begin or end; failed windows are in the
// result.
func (r *Runner) Run(ctx context.Context, kind string, accounts []*Account, streams []string, within func(*Account) Range) (Result, error) {
	return r.run(ctx, kind, accounts, func() ([]Job, error) { return r.Plan(ctx, accounts, streams, within) })
}

// run makes a plan and loads it, as a run in the ledger.
func (r *Runner) run(ctx context.Context, kind string, accounts []*Account, plan func() ([]Job, error)) (Result, error) {
	for _, a := range accounts {
		if err := r.Warehouse.Ledger.RecordAccount(ctx, a.recorded(), a.accept.Load()); err != nil {
			return Result{}, err
		}
		a.accept.Store(false) // a server that another process stores later is not overwritten
	}
	jobs, err := plan()
	if err != nil {
		return Result{}, err
	}
	id, err := r.Warehouse.Ledger.StartRun(ctx, kind, r.Version, r.Host)
	if err != nil {
		return Result{}, err
	}
	result := r.load(ctx, jobs, id)
	r.refresh(ctx, kind, id)
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), failGrace)
	defer stop()
	return result, r.Warehouse.Ledger.FinishRun(last, id, result.outcome(ctx))
}

// refresh refreshes the rollups of days that this run, or an earlier one, has changed. A backfill leaves the refresh to the next run
// or pass, because one refresh after several backfills is less work. A refresh that fails does not fail the run: the views are
// right without it, but slower.
func (r *Runner) refresh(ctx context.Context, kind string, run int64) {
	if kind == "backfill" {
		return
	}
	if _, err := rollup.Refresh(ctx, r.Warehouse.Pool()); err != nil && ctx.Err() == nil {
		r.Log.Warn("rollups are left for the next pass", zap.Int64("run", run), zap.Error(err))
	}
}

func (r Result) outcome(ctx context.Context) string {
	switch {
	case ctx.Err() != nil:
		return "interrupted"
	case r.Failed > 0 || r.Left > 0:
		return "failed"
	case r.Unreconciled > 0:
		return "unreconciled"
	}
	return "loaded"
}

// load loads the jobs: of each account, the recent windows of all jobs come first. When ctx ends, no further window begins, and claimed
// windows have Grace to end.
func (r *Runner) load(ctx context.Context, jobs []Job, run int64) Result {
	work, stop := r.grace(ctx)
	defer stop()
	sum := &summary{Result: Result{Run: run}}
	limits := newLimits(max(1, r.workers()))
	workers := map[*Account][]*worker{}
	for _, job := range jobs {
		sum.Windows += len(job.Due)
		if r.Observe != nil {
			r.Observe.Planned(job.Account.ID, job.Stream.Name, len(job.Due))
		}
		w := &worker{Runner: r, job: job, run: run, limits: limits, sum: sum, began: time.Now(), later: job.Due, leases: newLeaseWaits(r.Log)}
		defer r.Queue.enter(w)()
		workers[job.Account] = append(workers[job.Account], w)
	}
	loadNext := func(workers []*worker, count func(Job) int) {
		var all sync.WaitGroup
		for _, w := range workers {
			all.Go(func() { w.load(ctx, work, count(w.job)) })
		}
		all.Wait()
	}
	var all sync.WaitGroup
	for _, ofAccount := range workers {
		all.Go(func() {
			loadNext(ofAccount, func(j Job) int { return j.Recent })
			loadNext(ofAccount, func(j Job) int { return len(j.Due) - j.Recent })
		})
	}
	all.Wait()
	return sum.Result
}

func (r *Runner) workers() int {
	if r.Workers > 0 {
		return r.Workers
	}
	return 4
}

// grace returns the context of claimed windows, which ends Grace after ctx.
func (r *Runner) grace(ctx context.Context) (context.Context, context.CancelFunc) {
	if r.Grace <= 0 {
		return context.WithCancel(ctx)
	}
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	unhook := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(r.Grace, cancel)
		context.AfterFunc(work, func() { timer.Stop() })
	})
	return work, func() { unhook(); cancel() }
}

// report logs the outcome of a window and passes it to the observer.
func (r *Runner) report(o Outcome) {
	fields := []zap.Field{
		zap.Int64("run", o.Run), zap.String("account", o.Account), zap.String("stream", o.Stream.Name), zap.Time("from", o.From), zap.Time("to", o.To),
		zap.String("why", string(o.Why)), zap.Duration("took", o.Took), zap.Int("requests", o.Requests),
	}
	switch {
	case o.Elsewhere:
		r.Log.Info("window left to another process", fields...)
	case errors.Is(o.Err, context.Canceled):
		r.Log.Info("window interrupted", fields...)
	case o.Err != nil:
		r.Log.Error("window failed", append(fields, zap.Error(o.Err))...)
	default:
		n := o.Counts
		fields = append(fields, zap.Int64("read", n.Read), zap.Int64("inserted", n.Inserted), zap.Int64("updated", n.Updated),
			zap.Int64("unchanged", n.Unchanged), zap.Int64("deleted", n.Deleted), zap.Int64("rejected", n.Rejected))
		switch {
		case o.Missing != "":
			r.Log.Warn("window loaded, and parts of it are missing", append(fields, zap.String("missing", o.Missing))...)
		case o.Unreconciled():
			r.Log.Warn("window loaded, not reconciled: its rows do not equal the API's totals", fields...)
		default:
			r.Log.Info("window loaded", fields...)
		}
	}
	if len(o.Noticed) > 0 {
		r.Log.Warn("the API sends members that Wheelhouse does not know and does not load", zap.String("account", o.Account),
			zap.String("stream", o.Stream.Name), zap.Strings("members", o.Noticed))
	}
	if r.Observe != nil {
		r.Observe.Loaded(o)
	}
}

// summary is a Result that several goroutines add to.
type summary struct {
	mu sync.Mutex
	Result
}

// more counts windows that became due during the run, and requests of windows that were split.
func (s *summary) more(windows, requests int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Windows += windows
	s.Requests += requests
}

func (s *summary) left(windows int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Left += windows
}

func (s *summary) add(o Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Requests += o.Requests
	switch {
	case o.Elsewhere:
		s.Elsewhere++
	case o.Err != nil:
		s.Failed++
	default:
		s.Loaded++
		if o.Unreconciled() {
			s.Unreconciled++
		} else if o.Reconciled != nil {
			s.Reconciled++
		}
		s.Counts.Add(o.Counts)
	}
}
