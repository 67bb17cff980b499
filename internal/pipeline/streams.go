package pipeline

import (
	"context"
	"errors"
	"time"

	"wheelhouse/extract"
	"wheelhouse/internal/ledger"
	"wheelhouse/load"
	"wheelhouse/transform"
)

// fetch asks for a window, normalises the records and adds them to a batch. now limits the window of a snapshot.
type fetch func(ctx context.Context, c *extract.Client, w extract.Window, now time.Time, b *load.Batch) (extract.Report, error)

// all lists for each stream how it is asked for, and where its rows go.
var all = []struct {
	load  load.Stream
	fetch fetch
}{
	{load.DemoUsage, demoUsage},
	{load.UsageNew, usageNew},
	{load.UsageShares, usageShares},
	{load.Shares, shares},
	{load.ShareVisits, shareVisits},
	{load.ShareDetails, shareDetails},
	{load.UserAccess, userAccess},
	{load.CompanyContent, companyContent},
}

func demoUsage(ctx context.Context, c *extract.Client, w extract.Window, _ time.Time, b *load.Batch) (extract.Report, error) {
	canceled, rep, err := c.DemoUsage(ctx, w, b, into(b, transform.DemoUsage, b.DemoRequest))
	if err != nil {
		return rep, err
	}
	count, rejects := transform.Canceled(canceled, w.From)
	if count.Valid {
		err = b.CancellationCount(count.V)
	}
	for _, r := range rejects {
		err = errors.Join(err, b.RejectEntry(r))
	}
	b.Commit()
	return rep, err
}

func usageNew(ctx context.Context, c *extract.Client, w extract.Window, _ time.Time, b *load.Batch) (extract.Report, error) {
	var sessions transform.Sessions
	return c.UsageNew(ctx, w, b.Known, b, into(b, sessions.UsageNew, b.Session))
}

func usageShares(ctx context.Context, c *extract.Client, w extract.Window, _ time.Time, b *load.Batch) (extract.Report, error) {
	return c.UsageShares(ctx, w, b, into(b, transform.UsageShares, b.ShareUsage))
}

func shares(ctx context.Context, c *extract.Client, w extract.Window, _ time.Time, b *load.Batch) (extract.Report, error) {
	return c.Shares(ctx, w, b, into(b, transform.Shares, b.Share))
}

func shareVisits(ctx context.Context, c *extract.Client, w extract.Window, _ time.Time, b *load.Batch) (extract.Report, error) {
	rep, err := c.ShareVisits(ctx, w, b, into(b, transform.ShareVisits, b.ShareVisit), func(s extract.WatchedShare) error {
		row, ok, rejects := transform.WatchedShare(s)
		for _, r := range rejects {
			if err := b.RejectEntry(r); err != nil {
				return err
			}
		}
		if ok {
			return b.WatchedShare(row)
		}
		return nil
	})
	return rep, err
}

func shareDetails(ctx context.Context, c *extract.Client, w extract.Window, _ time.Time, b *load.Batch) (extract.Report, error) {
	return c.ShareDetails(ctx, w, b, into(b, transform.ShareDetails, b.ShareDetail))
}

func userAccess(ctx context.Context, c *extract.Client, _ extract.Window, _ time.Time, b *load.Batch) (extract.Report, error) {
	return c.UserAccess(ctx, b, into(b, transform.UserAccess, b.User))
}

// libraryFrom is before the first content of any account, so that the whole library is asked for.
var libraryFrom = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func companyContent(ctx context.Context, c *extract.Client, _ extract.Window, now time.Time, b *load.Batch) (extract.Report, error) {
	w := extract.Window{From: libraryFrom, To: now.AddDate(1, 0, 0)} // a year more, in case this machine's clock is behind
	return c.CompanyContent(ctx, w, b, into(b, transform.CompanyContent, b.Content))
}

// ask asks for a window, and adds the records to a batch.
func (s Stream) ask(ctx context.Context, c *extract.Client, w ledger.Window, now time.Time, b *load.Batch) (extract.Report, error) {
	rep, err := s.fetch(ctx, c, s.window(w), now, b)
	b.Incomplete(rep.Missing)
	return rep, err
}

// into returns a function that normalises a record and adds the result to the batch: a row with the rejects among its entries, or a
// reject (invariant 6).
func into[Wire, Row any](b *load.Batch, normalise func(extract.Record[Wire]) (Row, bool, []transform.Reject),
	add func(Row) error) func(extract.Record[Wire]) error {
	return func(rec extract.Record[Wire]) error {
		row, ok, rejects := normalise(rec)
		if !ok {
			return b.Reject(rejects[0])
		}
		for _, r := range rejects {
			if err := b.RejectEntry(r); err != nil {
				return err
			}
		}
		return add(row)
	}
}
