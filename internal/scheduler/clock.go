package scheduler

import (
	"context"
	"time"
)

// Clock is the scheduler's clock.
type Clock interface {
	// Now is the current time, without a monotonic reading.
	Now() time.Time
	// Sleep returns nil at until or earlier, or ctx's error when ctx ends. The caller must look at Now again.
	Sleep(ctx context.Context, until time.Time) error
}

// Wall is the machine's clock.
type Wall struct{}

// wallCheck is the longest that Wall sleeps: a timer does not notice that the clock is set or the machine suspended.
const wallCheck = time.Minute

// Now has no monotonic reading, so that comparisons notice when the clock is set.
func (Wall) Now() time.Time { return time.Now().Round(0) }

// Sleep sleeps until the given time, but at most a minute.
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
