package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"wheelhouse/internal/ledger"
	"wheelhouse/load"
)

// Finding is a difference with its window.
type Finding struct {
	Account string `json:"account"`
	Stream  string `json:"stream"`
	Days    string `json:"days"` // a day, or "2026-03-01 to 2026-03-07"
	load.Difference
}

// Verified sums up a comparison.
type Verified struct {
	Windows   int // compared with the API
	Different int // compared, with differences
	NotLoaded int // not covered by the ledger
	Failed    int // not compared, because of an error
	Left      int // not tried, because the run was interrupted
	Requests  int
	Rows      int64 // records in the API's answers
	Findings  int
}

// Equal tells whether the whole range was compared and nothing differs.
func (v Verified) Equal() bool { return v.Different+v.NotLoaded+v.Failed+v.Left+v.Findings == 0 }

// Verify asks the API again for the loaded windows of a range of whole days, compares the answers with the tables (invariant 3),
// and calls tell with each difference, one call at a time. It writes no row of schema crankwheel.
func (r *Runner) Verify(ctx context.Context, accounts []*Account, streams []string, within func(*Account) Range, tell func(Finding)) (Verified, error) {
	jobs, err := r.Plan(ctx, accounts, streams, within)
	if err != nil {
		return Verified{}, err
	}
	run, err := r.Warehouse.Ledger.StartRun(ctx, "verify", r.Version, r.Host)
	if err != nil {
		return Verified{}, err
	}
	v := &verifier{Runner: r, tell: tell}
	var group errgroup.Group
	group.SetLimit(max(1, r.workers()))
	for _, job := range jobs {
		if r.Observe != nil {
			r.Observe.Planned(job.Account.ID, job.Stream.Name, len(job.Due))
		}
		gaps := 0
		for _, due := range job.Due {
			if due.Why == ledger.WhyGap {
				gaps++
			}
			group.Go(func() error { v.window(ctx, job, due); return nil })
		}
		// With a gap, the sum of the days is not the range's. One day has no borders.
		if days := within(job.Account); job.Stream.load.Counted() && gaps == 0 && len(job.Due) > 1 {
			group.Go(func() error { v.borders(ctx, job, days); return nil })
		}
	}
	_ = group.Wait() // errors are in the sum
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), failGrace)
	defer stop()
	return v.sum, r.Warehouse.Ledger.FinishRun(last, run, v.sum.outcome(ctx))
}

func (v Verified) outcome(ctx context.Context) string {
	switch {
	case ctx.Err() != nil:
		return "interrupted"
	case v.Failed > 0:
		return "failed"
	case !v.Equal():
		return "different"
	}
	return "equal"
}

type verifier struct {
	*Runner
	tell func(Finding)
	mu   sync.Mutex
	sum  Verified
}

// movesOn is how often a window is asked for, if other processes load it meanwhile.
const movesOn = 3

// window compares one window.
func (v *verifier) window(ctx context.Context, job Job, due ledger.Due) {
	if ctx.Err() != nil {
		v.add(job, due, func(s *Verified) { s.Left++ }, nil)
		return
	}
	if due.Why == ledger.WhyGap {
		v.add(job, due, func(s *Verified) { s.NotLoaded++ }, []load.Difference{{Key: "window", Warehouse: "not loaded", API: "not asked"}})
		v.observe(Outcome{Due: due})
		return
	}
	o := Outcome{Due: due}
	var found []load.Difference
	for try := 1; ; try++ {
		found, o.Err = v.compare(ctx, job, due, &o)
		if !errors.Is(o.Err, load.ErrMovedOn) || try == movesOn {
			break
		}
	}
	if o.Err != nil {
		o.Err = fmt.Errorf("verify %s: %w", due.Window, o.Err)
	}
	v.add(job, due, func(s *Verified) {
		s.Requests += o.Requests
		s.Rows += o.Counts.Read
		switch {
		case o.Err != nil:
			s.Failed++
		case len(found) > 0:
			s.Windows, s.Different = s.Windows+1, s.Different+1
		default:
			s.Windows++
		}
	}, found)
	v.observe(o)
}

func (v *verifier) compare(ctx context.Context, job Job, due ledger.Due, o *Outcome) (found []load.Difference, err error) {
	defer recoverAsError(&err)
	since, err := v.Warehouse.Ledger.Now(ctx)
	if err != nil {
		return nil, err
	}
	batch := load.NewBatch(due.Window)
	defer batch.Close()
	rep, err := job.Stream.ask(ctx, v.client(job.Account, job.Stream), due.Window, v.Now(), batch)
	o.Requests += rep.Attempts
	if err != nil {
		return nil, fmt.Errorf("extract: %w", err)
	}
	o.Counts = ledger.Counts{Read: batch.Read(), Rejected: batch.Rejected()}
	found, err = v.Warehouse.Compare(ctx, due.Window, batch, asked(rep), since)
	if err == nil && batch.Missing() != "" { // the differences in the rest are still told
		err = fmt.Errorf("extract: %s", batch.Missing())
	}
	return found, err
}

// borders asks for the whole range as one window and compares its counts with the sums of the days.
func (v *verifier) borders(ctx context.Context, job Job, days Range) {
	a, s := job.Account, job.Stream
	win := ledger.Window{Account: a.ID, Stream: s.load.Stream, Day: days.First, From: startOf(days.First, a.Zone), To: startOf(days.Last.AddDate(0, 0, 1), a.Zone), Zone: a.Zone}
	due := ledger.Due{Window: win}
	requests, found, err := v.compareBorders(ctx, a, s, win, days)
	v.add(job, due, func(sum *Verified) {
		sum.Requests += requests
		if err != nil {
			sum.Failed++
		}
	}, found)
	if err != nil {
		v.report(Outcome{Due: due, Err: fmt.Errorf("verify %s to %s: %w", win, days.Last.Format(time.DateOnly), err)})
	}
}

func (v *verifier) compareBorders(ctx context.Context, a *Account, s Stream, win ledger.Window, days Range) (requests int, found []load.Difference, err error) {
	defer recoverAsError(&err)
	batch := load.NewBatch(win)
	defer batch.Close()
	rep, err := s.ask(ctx, v.client(a, s), win, v.Now(), batch)
	if err == nil && batch.Missing() != "" {
		err = errors.New(batch.Missing())
	}
	if err != nil {
		return rep.Attempts, nil, err
	}
	found, err = v.Warehouse.CompareBorders(ctx, win, batch, days.First, days.Last)
	return rep.Attempts, found, err
}

// add updates the sum, and tells the differences.
func (v *verifier) add(job Job, due ledger.Due, count func(*Verified), found []load.Difference) {
	v.mu.Lock()
	defer v.mu.Unlock()
	count(&v.sum)
	v.sum.Findings += len(found)
	days := due.Day.Format(time.DateOnly)
	if last := lastDay(due.Window); last.After(due.Day) {
		days += " to " + last.Format(time.DateOnly)
	}
	for _, d := range found {
		v.tell(Finding{Account: due.Account, Stream: job.Stream.Name, Days: days, Difference: d})
	}
}

// observe passes each window to the observer, and logs a window that could not be compared.
func (v *verifier) observe(o Outcome) {
	if o.Err != nil {
		v.report(o)
	} else if v.Observe != nil {
		v.Observe.Loaded(o)
	}
}
