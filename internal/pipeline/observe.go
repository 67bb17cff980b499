package pipeline

import (
	"time"

	"wheelhouse/extract"
)

// Observer receives the progress of a run. Its methods are called from several goroutines.
type Observer interface {
	Planned(account, stream string, windows int)
	Loaded(Outcome)
}

// Watcher is an Observer that also receives each request to the API, once it is over, and each transaction, which may be of several
// windows.
type Watcher interface {
	Observer
	Asked(account, stream string, r extract.Request)
	Committed(account, stream string, windows int, took time.Duration)
}

// Both returns a Watcher that passes the calls of an Observer on to o, too.
func Both(w Watcher, o Observer) Watcher { return both{w, o} }

type both struct {
	Watcher
	other Observer
}

func (b both) Planned(account, stream string, windows int) {
	b.Watcher.Planned(account, stream, windows)
	b.other.Planned(account, stream, windows)
}

func (b both) Loaded(o Outcome) {
	b.Watcher.Loaded(o)
	b.other.Loaded(o)
}
