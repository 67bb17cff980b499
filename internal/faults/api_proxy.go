package faults

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// NewAPIProxy serves the API at an address of its own for one process, whose requests w counts. It closes with the test.
func NewAPIProxy(t testing.TB, api http.Handler, w *Watch) (url string) {
	t.Helper()
	server := httptest.NewServer(Watched(api, w))
	t.Cleanup(server.Close)
	return server.URL
}

// Watched is the API for one process, whose requests w counts.
func Watched(api http.Handler, w *Watch) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		p, cut := w.before("GET " + r.URL.Path)
		if cut {
			panic(http.ErrAbortHandler)
		}
		api.ServeHTTP(&proxyWriter{ResponseWriter: rw, watch: w, point: p}, r)
	})
}

// proxyWriter calls the watch before the first byte of a response goes out.
type proxyWriter struct {
	http.ResponseWriter
	watch *Watch
	point Point
	begun bool
}

func (p *proxyWriter) begin() {
	if !p.begun {
		p.begun = true
		if p.watch.after(p.point) {
			panic(http.ErrAbortHandler)
		}
	}
}

func (p *proxyWriter) WriteHeader(status int) {
	p.begin()
	p.ResponseWriter.WriteHeader(status)
}

func (p *proxyWriter) Write(b []byte) (int, error) {
	p.begin()
	return p.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController flush.
func (p *proxyWriter) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// Hijack is for faults that net/http refuses to send.
func (p *proxyWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	p.begin()
	return http.NewResponseController(p.ResponseWriter).Hijack()
}
