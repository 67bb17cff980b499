package load

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

// Warehouse is the Postgres that the streams are loaded into.
type Warehouse struct {
	pool      *pgxpool.Pool
	lease     time.Duration
	mayShrink bool
	opened    atomic.Bool // there has been a connection
	sleep     func(context.Context, time.Duration) error
}

// Options tune a Warehouse. Zero values mean the defaults.
type Options struct {
	Connections int           // at most; default 4
	Lease       time.Duration // how long a window stays a dead process's; default 2 min
	MayShrink   bool          // an answer may lack more than half of what its window had: see ShrinkError
	Tracer      pgx.QueryTracer

	// Sleep waits between two tries of a transaction, and returns an error if ctx ends before; default: real time.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Open connects to the warehouse at a libpq-style DSN or URL; empty means the PG* variables.
func Open(ctx context.Context, dsn string, o Options) (*Warehouse, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("database address: not a PostgreSQL URL or DSN") // pgx's words quote parts of it
	}
	if o.Connections <= 0 {
		o.Connections = 4
	}
	if o.Lease <= 0 {
		o.Lease = 2 * time.Minute
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	cfg.ConnConfig.Tracer = o.Tracer
	cfg.MaxConns = int32(o.Connections)
	// One round trip a statement and nothing kept on the server: PgBouncer hands each transaction
	// another connection.
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	setSession(cfg.ConnConfig.RuntimeParams)
	cfg.ConnConfig.OnNotice = func(*pgconn.PgConn, *pgconn.Notice) {}
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = 10 * time.Second
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, sqlError(err)
	}
	w := &Warehouse{pool: pool, lease: o.Lease, mayShrink: o.MayShrink, sleep: o.Sleep}
	if err := w.retry(ctx, func() error { return pool.Ping(ctx) }); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	w.opened.Store(true)
	return w, nil
}

// setSession sets what every session depends on, whatever the database, the role or the address say. PgBouncer keeps these
// settings for each client. It does not keep bytea_output: each transaction that reads bytes sets that one itself.
func setSession(params map[string]string) {
	for name, value := range map[string]string{
		"application_name": "wheelhouse", "client_encoding": "UTF8", "DateStyle": "ISO", "standard_conforming_strings": "on",
	} {
		maps.DeleteFunc(params, func(other, _ string) bool { return strings.EqualFold(name, other) })
		params[name] = value
	}
}

// Lease is how long a window stays a dead process's.
func (w *Warehouse) Lease() time.Duration { return w.lease }

// Close closes the connections.
func (w *Warehouse) Close() { w.pool.Close() }

// idle is how long a transaction of ours may wait for this process, as Postgres takes it: no longer than the lease,
// after which the window is to be another's. (While the server waits for the rows of a COPY it knows no such limit.)
func (w *Warehouse) idle() string { return fmt.Sprintf("%dms", max(1, w.lease.Milliseconds())) }

// Pool is for reading, and for refreshing rollups: what the API says goes through the ledger.
func (w *Warehouse) Pool() *pgxpool.Pool { return w.pool }
