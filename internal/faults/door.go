package faults

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Door opens an address at which one process finds the API, so that its requests are counted as its own. It closes with
// the test.
func Door(t testing.TB, api http.Handler, w *Watch) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		p, cut := w.before("GET " + r.URL.Path)
		if cut {
			panic(http.ErrAbortHandler)
		}
		api.ServeHTTP(&threshold{ResponseWriter: rw, watch: w, point: p}, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// threshold tells the watch that an answer is there before the first byte of it goes out.
type threshold struct {
	http.ResponseWriter
	watch  *Watch
	point  Point
	passed bool
}

func (t *threshold) pass() {
	if !t.passed {
		t.passed = true
		if t.watch.after(t.point) {
			panic(http.ErrAbortHandler)
		}
	}
}

func (t *threshold) WriteHeader(status int) {
	t.pass()
	t.ResponseWriter.WriteHeader(status)
}

func (t *threshold) Write(p []byte) (int, error) {
	t.pass()
	return t.ResponseWriter.Write(p)
}

// Unwrap lets flushes through.
func (t *threshold) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// Hijack is for faults that no well-behaved server could send.
func (t *threshold) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	t.pass()
	return http.NewResponseController(t.ResponseWriter).Hijack()
}
