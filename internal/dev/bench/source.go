//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// apiKey is the API key.
const apiKey = "bench"

// serve serves an API on a new address until ctx ends.
func serve(ctx context.Context, h http.Handler) (address string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h}
	context.AfterFunc(ctx, func() { server.Close() })
	go server.Serve(l) //nolint:errcheck // ends with ctx
	return "http://" + l.Addr().String(), nil
}

// ServeHTTP sends a window's answer. It refuses other windows.
func (w *workload) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	from, err := time.Parse(time.RFC3339, query.Get("from"))
	to, err2 := time.Parse(time.RFC3339, query.Get("to"))
	body := w.answers[span{from.Unix(), to.Unix()}]
	if !from.Before(w.to) { // today, which a run also asks for
		body = []byte(`{"sessions":[],"stats":{"total_count":0,"total_sec":0,"user_stats":{}}}`)
	}
	switch {
	case r.Header.Get("Authorization") != "Basic "+apiKey:
		http.Error(rw, "unauthorized", http.StatusUnauthorized)
	case r.URL.Path != "/ss/api/usage_new" || err != nil || err2 != nil || body == nil:
		http.Error(rw, "not a window of this workload", http.StatusNotFound)
	default:
		h := rw.Header()
		h.Set("Content-Type", "application/json; charset=utf-8")
		h.Set("Content-Length", strconv.Itoa(len(body)))
		h.Set("x-request-id", rand.Text())
		rw.Write(body) //nolint:errcheck // the client has disconnected
	}
}

// strict is a slow API that limits requests per second.
type strict struct {
	http.Handler
	latency          time.Duration
	limit            *rate.Limiter
	answered, denied atomic.Int64
}

func newStrict(h http.Handler, perSecond int, latency time.Duration) *strict {
	return &strict{Handler: h, latency: latency, limit: rate.NewLimiter(rate.Limit(perSecond), perSecond)}
}

func (s *strict) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.limit.Allow() {
		s.denied.Add(1)
		w.Header().Set("Retry-After", "1")
		http.Error(w, "too many requests", http.StatusTooManyRequests)
		return
	}
	s.answered.Add(1)
	time.Sleep(s.latency)
	s.Handler.ServeHTTP(w, r)
}
