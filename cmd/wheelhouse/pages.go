package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"

	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/settings"
	"wheelhouse/internal/web"
)

// site is the web pages and their address. Without pages, server is nil.
type site struct {
	server   *web.Server
	listener net.Listener
	log      *zap.Logger
}

// pages prepares the pages that the settings ask for, and reports mistakes in their settings before anything else begins.
func pages(s *settings.Settings, log *zap.Logger, metrics http.Handler, queue *pipeline.Queue) (*site, error) {
	if s.Listen == "" {
		return &site{}, nil
	}
	server, err := web.New(web.Options{
		Database: s.Database.Reveal(), Listen: s.Listen, Token: s.Token, Log: log, Metrics: metrics, Loading: loadingOf(queue),
		Streams: func(now time.Time) []settings.Row { return s.Describe(now, 1) },
	})
	if errors.Is(err, web.ErrNoToken) {
		return nil, usageError{err}
	}
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", s.Listen)
	if err != nil {
		server.Close()
		return nil, fmt.Errorf("the pages: %w (listen in schedules.yaml or WHEELHOUSE_LISTEN names another address, or off)", err)
	}
	return &site{server, l, log}, nil
}

// loadingOf returns the func with which the pages learn how far the loads of this process are.
func loadingOf(queue *pipeline.Queue) func(account string) web.Loading {
	return func(account string) web.Loading { return web.Loading(queue.Loading(account)) }
}

// demoPages opens the demo's pages: at the address of --listen, else at the default address or, if that is in use, at a free port of
// loopback.
func (a *app) demoPages(s *settings.Settings, database string, log *zap.Logger, streams func(time.Time) []settings.Row, metrics http.Handler, queue *pipeline.Queue) (*site, error) {
	if s.Listen == "" {
		return &site{}, nil
	}
	l, err := net.Listen("tcp", s.Listen)
	if err != nil && a.listen == "" {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return nil, fmt.Errorf("the pages: %w", err)
	}
	server, err := web.New(web.Options{
		Database: database, Listen: l.Addr().String(), Token: s.Token, Log: log, Streams: streams, Metrics: metrics, Loading: loadingOf(queue),
	})
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &site{server, l, log}, nil
}

// close releases the address and the server. It may be called after while, which closes both.
func (s *site) close() {
	if s.server != nil {
		_ = s.listener.Close() // may be closed already
		s.server.Close()
	}
}

// while serves the pages until do returns. If either fails, both end.
func (s *site) while(ctx context.Context, do func(context.Context) error) error {
	if s.server == nil {
		return do(ctx)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() {
		defer stop()
		served <- s.server.Serve(ctx, s.listener)
	}()
	s.log.Info("serving pages", zap.Stringer("address", s.listener.Addr()))
	err := do(ctx)
	stop()
	return errors.Join(err, <-served)
}

// check logs why the pages cannot read the warehouse, if so. Loading works without them.
func (s *site) check(ctx context.Context) {
	if s.server == nil {
		return
	}
	if err := s.server.Check(ctx); err != nil && ctx.Err() == nil {
		s.log.Warn("the pages cannot read the warehouse now", zap.String("error", web.Reason(err)))
	}
}
