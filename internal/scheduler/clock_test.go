package scheduler

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fakeClock only moves when the test moves it.
type fakeClock struct {
	mu       sync.Mutex
	now      time.Time
	sleepers map[chan struct{}]time.Time
}

func newFakeClock(now time.Time) *fakeClock {
	return &fakeClock{now: now, sleepers: map[chan struct{}]time.Time{}}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Sleep(ctx context.Context, until time.Time) error {
	c.mu.Lock()
	if !until.After(c.now) {
		c.mu.Unlock()
		return ctx.Err()
	}
	woken := make(chan struct{})
	c.sleepers[woken] = until
	c.mu.Unlock()
	select {
	case <-woken:
		return nil
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.sleepers, woken)
		return ctx.Err()
	}
}

// to moves the clock, and wakes sleepers whose time has come. If all is set, it wakes all sleepers, like a minute on a real
// clock.
func (c *fakeClock) to(t time.Time, all bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
	for woken, until := range c.sleepers {
		if all || !until.After(t) {
			delete(c.sleepers, woken)
			close(woken)
		}
	}
}

// earliest is the earliest time for which anybody waits, or zero.
func (c *fakeClock) earliest() (first time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, until := range c.sleepers {
		if first.IsZero() || until.Before(first) {
			first = until
		}
	}
	return first
}

func (c *fakeClock) asleep() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.sleepers)
}

func TestWallSleepsAtMostAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		slept := func(until time.Duration) time.Duration {
			before := time.Now()
			if err := (Wall{}).Sleep(t.Context(), began.Add(until)); err != nil {
				t.Error(err)
			}
			return time.Since(before)
		}
		if d := slept(20 * time.Second); d != 20*time.Second {
			t.Errorf("slept %s of 20s", d)
		}
		if d := slept(8 * time.Hour); d != time.Minute {
			t.Errorf("slept %s without checking the clock", d)
		}
		if d := slept(-time.Hour); d != 0 {
			t.Errorf("slept %s until the past", d)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if err := (Wall{}).Sleep(ctx, began.Add(time.Hour)); err != context.Canceled {
			t.Errorf("Sleep = %v when ctx ended", err)
		}
	})
	if now := (Wall{}).Now(); now != now.Round(0) {
		t.Error("Now has a monotonic reading")
	}
}
