package faults

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// API is an account's API that misbehaves.
type API struct {
	next    http.Handler
	seed    uint64
	silence time.Duration

	mu     sync.Mutex
	calm   bool
	owed   map[string][]fault // by request: what it meets yet
	moved  map[string]bool    // lists that have moved once
	served map[string]int     // by the fault's name
}

// NewAPI puts faults before an API. silence is how long it says nothing where it goes silent: longer than the
// program's patience.
func NewAPI(next http.Handler, seed uint64, silence time.Duration) *API {
	return &API{next: next, seed: seed, silence: silence, owed: map[string][]fault{}, moved: map[string]bool{}, served: map[string]int{}}
}

// Calm ends the faults.
func (a *API) Calm() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calm = true
}

// Served counts the faults so far by name.
func (a *API) Served() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.served)
}

// ServeHTTP answers as the API does, or meets the request with the next fault that the schedule has for it.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a.take(r)
	if !ok {
		a.next.ServeHTTP(w, r)
		return
	}
	plain := r.Clone(r.Context())
	plain.Header.Del("Accept-Encoding")
	rec := httptest.NewRecorder()
	a.next.ServeHTTP(rec, plain)
	if rec.Code != http.StatusOK && f.needsOK {
		a.next.ServeHTTP(w, r)
		return
	}
	a.mu.Lock()
	a.served[f.name]++
	a.mu.Unlock()
	f.serve(&reply{w: w, r: r, body: rec.Body.Bytes(), silence: a.silence})
}

// take draws a request's faults when it first comes, and hands out one a time.
func (a *API) take(r *http.Request) (fault, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.calm {
		return fault{}, false
	}
	key := r.URL.Path + "?" + r.URL.Query().Encode()
	owed, drawn := a.owed[key]
	if !drawn {
		owed = draw(a.seed, key)
	}
	for len(owed) > 0 {
		f := owed[0]
		owed = owed[1:]
		a.owed[key] = owed
		if f.once && !a.firstMove(r, f) {
			continue
		}
		return f, true
	}
	a.owed[key] = owed
	return fault{}, false
}

// firstMove: a list that moved at every page would never stand still.
func (a *API) firstMove(r *http.Request, f fault) bool {
	q := r.URL.Query()
	list := f.name + r.URL.Path + q.Get("from") + q.Get("to")
	first := !a.moved[list]
	a.moved[list] = true
	return first
}

// draw chooses what a request meets: mostly nothing, sometimes a fault or two, rarely more than the program tries.
func draw(seed uint64, key string) (drawn []fault) {
	rng := Rand(seed, key)
	n := 0
	switch p := rng.Float64(); {
	case p < .03:
		n = 6
	case p < .10:
		n = 2
	case p < .25:
		n = 1
	}
	for range n {
		drawn = append(drawn, kinds[rng.IntN(len(kinds))])
	}
	return drawn
}
