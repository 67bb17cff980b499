package extract

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// giveUpAfter is how many requests of a window may fail one after another, each with its retries, before the window fails.
// After so many failures the API is rather down than unable to answer for one day or share.
const giveUpAfter = 6

// shortestLoss is the length up to which a window is not bisected any further to keep a loss small.
const shortestLoss = 24 * time.Hour

// losses counts the requests of a window that fail, and decides whether the window can be loaded without their days or
// shares.
type losses struct {
	answered int   // requests that succeeded
	inARow   int   // requests that failed since the last success
	cause    error // of the last failure
}

func (l *losses) succeeded() {
	l.answered++
	l.inARow = 0
}

// failed notes a failed request. It returns an error if the window must fail.
func (l *losses) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil || !failsAlone(err) {
		return err
	}
	l.cause = err
	if l.inARow++; l.inARow == giveUpAfter {
		return fmt.Errorf("%d requests failed one after another: %w", l.inARow, err)
	}
	return nil
}

// bisectToDays asks for a window. Where a request fails, bisectToDays asks for the halves of its window, down to a day
// (invariant 6). It returns the days whose requests failed. The longest windows are asked for first: then one bad day fails
// at most two requests in a row, however long the window is.
func (c *Client) bisectToDays(ctx context.Context, w Window, l *losses, ask func(*Client, Window) error) (lost []Window, err error) {
	for queue := []Window{w}; len(queue) > 0; queue = queue[1:] {
		next := queue[0]
		size := next.To.Sub(next.From)
		tries := fewTries
		switch {
		case size <= shortestLoss:
			tries = 0 // all: the day is lost if they fail
		case next == w:
			tries = wholeTries
		}
		err := ask(c.trying(tries), next)
		if err == nil {
			l.succeeded()
			continue
		}
		if err := l.failed(ctx, err); err != nil {
			return nil, err
		}
		if size <= shortestLoss {
			lost = append(lost, next)
			continue
		}
		mid := next.From.Add((size / 2).Round(shortestLoss))
		queue = append(queue, Window{From: next.From, To: mid}, Window{From: mid, To: next.To})
	}
	return lost, nil
}

// namedDays lists lost days by their dates.
func namedDays(lost []Window) string {
	var days []string
	for _, w := range lost {
		days = append(days, w.From.UTC().Format(time.DateOnly))
	}
	return strings.Join(days, ", ")
}

// missing writes into a report what is missing of the window, and why. It returns the cause as an error if no request
// succeeded.
func (l *losses) missing(rep *Report, what string) error {
	if l.answered == 0 {
		return l.cause
	}
	rep.lacks(fmt.Sprintf("could not be had: %s: %v", what, unaddressed(l.cause)))
	return nil
}

// unaddressed replaces the path in an error, which may hold a share's slug.
func unaddressed(err error) error {
	var api *APIError
	if !errors.As(err, &api) {
		return err
	}
	elsewhere := *api
	elsewhere.Path = "…"
	return &elsewhere
}
