package extract

import (
	"context"
	"sync"
	"time"
)

// smallestPart is the longest window that is not halved.
const smallestPart = time.Hour

// Attempts at a window that fails for its size and can be halved. They are fewer than for a window that cannot be halved,
// so that a server that is down gets some 15 requests for a day, not 5 for each size.
const (
	wholeTries = 3
	partTries  = 2
)

// inParts asks for a window and, if the request keeps failing for its size, for its halves, down to an hour (invariant 6).
// Later windows of the stream begin with the size that worked.
func (c *Client) inParts(ctx context.Context, w Window, ask func(*Client, Window) error) error {
	before := c.sizes.longest()
	err := c.part(ctx, w, wholeTries, ask)
	if err != nil && ctx.Err() == nil && failsForSize(err) {
		c.sizes.doubt(before)
	}
	return err
}

func (c *Client) part(ctx context.Context, w Window, tries int, ask func(*Client, Window) error) error {
	size := w.To.Sub(w.From)
	if size <= smallestPart {
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
	if err := c.part(ctx, Window{From: w.From, To: mid}, partTries, ask); err != nil {
		return err
	}
	return c.part(ctx, Window{From: mid, To: w.To}, partTries, ask)
}

// trying is the same client, which tries a request that fails for its size so often; 0: as often as any.
func (c *Client) trying(tries int) *Client {
	hasty := *c
	hasty.sizeTries = tries
	return &hasty
}

// sizes remembers how long a window the server can answer.
type sizes struct {
	mu    sync.Mutex
	limit time.Duration // longer windows failed; 0: no window failed
	good  int           // windows of at least half the limit that worked since the limit was set

	doubted bool          // a window failed at every size: its size was not the cause
	before  time.Duration // limit before that window
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

// doubt notes that a window failed at every size, and what the limit was before. While the server is down, windows begin at the smallest size.
// Once one works, the limit is what it was before.
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
