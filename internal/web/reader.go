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
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("database address: not a PostgreSQL URL or DSN") // pgx's error quotes parts of the address
	}
	cfg.MaxConns = readers
	// No prepared statements: PgBouncer gives each transaction another connection.
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	cfg.ConnConfig.RuntimeParams["application_name"] = "wheelhouse pages"
	cfg.ConnConfig.OnNotice = func(*pgconn.PgConn, *pgconn.Notice) {}
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg) // connects on first use
	if err != nil {
		return nil, errors.New("database address: cannot make a connection pool")
	}
	return &reader{pool}, nil
}

func (r *reader) close() { r.pool.Close() }

// transactionSettings is what a page's transaction begins with. All settings are LOCAL because another page uses the connection
// next. jit is off because compiling the statements takes longer than running them, and work_mem is large enough to sort a
// long range in memory.
const transactionSettings = `SET LOCAL ROLE wheelhouse_reader; SET LOCAL statement_timeout = '` + statementTime + `'; ` +
	`SET LOCAL idle_in_transaction_session_timeout = '30s'; SET LOCAL search_path = pg_catalog; SET LOCAL jit = off; SET LOCAL work_mem = '32MB'`

// read runs do in a transaction.
func (r *reader) read(ctx context.Context, do func(context.Context, querier) error) error {
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	tx, err := r.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	// Nothing was written. The rollback has a time limit of its own, so that a page that is given up returns its connection.
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = tx.Rollback(last)
	}()
	if _, err := tx.Exec(ctx, transactionSettings, pgx.QueryExecModeSimpleProtocol); err != nil {
		return asRole(err)
	}
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
	return fmt.Errorf("set the role: %w", err)
}
