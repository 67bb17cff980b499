package pipeline

import (
	"cmp"
	"context"
	"slices"
	"time"

	"wheelhouse/internal/ledger"
)

// Range says which windows a plan considers, and which of them are due.
type Range struct {
	First, Last time.Time // days, both included, as midnights in UTC
	Now         time.Time // windows end here at the latest
	LookBack    bool      // recent and open windows are due, as in a nightly run
	Force       bool      // all windows are due

	// Recent is a day, as its midnight in UTC: windows that end after its start come before all others. Zero: none do. Only plans with
	// LookBack use it.
	Recent time.Time

	// OldestFirst loads the windows in the order of time, which is the order of the largest tables' keys: Postgres fills pages of
	// an index best at its end. Otherwise the newest come first, because people wait for them.
	OldestFirst bool
}

// recentDays is the number of days that a run loads first, today included. People look at the newest days first, and the pages show this
// number of days.
const recentDays = 28

// Nightly returns the range of a nightly run: all of the account's history.
func (a *Account) Nightly(now time.Time) Range {
	today := dayOf(now, a.Zone)
	return Range{First: dayOf(a.HistoryFrom, a.Zone), Last: today, Now: now, LookBack: true, Recent: today.AddDate(0, 0, 1-recentDays), OldestFirst: true}
}

// WholeDays returns a range without today and later days, which are not over.
func (a *Account) WholeDays(r Range) Range {
	if yesterday := dayOf(r.Now, a.Zone).AddDate(0, 0, -1); r.Last.After(yesterday) {
		r.Last = yesterday
	}
	return r
}

// Plan plans the windows of a stream in a range. Only the ledger decides what is due (invariant 1).
func Plan(ctx context.Context, l *ledger.Ledger, a *Account, s Stream, r Range) (Job, error) {
	due, windows, err := plan(ctx, l, a, s, r)
	if err != nil {
		return Job{}, err
	}
	recent := func(ledger.Due) bool { return false }
	if !r.Recent.IsZero() {
		first := startOf(r.Recent, a.Zone)
		recent = func(d ledger.Due) bool { return d.To.After(first) }
	}
	job := Job{Account: a, Stream: s, Due: join(due, s.load.Join, recent), Windows: windows}
	job.Windows -= len(due) - len(job.Due)
	slices.SortStableFunc(job.Due, func(x, y ledger.Due) int {
		switch {
		case recent(x) == recent(y):
			return 0
		case recent(x):
			return -1
		}
		return 1
	})
	for job.Recent < len(job.Due) && recent(job.Due[job.Recent]) {
		job.Recent++
	}
	return job, nil
}

// join joins neighbouring windows that are due for the same reason into windows of at most days days. It never joins a recent window with
// one that is not recent.
func join(due []ledger.Due, days int, recent func(ledger.Due) bool) (joined []ledger.Due) {
	for _, d := range due {
		if n := len(joined); n > 0 && joined[n-1].Why == d.Why && recent(joined[n-1]) == recent(d) {
			last := &joined[n-1]
			first, second := last, &d
			if d.From.Before(last.From) { // newest first
				first, second = &d, last
			}
			if first.To.Equal(second.From) && lastDay(second.Window).Before(first.Day.AddDate(0, 0, days)) {
				last.Day, last.From, last.To, last.Known, last.Joined = first.Day, first.From, second.To, max(last.Known, d.Known), true
				continue
			}
		}
		joined = append(joined, d)
	}
	return joined
}

