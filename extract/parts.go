package extract

import (
	"context"
	"sync"
	"time"
)

// smallestPart is how far a window is halved.
const smallestPart = time.Hour

// How often a window is tried that fails for its size and can be halved: less often than the smallest, which
// nothing else can save. A server that is down is asked some 15 times for a window, not 5 times at each size.
const (
	wholeTries = 3
	partTries  = 2
)

// inParts asks for a window and, where that keeps failing for its size, for its halves. What size worked is kept in
// mind for the windows to come.
func (c *Client) inParts(ctx context.Context, w Window, ask func(*Client, Window) error) error {
	before := c.sizes.longest()
	err := c.part(ctx, w, wholeTries, ask)
	if err != nil && ctx.Err() == nil {
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

// sizes keeps in mind how long a window the server answers.
type sizes struct {
	mu    sync.Mutex
	limit time.Duration // longer ones failed; 0: none did
	good  int           // windows of about that length that worked since

	doubted bool          // a window failed at every size: its size was not the cause
	before  time.Duration // limit before that window
}

// growAfter is how many windows must work before a longer one is tried again: the server may have been ill, or is faster now.
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
