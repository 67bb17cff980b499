package pipeline

import (
	"context"
	"slices"
	"time"

	"wheelhouse/internal/ledger"
)

// Retry loads again the windows of rejects. A reject whose record is understood now, or no longer comes, is resolved. Rejects of
// accounts and streams that are not switched on are ignored.
func (r *Runner) Retry(ctx context.Context, accounts []*Account, rejects []ledger.Reject) (Result, error) {
	return r.run(ctx, "backfill", accounts, func() (jobs []Job, err error) {
		for _, a := range accounts {
			for _, s := range a.Streams(nil) {
				job := Job{Account: a, Stream: s}
				if job.Due, err = r.dueOf(ctx, a, s, rejects); err != nil {
					return nil, err
				}
				job.Windows = len(job.Due)
				jobs = append(jobs, job)
			}
		}
		return jobs, nil
	})
}

// dueOf lists the windows of a stream that have rejects, newest first.
func (r *Runner) dueOf(ctx context.Context, a *Account, s Stream, rejects []ledger.Reject) ([]ledger.Due, error) {
	byDay := map[time.Time]ledger.Due{}
	asked := map[[2]time.Time]bool{} // many rejects are of one window
	for _, reject := range rejects {
		if reject.Account != a.ID || reject.Stream != s.Name || reject.From == nil || reject.To == nil {
			continue
		}
		of := [2]time.Time{dayOf(*reject.From, a.Zone), dayOf(reject.To.Add(-time.Second), a.Zone)}
		if asked[of] {
			continue
		}
		asked[of] = true
		days := Range{First: of[0], Last: of[1], Now: r.Now(), Force: true}
		due, _, err := plan(ctx, r.Warehouse.Ledger, a, s, days)
		if err != nil {
			return nil, err
		}
		for _, d := range due {
			byDay[d.Day] = d
		}
	}
	due := make([]ledger.Due, 0, len(byDay))
	for _, d := range byDay {
		due = append(due, d)
	}
	slices.SortFunc(due, func(x, y ledger.Due) int { return y.Day.Compare(x.Day) })
	return due, nil
}
