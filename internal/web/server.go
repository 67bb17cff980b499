package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/singleflight"

	"wheelhouse/internal/settings"
)

// Options is what the pages need.
type Options struct {
	Database string          // as load.Open takes it: a DSN or URL; empty: the PG* variables
	Listen   string          // host:port that Serve's listener has
	Token    settings.Secret // required unless Listen is loopback
	Log      *zap.Logger

	// Streams tells of each stream of each account when it is due next. Nil: nothing is known of it.
	Streams func(now time.Time) []settings.Row
	// Metrics answers /metrics; nil: nothing does.
	Metrics http.Handler
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// ErrNoToken: the pages would be open to more than this machine.
var ErrNoToken = errors.New("the pages would be open to other machines: set WHEELHOUSE_TOKEN or WHEELHOUSE_TOKEN_FILE " +
	"(at least 16 bytes, such as from `openssl rand -hex 24`), or listen on 127.0.0.1")

// Refused is ErrNoToken where an address to listen on wants a token and there is none.
func Refused(listen string, token settings.Secret) error {
	if token.Empty() && !loopback(listen) {
		return fmt.Errorf("listen %s: %w", listen, ErrNoToken)
	}
	return nil
}

// Server serves the pages.
type Server struct {
	o       Options
	books   *reader
	access  access
	ready   singleflight.Group
	handler http.Handler
}

// New prepares the pages; it connects to nothing yet. Close lets go of what they hold.
func New(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	s := &Server{o: o, access: access{token: o.Token.Reveal(), now: o.Now}}
	err := Refused(o.Listen, o.Token)
	if err != nil {
		return nil, err
	}
	if s.books, err = newReader(o.Database); err != nil {
		return nil, err
	}
	s.handler = s.routes()
	return s, nil
}

// Close closes the connections to the database.
func (s *Server) Close() { s.books.close() }

// Handler answers all requests.
func (s *Server) Handler() http.Handler { return s.handler }

// Check tells what would keep the pages from reading the warehouse now, for the log of a program that starts. Pages try
// again each time.
func (s *Server) Check(ctx context.Context) error {
	return s.books.read(ctx, func(context.Context, querier) error { return nil })
}

// Serve answers on a listener until ctx ends, then gives pages in hand a few seconds. It closes the listener.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 20 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if server.Shutdown(last) != nil {
			_ = server.Close() // what is still open is cut off
		}
	})
	err := server.Serve(l)
	if !stop() {
		<-ended
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the pages: %w", err)
	}
	return nil
}

// loopback tells whether an address to listen on is reached from this machine only.
func loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	return err == nil && loopbackHost(host)
}

func loopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
