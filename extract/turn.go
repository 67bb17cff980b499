package extract

import (
	"context"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// decoding has a place for each answer that may be decoded at the same time: one place fewer than GOMAXPROCS. A decoder keeps a
// thread busy as long as it has input. The last thread is for the goroutine that loads the rows of earlier answers.
var decoding = turns{free: max(1, runtime.GOMAXPROCS(0)-1)}

// windowsAsked numbers the windows in the order in which they are asked for.
var windowsAsked atomic.Int64

// readInTurn waits for a place to decode the answer, and then does what readAll does. An answer gives its place up while it waits for
// more of its body, and when an answer of a window that was asked for earlier waits. So the rows of the earliest window come first.
func (a *answer) readInTurn(ctx context.Context, window int64, read func(*answer) error) error {
	if err := decoding.take(ctx, window); err != nil {
		return err
	}
	defer decoding.give()
	a.body = bodyInTurn{a.body, window}
	return a.readAll(read)
}

// bodyInTurn is a body whose reader has a place. The reader may lose the place during Read, and has one again when Read returns.
type bodyInTurn struct {
	io.Reader
	window int64
}

func (b bodyInTurn) Read(p []byte) (int, error) {
	if decoding.earlierWaits(b.window) {
		decoding.give()
		defer decoding.takeBack(b.window)
		return b.Reader.Read(p)
	}
	timer := time.AfterFunc(time.Millisecond, decoding.give)
	defer func() {
		if !timer.Stop() { // the place has been given up, or is being given up
			decoding.takeBack(b.window)
		}
	}()
	return b.Reader.Read(p)
}

// turns gives free places to waiting answers. The window with the lowest number comes first.
type turns struct {
	mu      sync.Mutex
	free    int
	waiting []waiter // in the order of windows
}

// waiter waits for a place. Its channel is closed when it has one.
type waiter struct {
	window int64
	served chan struct{}
}

// take waits for a place, or for the end of ctx.
func (t *turns) take(ctx context.Context, window int64) error {
	w := t.wait(window)
	select {
	case <-w.served:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	i := slices.Index(t.waiting, w)
	if i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
	}
	t.mu.Unlock()
	if i < 0 { // it got a place at the same moment
		t.give()
	}
	return context.Cause(ctx)
}

// takeBack waits for a place.
func (t *turns) takeBack(window int64) { <-t.wait(window).served }

func (t *turns) wait(window int64) waiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := waiter{window, make(chan struct{})}
	if t.free > 0 {
		t.free--
		close(w.served)
		return w
	}
	i, _ := slices.BinarySearchFunc(t.waiting, window+1, func(other waiter, window int64) int { return int(other.window - window) })
	t.waiting = slices.Insert(t.waiting, i, w)
	return w
}

// give gives a place up.
func (t *turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) == 0 {
		t.free++
		return
	}
	close(t.waiting[0].served)
	t.waiting = slices.Delete(t.waiting, 0, 1)
}

// earlierWaits tells whether an answer of a window that was asked for earlier waits for a place.
func (t *turns) earlierWaits(window int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting) > 0 && t.waiting[0].window < window
}
