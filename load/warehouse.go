package load

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/postgres"
)

// Warehouse is the Postgres database that the streams are loaded into.
type Warehouse struct {
	Ledger *ledger.Ledger

	db        *postgres.DB
	mayShrink bool
}

// Options tune a Warehouse. Zero values mean the defaults.
type Options struct {
	Connections int           // at most; default 4
	Lease       time.Duration // after which another process may claim the windows of a dead one; default 2 min
	MayShrink   bool          // an answer may delete most or all of its window's rows: see ShrinkError
	Tracer      pgx.QueryTracer

	// Sleep waits between two tries of a transaction, and returns an error if ctx ends first; nil: it waits in real time.
	Sleep func(ctx context.Context, d time.Duration) error

	// Retried is called before each such wait, with the error of a try, which has no data, and the number of the try, from 1. It may
	// be nil.
	Retried func(err error, try int, wait time.Duration)
}

// Open connects to the warehouse at a libpq-style DSN or URL; empty means the PG* variables.
func Open(ctx context.Context, dsn string, o Options) (*Warehouse, error) {
	db, err := postgres.Open(ctx, dsn, postgres.Options{Connections: o.Connections, Tracer: o.Tracer, Sleep: o.Sleep, Retried: o.Retried})
	if err != nil {
		return nil, err
	}
	return &Warehouse{Ledger: ledger.New(db, o.Lease), db: db, mayShrink: o.MayShrink}, nil
}

// Close closes the connections.
func (w *Warehouse) Close() { w.db.Close() }

// Pool is for reading and for refreshing rollups. Rows from the API are written only by Commit. Run each statement in a transaction of
// postgres.Begin: any other transaction has the settings of the role and the database.
func (w *Warehouse) Pool() *pgxpool.Pool { return w.db.Pool }

// Status returns the status of every stream: see ledger.Ledger.Status.
func (w *Warehouse) Status(ctx context.Context, now time.Time, configured ...ledger.Configured) ([]ledger.StreamStatus, error) {
	return w.Ledger.Status(ctx, now, w, configured...)
}
