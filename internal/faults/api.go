package faults

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// API is an HTTP handler that puts faults before an account's API.
type API struct {
	api     http.Handler
	seed    uint64
	silence time.Duration

	mu      sync.Mutex
	stopped bool
	pending map[string][]fault // by request: the faults it will still meet
	moved   map[string]bool    // lists that have moved once
	served  map[string]int     // by the fault's name
}

// NewAPI puts faults before an API. silence is how long a silent answer stalls; it must exceed the program's idle timeout.
func NewAPI(api http.Handler, seed uint64, silence time.Duration) *API {
	return &API{api: api, seed: seed, silence: silence, pending: map[string][]fault{}, moved: map[string]bool{}, served: map[string]int{}}
}

// Stop ends the faults.
func (a *API) Stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped = true
}

// Served is the number of faults so far, by name.
func (a *API) Served() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.served)
}

// ServeHTTP answers with the request's next fault or, if none is left, as the API does.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a.nextFault(r)
	if !ok {
		a.api.ServeHTTP(w, r)
		return
	}
	plain := r.Clone(r.Context())
	plain.Header.Del("Accept-Encoding")
	rec := httptest.NewRecorder()
	a.api.ServeHTTP(rec, plain)
	if rec.Code != http.StatusOK && f.needsOK {
		a.api.ServeHTTP(w, r)
		return
	}
	a.mu.Lock()
	a.served[f.name]++
	a.mu.Unlock()
	f.serve(&reply{w: w, r: r, body: rec.Body.Bytes(), silence: a.silence})
}

// nextFault returns a request's faults one at a time. They are chosen when the request first arrives.
func (a *API) nextFault(r *http.Request) (fault, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stopped {
		return fault{}, false
	}
	key := r.URL.Path + "?" + r.URL.Query().Encode()
	pending, known := a.pending[key]
	if !known {
		pending = chooseFaults(a.seed, key)
	}
	for len(pending) > 0 {
		f := pending[0]
		pending = pending[1:]
		a.pending[key] = pending
		if f.once && !a.firstMove(r, f) {
			continue
		}
		return f, true
	}
	a.pending[key] = pending
	return fault{}, false
}

// firstMove reports whether a list has not moved before. A list that moved at every page could never be read.
func (a *API) firstMove(r *http.Request, f fault) bool {
	q := r.URL.Query()
	list := f.name + r.URL.Path + q.Get("from") + q.Get("to")
	first := !a.moved[list]
	a.moved[list] = true
	return first
}

// chooseFaults chooses a request's faults: mostly none, sometimes one or two, rarely more than the program retries.
func chooseFaults(seed uint64, key string) (chosen []fault) {
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
		chosen = append(chosen, apiFaults[rng.IntN(len(apiFaults))])
	}
	return chosen
}
