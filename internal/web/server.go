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

// Options configure the pages.
type Options struct {
	Database string          // a DSN or URL, as for load.Open; empty: the PG* variables
	Listen   string          // host:port of the listener that Serve gets
	Token    settings.Secret // required unless Listen is loopback
	Log      *zap.Logger

	// Streams returns the schedules of all streams; nil: not known.
	Streams func(now time.Time) []settings.Row
	// Loading returns the progress of this process's loads of an account. nil: the progress is not known.
	Loading func(account string) Loading
	// Metrics answers /metrics; nil: there is no such address.
	Metrics http.Handler
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// ErrNoToken: other machines could read the pages.
var ErrNoToken = errors.New("the pages would be open to other machines: set WHEELHOUSE_TOKEN or WHEELHOUSE_TOKEN_FILE " +
	"(at least 16 bytes, such as from `openssl rand -hex 24`), or listen on 127.0.0.1")

// Refused returns ErrNoToken if the address to listen on requires a token and there is none.
func Refused(listen string, token settings.Secret) error {
	if token.Empty() && !loopback(listen) {
		return fmt.Errorf("listen %s: %w", listen, ErrNoToken)
	}
	return nil
}

// Server serves the pages.
type Server struct {
	o       Options
	reader  *reader
	access  access
	ready   singleflight.Group
	handler http.Handler
}

// New prepares the pages. It connects to nothing yet. Call Close when done.
func New(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Loading == nil {
		o.Loading = func(string) Loading { return Loading{} }
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	s := &Server{o: o, access: access{token: o.Token.Reveal(), now: o.Now}}
	err := Refused(o.Listen, o.Token)
	if err != nil {
		return nil, err
	}
	if s.reader, err = newReader(o.Database); err != nil {
		return nil, err
	}
	s.handler = s.routes()
	return s, nil
}

// Close closes the connections to the database.
func (s *Server) Close() { s.reader.close() }

// Handler answers all requests.
func (s *Server) Handler() http.Handler { return s.handler }

// Check returns the error with which pages would fail now. A program logs it at its start; each page tries again.
func (s *Server) Check(ctx context.Context) error {
	return s.reader.read(ctx, func(ctx context.Context, q querier) error {
		_, err := readScope(ctx, q, nil, &page{})
		return err
	})
}

// Serve answers on a listener until ctx ends, then gives running requests a few seconds. It closes the listener.
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
			_ = server.Close() // cuts off the requests that take longer
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

// loopback reports whether only this machine can connect to an address to listen on.
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
