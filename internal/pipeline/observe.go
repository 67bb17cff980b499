package pipeline

import (
	"time"

	"wheelhouse/extract"
)

// Observer is told how a run gets on. Its methods are called from several goroutines.
type Observer interface {
	Planned(account, stream string, windows int)
	Loaded(Outcome)
}

// Watcher is an Observer that is told of the way there, too: of each request to the API once it is over, and of each
// transaction, which may be of several windows.
type Watcher interface {
	Observer
	Asked(account, stream string, r extract.Request)
	Committed(account, stream string, windows int, took time.Duration)
}

// Both is a Watcher that tells another Observer of windows, too.
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
