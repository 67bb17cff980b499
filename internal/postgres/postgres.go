package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// DB is a pool of connections to one database.
type DB struct {
	*pgxpool.Pool
	connected atomic.Bool // there has been a connection
	sleep     func(context.Context, time.Duration) error
}

// Options tune a DB. Zero values mean the defaults.
type Options struct {
	Connections int // at most; default 4
	Tracer      pgx.QueryTracer

	// Sleep waits between two tries of a transaction, and returns an error if ctx ends first; nil: it waits in real time.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Open connects to the database at a libpq-style DSN or URL; empty means the PG* variables.
func Open(ctx context.Context, dsn string, o Options) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("database address: not a PostgreSQL URL or DSN") // pgx's message quotes the address
	}
	if o.Connections <= 0 {
		o.Connections = 4
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	cfg.ConnConfig.Tracer = o.Tracer
	cfg.MaxConns = int32(o.Connections)
	// One round trip for each statement, and nothing prepared: PgBouncer may give each transaction another connection
	// (invariant 7).
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	setSession(cfg.ConnConfig.RuntimeParams)
	cfg.ConnConfig.OnNotice = func(*pgconn.PgConn, *pgconn.Notice) {}
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = 10 * time.Second
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, Redact(err)
	}
	db := &DB{Pool: pool, sleep: o.Sleep}
	if err := db.Retry(ctx, func() error { return pool.Ping(ctx) }); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	db.connected.Store(true)
	return db, nil
}

// setSession makes the settings that every session depends on (invariant 7). PgBouncer keeps these settings for each client, but
// not bytea_output, which each transaction that reads bytes must set.
func setSession(params map[string]string) {
	for name, value := range map[string]string{
		"application_name": "wheelhouse", "client_encoding": "UTF8", "DateStyle": "ISO", "standard_conforming_strings": "on",
	} {
		maps.DeleteFunc(params, func(other, _ string) bool { return strings.EqualFold(name, other) })
		params[name] = value
	}
}
