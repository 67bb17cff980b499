package extract

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// giveUpAfter is how many requests for parts of a window may fail one after another, each after its tries, before the
// window is given up: the API is down, rather than unable to tell one part.
const giveUpAfter = 6

// smallestLoss is how far a window is halved that can do without the parts that fail.
const smallestLoss = 24 * time.Hour

// losses counts the parts of a window that fail, and decides whether the window can do without them.
type losses struct {
	had    int   // parts that came
	inARow int   // requests that failed one after another
	cause  error // of the last one that failed
}

// came notes a part that was had.
func (l *losses) came() {
	l.had++
	l.inARow = 0
}

// bear notes a part that failed. It returns an error if the window is to be given up.
func (l *losses) bear(ctx context.Context, err error) error {
	if ctx.Err() != nil || !ofPart(err) {
		return err
	}
	l.cause = err
	if l.inARow++; l.inARow == giveUpAfter {
		return fmt.Errorf("%d requests failed one after another: %w", l.inARow, err)
	}
	return nil
}

// inDays asks for a window and, where a request fails, for halves of what failed, down to a day. The longest are asked for
// first: then one bad day fails at most twice in a row, however long the window is. It returns the days that could not be
// had.
func (c *Client) inDays(ctx context.Context, w Window, l *losses, ask func(*Client, Window) error) (lost []Window, err error) {
	for queue := []Window{w}; len(queue) > 0; queue = queue[1:] {
		part := queue[0]
		size := part.To.Sub(part.From)
		tries := partTries
		switch {
		case size <= smallestLoss:
			tries = 0 // nothing smaller can save it
		case part == w:
			tries = wholeTries
		}
		err := ask(c.trying(tries), part)
		if err == nil {
			l.came()
			continue
		}
		if err := l.bear(ctx, err); err != nil {
			return nil, err
		}
		if size <= smallestLoss {
			lost = append(lost, part)
			continue
		}
		mid := part.From.Add((size / 2).Round(smallestLoss))
		queue = append(queue, Window{From: part.From, To: mid}, Window{From: mid, To: part.To})
	}
	return lost, nil
}

// namedDays names lost days.
func namedDays(lost []Window) string {
	var days []string
	for _, w := range lost {
		days = append(days, w.From.UTC().Format(time.DateOnly))
	}
	return strings.Join(days, ", ")
}

// missing says in a report what of a window could not be had, and why. It is an error if nothing came.
func (l *losses) missing(rep *Report, what string) error {
	if l.had == 0 {
		return l.cause
	}
	rep.Missing = fmt.Sprintf("could not be had: %s: %v", what, unaddressed(l.cause))
	return nil
}

// unaddressed leaves an address out of an error: it may hold a share's slug.
func unaddressed(err error) error {
	var api *APIError
	if !errors.As(err, &api) {
		return err
	}
	elsewhere := *api
	elsewhere.Path = "…"
	return &elsewhere
}
