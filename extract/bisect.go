package extract

import (
	"context"
	"sync"
	"time"
)

// shortestBisected is the length up to which a window is not bisected any further.
const shortestBisected = time.Hour

// Attempts at a window that fails for its size and can be bisected. They are fewer than for a window that cannot, so that a
// server that is down gets some 15 requests for a day, not 5 for each size.
const (
	wholeTries = 3 // the window as the caller wants it
	fewTries   = 2 // a half of it
)

// bisect asks for a window. If the request keeps failing for its size, bisect asks for the window's halves, down to an hour
// (invariant 6). Later windows of the stream begin with the size that worked.
func (c *Client) bisect(ctx context.Context, w Window, ask func(*Client, Window) error) error {
	before := c.sizes.longest()
	err := c.bisectTrying(ctx, w, wholeTries, ask)
	if err != nil && ctx.Err() == nil && failsForSize(err) {
		c.sizes.doubt(before)
	}
	return err
}

func (c *Client) bisectTrying(ctx context.Context, w Window, tries int, ask func(*Client, Window) error) error {
	size := w.To.Sub(w.From)
	if size <= shortestBisected {
		err := ask(c, w)
		if err == nil {
			c.sizes.worked(size)
		}
		return err
	}
	if c.sizes.allow(size) {
		err := ask(c.trying(tries), w)
		if err == nil {
			c.sizes.worked(size)
		}
		if err == nil || ctx.Err() != nil || !failsForSize(err) {
			return err
		}
		c.sizes.failed(size)
	}
	mid := w.From.Add((size / 2).Round(time.Minute))
	if err := c.bisectTrying(ctx, Window{From: w.From, To: mid}, fewTries, ask); err != nil {
		return err
	}
	return c.bisectTrying(ctx, Window{From: mid, To: w.To}, fewTries, ask)
}

// trying returns a client that makes up to tries attempts at a request that fails for its size; 0: as many as at any request.
func (c *Client) trying(tries int) *Client {
	client := *c
	client.sizeTries = tries
	return &client
}

// sizes remembers how long a window may be for the server to answer.
type sizes struct {
	mu    sync.Mutex
	limit time.Duration // longer windows failed; 0: no window failed
	good  int           // windows of at least half the limit that worked since the limit was set

	doubted bool          // the last window failed at every size: its size was not the cause
	before  time.Duration // the limit before that window
}

// growAfter is how many windows must work before the limit doubles: the server may have recovered.
const growAfter = 16

func (s *sizes) allow(size time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limit == 0 || size <= s.limit
}

func (s *sizes) longest() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limit
}

// doubt notes that a window failed at every size, and what the limit was before that window. While the server is down,
// windows begin at the smallest size. The first window that works restores the limit.
func (s *sizes) doubt(before time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.doubted {
		s.doubted, s.before = true, before
	}
}

func (s *sizes) failed(size time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit, s.good = size/2+time.Minute, 0 // halves are rounded to minutes
}

func (s *sizes) worked(size time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.doubted { // the server answers again
		s.limit, s.good, s.doubted = s.before, 0, false
		return
	}
	if s.limit == 0 || size < s.limit/2 {
		return
	}
	if s.good++; s.good >= growAfter {
		s.limit, s.good = 2*s.limit, 0
	}
}
