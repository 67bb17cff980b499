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
	return c.part(ctx, w, wholeTries, ask)
}

func (c *Client) part(ctx context.Context, w Window, tries int, ask func(*Client, Window) error) error {
	size := w.To.Sub(w.From)
	if size <= smallestPart {
		return ask(c, w)
	}
	if c.sizes.allow(size) {
		hasty := *c
		hasty.sizeTries = tries
		err := ask(&hasty, w)
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

// sizes remembers how long a window the server can answer.
type sizes struct {
	mu    sync.Mutex
	limit time.Duration // longer windows failed; 0: no window failed
	good  int           // windows of at least half the limit that worked since the limit was set
}

// growAfter is how many windows must work before the limit doubles: the server may have recovered.
const growAfter = 16

func (s *sizes) allow(size time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limit == 0 || size <= s.limit
}

func (s *sizes) failed(size time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit, s.good = size/2+time.Minute, 0 // halves are rounded to minutes
}

func (s *sizes) worked(size time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit == 0 || size < s.limit/2 {
		return
	}
	if s.good++; s.good >= growAfter {
		s.limit, s.good = 2*s.limit, 0
	}
}
