package postgres

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// DB is a pool of connections to one database.
type DB struct {
	*pgxpool.Pool
	connected atomic.Bool // there has been a connection
	sleep     func(context.Context, time.Duration) error
	retried   func(err error, try int, wait time.Duration) // may be nil
}

// Options tune a DB. Zero values mean the defaults.
type Options struct {
	Connections int // at most; default 4
	Tracer      pgx.QueryTracer

	// Sleep waits between two tries of a transaction, and returns an error if ctx ends first; nil: it waits in real time.
	Sleep func(ctx context.Context, d time.Duration) error

	// Retried is called before each wait, with the error of a try, which has no data, and the number of the try, from 1. It may be nil.
	Retried func(err error, try int, wait time.Duration)
}

// Open connects to the database at a libpq-style DSN or URL; empty means the PG* variables.
func Open(ctx context.Context, dsn string, o Options) (*DB, error) {
	cfg, err := Config(dsn, "wheelhouse")
	if err != nil {
		return nil, err
	}
	if o.Connections <= 0 {
		o.Connections = 4
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	cfg.ConnConfig.Tracer = o.Tracer
	cfg.MaxConns = int32(o.Connections)
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, Redact(err)
	}
	db := &DB{Pool: pool, sleep: o.Sleep, retried: o.Retried}
	if err := db.Retry(ctx, func() error { return pool.Ping(ctx) }); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	db.connected.Store(true)
	return db, nil
}
