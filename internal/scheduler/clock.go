package scheduler

import (
	"context"
	"time"
)

// Clock is what the scheduler goes by.
type Clock interface {
	// Now is the time on the wall.
	Now() time.Time
	// Sleep returns nil at a moment or before it, and ctx's error when ctx ends. Who sleeps looks at Now again.
	Sleep(ctx context.Context, until time.Time) error
}

// Wall is the machine's clock.
type Wall struct{}

// wallCheck is how long Wall sleeps at most: a timer knows nothing of a clock that is set, nor of a suspend.
const wallCheck = time.Minute

// Now leaves out the monotonic reading, so that a clock that was set shows in comparisons.
func (Wall) Now() time.Time { return time.Now().Round(0) }

// Sleep sleeps until a moment, and a minute at most.
func (w Wall) Sleep(ctx context.Context, until time.Time) error {
	timer := time.NewTimer(min(until.Sub(w.Now()), wallCheck))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