// plan returns the windows that are due, and the number of all windows in the range.
func plan(ctx context.Context, l *ledger.Ledger, a *Account, s Stream, r Range) (due []ledger.Due, all int, err error) {
	// This machine's clock may be ahead. A day that is not over by the database's clock must not count as loaded.
	clock, err := l.Now(ctx)
	if err != nil {
		return nil, 0, err
	}
	if r.Now.After(clock.Add(time.Minute)) {
		r.Now = clock
	}
	if today := dayOf(r.Now, a.Zone); r.Last.After(today) {
		r.Last = today
	}
	known, err := l.LastLoad(ctx)
	if err != nil {
		return nil, 0, err
	}
	if s.load.Snapshot() {
		return planSnapshot(ctx, l, a, s, r, known)
	}
	var windows []ledger.Window
	for _, c := range cut(r.First, r.Last, s.Window, a.Zone) {
		if to := r.Now.Truncate(time.Second); c.to.After(to) {
			c.to = to // the day is not over
		}
		if c.from.Before(c.to) {
			windows = append(windows, ledger.Window{Account: a.ID, Stream: s.load.Stream, Day: c.day, From: c.from, To: c.to, Zone: a.Zone})
		}
	}
	covered, err := l.Covered(ctx, windows, a.Zone)
	if err != nil {
		return nil, 0, err
	}
	again, err := dueAgain(ctx, l, a, s, r)
	if err != nil {
		return nil, 0, err
	}
	problems, err := l.Problems(ctx, a.ID, s.load.Stream)
	if err != nil {
		return nil, 0, err
	}
	for i, win := range slices.Backward(windows) {
		d := ledger.Due{Window: win, Known: known}
		switch {
		case !covered[i]:
			// A gap is no longer due after any load, even one that had begun before the plan.
			d.Why, d.Known = ledger.WhyGap, 0
		case r.Force:
			d.Why = ledger.WhyForced
		default:
			d.Why = cmp.Or(again(win), problemOf(problems, win))
		}
		if d.Why != "" {
			due = append(due, d)
		}
	}
	if r.OldestFirst {
		slices.Reverse(due)
	}
	return due, len(windows), nil
}

// problemOf returns the problem of a window; "" if there is none.
func problemOf(all []ledger.Problem, win ledger.Window) ledger.Why {
	for _, p := range all {
		if p.From.Before(win.To) && win.From.Before(p.To) {
			return p.Why
		}
	}
	return ""
}

// dueAgain returns a function that tells why a covered window is due; "" if it is not.
func dueAgain(ctx context.Context, l *ledger.Ledger, a *Account, s Stream, r Range) (func(ledger.Window) ledger.Why, error) {
	if !r.LookBack {
		return func(ledger.Window) ledger.Why { return "" }, nil
	}
	today := dayOf(r.Now, a.Zone)
	young := startOf(today.AddDate(0, 0, -s.Lookback), a.Zone)
	open, err := l.Open(ctx, a.ID, s.load.Stream, startOf(today.AddDate(0, 0, -s.OpenLookback), a.Zone))
	if err != nil {
		return nil, err
	}
	return func(win ledger.Window) ledger.Why {
		if win.To.After(young) {
			return ledger.WhyLookBack
		}
		if slices.ContainsFunc(open, func(t time.Time) bool { return !t.Before(win.From) && t.Before(win.To) }) {
			return ledger.WhyOpen
		}
		return ""
	}, nil
}

// planSnapshot plans a snapshot stream. A snapshot is always of now. Its window is the day on which it is taken, and it covers all
// days before.
func planSnapshot(ctx context.Context, l *ledger.Ledger, a *Account, s Stream, r Range, known int64) ([]ledger.Due, int, error) {
	today := dayOf(r.Now, a.Zone)
	due := ledger.Due{
		Window: ledger.Window{Account: a.ID, Stream: s.load.Stream, Day: today, From: startOf(today, a.Zone), To: startOf(today.AddDate(0, 0, 1), a.Zone), Zone: a.Zone},
		Known:  known,
	}
	switch {
	case r.LookBack:
		due.Why = ledger.WhyFresh
	case r.Force:
		due.Why = ledger.WhyForced
	default:
		taken, complete, err := l.SnapshotSince(ctx, a.ID, s.load.Stream, startOf(r.Last.AddDate(0, 0, 1), a.Zone))
		switch {
		case err != nil || complete:
			return nil, 1, err
		case taken:
			due.Why = ledger.WhyUnreconciled
		default:
			due.Why, due.Known = ledger.WhyGap, 0
		}
	}
	return []ledger.Due{due}, 1, nil
}
