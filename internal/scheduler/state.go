package scheduler

import (
	"sync"
	"time"

	"go.uber.org/zap"

	"wheelhouse/internal/pipeline"
)

// State is how one stream of one account stands. It holds no secret.
type State struct {
	Account  string          `json:"account"`
	Stream   string          `json:"stream"`
	Due      time.Time       `json:"due,omitzero"`      // the last tick up to now, whether or not this process was there; zero if there was none
	Next     time.Time       `json:"next,omitzero"`     // the next tick; zero before Run and when there is none
	Running  bool            `json:"running"`           // a pass is at work
	Started  time.Time       `json:"started,omitzero"`  // of the last pass, or the one at work; zero: none yet
	Finished time.Time       `json:"finished,omitzero"` // of the last pass that is over
	Result   pipeline.Result `json:"result"`            // of the last pass that is over
	Error    string          `json:"error,omitempty"`   // what kept that pass from going on at all
	Passes   int             `json:"passes"`            // begun, since the process started
	Skipped  int             `json:"skipped"`           // ticks that found a pass still at work
	Panics   int             `json:"panics"`
}

// entry is one stream of one account, and what became of it so far.
type entry struct {
	account *pipeline.Account
	stream  pipeline.Stream
	log     *zap.Logger

	mu    sync.Mutex
	state State
}

func newEntry(a *pipeline.Account, s pipeline.Stream, log *zap.Logger) *entry {
	return &entry{
		account: a, stream: s,
		log:   log.With(zap.String("account", a.ID), zap.String("stream", s.Name)),
		state: State{Account: a.ID, Stream: s.Name},
	}
}

// read is a copy of the state.
func (e *entry) read() State {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state
}

// note changes the state.
func (e *entry) note(change func(*State)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(&e.state)
}
