package pipeline

import (
	"context"
	"time"

	"wheelhouse/internal/stream"
)

// Loaded returns the number of the job's windows that are not due.
func (j Job) Loaded() int { return j.Windows - len(j.Due) }

// Days returns the first and the last day of the windows that are due. At least one window must be due.
func (j Job) Days() (first, last time.Time) {
	first, last = j.Due[0].Day, lastDay(j.Due[0].Window)
	for _, d := range j.Due {
		first, last = earliest(first, d.Day), latest(last, lastDay(d.Window))
	}
	return first, last
}

// Estimate has about how many requests a job takes, and how long they take at the rates in the settings.
type Estimate struct {
	Requests int64
	Takes    time.Duration
}

// samples is the number of windows whose shares Estimate counts.
const samples = 4

// Estimate estimates the job's requests. For streams of shares it asks the API how many shares there are in some windows.
func (j Job) Estimate(ctx context.Context) (e Estimate, err error) {
	known, _ := stream.ByName(j.Stream.Name)
	e.Requests = int64(known.Requests) * int64(len(j.Due))
	if known.Lists && len(j.Due) > 0 {
		if e.Requests, err = j.sampled(ctx, known); err != nil {
			return Estimate{}, err
		}
	}
	rate := j.Account.RequestsPerSecond
	if own := j.Stream.RequestsPerSecond; own > 0 && own < rate {
		rate = own
	}
	e.Takes = time.Duration(float64(e.Requests) / rate * float64(time.Second))
	return e, nil
}

// sampled estimates the requests of a stream that reads lists of shares, from a few windows spread over the job.
func (j Job) sampled(ctx context.Context, known stream.Stream) (requests int64, err error) {
	n := min(samples, len(j.Due))
	for i := range n {
		due := j.Due[i*len(j.Due)/n]
		count, err := j.Stream.client.CountShares(ctx, j.Stream.window(due.Window))
		if err != nil {
			return 0, err
		}
		requests += count.List
		if known.Details {
			requests += count.Visited
		}
	}
	return requests * int64(len(j.Due)) / int64(n), nil
}
