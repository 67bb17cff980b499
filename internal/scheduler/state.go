package scheduler

import (
	"sync"
	"time"

	"go.uber.org/zap"

	"wheelhouse/internal/pipeline"
)

// State is the state of one stream of one account. It contains no secret.
type State struct {
	Account  string          `json:"account"`
	Stream   string          `json:"stream"`
	Due      time.Time       `json:"due,omitzero"`      // the last tick up to now, even before the process started; zero: none
	Next     time.Time       `json:"next,omitzero"`     // the next tick; zero: none, or before Run
	Running  bool            `json:"running"`           // a pass is running
	Started  time.Time       `json:"started,omitzero"`  // of the last pass, which may still run; zero: none yet
	Finished time.Time       `json:"finished,omitzero"` // of the last pass that has ended
	Result   pipeline.Result `json:"result"`            // of the last pass that has ended
	Error    string          `json:"error,omitempty"`   // the error that ended that pass
	Passes   int             `json:"passes"`            // since the process started
	Skipped  int             `json:"skipped"`           // ticks during a pass
	Panics   int             `json:"panics"`
}

// entry is one stream of one account, with its state.
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
