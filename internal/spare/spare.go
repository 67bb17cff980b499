// Package spare hands memory on from one user to the next. What grows by doubling and is thrown away, window after
// window, keeps the garbage collector busy; a sync.Pool would forget at each collection what it holds.
package spare

// List holds what can be used again, no more than its capacity. Make it with make(List[T], capacity). It may be used by several goroutines.
type List[T any] chan *T

// Get takes one from the list, or makes one: a zero T. What it held before may still be in it.
func (l List[T]) Get() *T {
	select {
	case v := <-l:
		return v
	default:
		return new(T)
	}
}

// Put hands one on, or forgets it where the list is full.
func (l List[T]) Put(v *T) {
	select {
	case l <- v:
	default:
	}
}
