package web

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"wheelhouse/internal/postgres"
)

const (
	readers       = 4                // connections; a page needs one
	statementTime = "5s"             // in Postgres's format
	pageTime      = 15 * time.Second // a page's statements together, and the wait for a connection
)

// reader reads the warehouse as wheelhouse_reader.
type reader struct{ pool *pgxpool.Pool }

// querier is the transaction of a page.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func newReader(dsn string) (*reader, error) {
	cfg, err := postgres.Config(dsn, "wheelhouse pages")
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = readers
	cfg.ConnConfig.ConnectTimeout = min(cfg.ConnConfig.ConnectTimeout, 5*time.Second) // because a page waits for it
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)                     // connects on first use
	if err != nil {
		return nil, errors.New("database address: cannot make a connection pool")
	}
	return &reader{pool}, nil
}

func (r *reader) close() { r.pool.Close() }

// pageBegin has the options of a page's transaction. work_mem is large enough to sort a long range in memory.
var pageBegin = postgres.Begin(pgx.RepeatableRead, pgx.ReadOnly,
	postgres.Setting{Name: "role", Value: "wheelhouse_reader"}, postgres.Setting{Name: "statement_timeout", Value: statementTime},
	postgres.Setting{Name: "idle_in_transaction_session_timeout", Value: "30s"}, postgres.Setting{Name: "work_mem", Value: "32MB"})

// read runs do in a transaction.
func (r *reader) read(ctx context.Context, do func(context.Context, querier) error) error {
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	tx, err := r.pool.BeginTx(ctx, pageBegin)
	if err != nil {
		return asRole(err)
	}
	// Nothing was written. The rollback has a time limit of its own, so that a page that is given up returns its connection.
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = tx.Rollback(last)
	}()
	return do(ctx, tx)
}

// errRole: the program's database user may not set the role wheelhouse_reader. Pages never read with another role.
var errRole = errors.New("the program's database user may not set the role wheelhouse_reader: if `wheelhouse migrate status` " +
	"prints SQL for missing roles, run that as a superuser; then run GRANT wheelhouse_reader TO the user in DATABASE_URL")

func asRole(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code == pgerrcode.InsufficientPrivilege || pg.Code == pgerrcode.InvalidParameterValue) {
		return errRole
	}
	return fmt.Errorf("begin: %w", err)
}
