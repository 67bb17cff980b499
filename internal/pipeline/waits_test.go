package pipeline

import (
	"context"
	"sync"
	"time"
)

// waits records how long the warehouse wants to wait between two tries of a transaction, and waits a twentieth of that.
type waits struct {
	mu    sync.Mutex
	slow  bool          // wait twice as long as asked for
	asked time.Duration // all waits together
	most  time.Duration // the longest
}

// sleep is for load.Options.
func (w *waits) sleep(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	w.asked += d
	w.most = max(w.most, d)
	real := d / 20
	if w.slow {
		real = 2 * d
	}
	w.mu.Unlock()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(real):
		return nil
	}
}

// becomeSlow makes the waits from here on twice as long as asked for: sessions that share a connection on a busy machine need
// the time.
func (w *waits) becomeSlow() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slow = true
}

// told returns the sum of the waits asked for and the longest of them, and forgets them.
func (w *waits) told() (asked, most time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	asked, most = w.asked, w.most
	w.asked, w.most = 0, 0
	return asked, most
}
