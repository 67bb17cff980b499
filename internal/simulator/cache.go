package simulator

import "sync"

// cache keeps the values of the most recently used days. A value made before a purge is never kept after it.
type cache[V any] struct {
	mu     sync.Mutex
	size   int
	days   map[int]*cached[V]
	clock  uint64 // counts uses
	purges int
}

type cached[V any] struct {
	value V
	used  uint64
}

func newCache[V any](size int) *cache[V] {
	return &cache[V]{size: size, days: make(map[int]*cached[V], size+1)}
}

// get returns a day's value. It calls build outside the lock: two callers may build the same value, which costs time and
// changes nothing.
func (c *cache[V]) get(day int, build func() V) V {
	c.mu.Lock()
	c.clock++
	if hit := c.days[day]; hit != nil {
		hit.used = c.clock
		c.mu.Unlock()
		return hit.value
	}
	purges := c.purges
	c.mu.Unlock()
	value := build()
	c.mu.Lock()
	defer c.mu.Unlock()
	if purges == c.purges {
		c.days[day] = &cached[V]{value, c.clock}
		c.evict()
	}
	return value
}

func (c *cache[V]) evict() {
	if len(c.days) <= c.size {
		return
	}
	oldest, at := 0, ^uint64(0)
	for day, e := range c.days {
		if e.used < at {
			oldest, at = day, e.used
		}
	}
	delete(c.days, oldest)
}

func (c *cache[V]) purge() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.days)
	c.purges++
}
