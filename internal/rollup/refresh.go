package rollup

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"wheelhouse/internal/postgres"
	"wheelhouse/internal/sqlfile"
)

//go:embed refresh.sql
var refreshSQL string

var (
	statements = sqlfile.Parse(refreshSQL)

	accounts, alone, zone, dirty, clean = statement("accounts"), statement("alone"), statement("zone"), statement("dirty"), statement("clean")
	rewrite                             = []string{statement("agent_daily"), statement("request_hours"), statement("video_daily")}
)

// statement returns a statement of refresh.sql. A misspelt name stops the program at its start.
func statement(name string) string {
	sql, ok := statements[name]
	if !ok {
		panic("rollup: no statement " + name)
	}
	return sql
}

const (
	daysTogether = 400 // days in one transaction, which takes some seconds for a large account
	tries        = 6   // of a transaction; the waits between them take two seconds in all
)

// DB is a pool or a connection.
type DB interface {
	BeginTx(ctx context.Context, o pgx.TxOptions) (pgx.Tx, error)
}

// Refresh refreshes the rollups of the dirty days of all accounts, and returns the number of days. It leaves an account that
// another process is refreshing to that process.
func Refresh(ctx context.Context, db DB) (days int, err error) {
	var all []string
	err = pgx.BeginTxFunc(ctx, db, postgres.Begin(pgx.ReadCommitted, pgx.ReadOnly), func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, accounts)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("refresh rollups: %w", shown(err))
	}
	var failed []error
	for _, account := range all {
		n, err := refreshAccount(ctx, db, account, daysTogether)
		if days += n; err != nil {
			failed = append(failed, fmt.Errorf("refresh rollups of %s: %w", account, shown(err)))
		}
	}
	return days, errors.Join(failed...)
}

// refreshAccount refreshes an account's dirty days, up to most in one transaction.
func refreshAccount(ctx context.Context, db DB, account string, most int) (days int, err error) {
	for {
		n, err := try(ctx, func() (int, error) { return refreshSome(ctx, db, account, most) })
		if days += n; err != nil || n < most {
			return days, err
		}
	}
}

// refreshSome refreshes up to most of an account's dirty days in one transaction. It is repeatable read, so that all statements
// see the warehouse of one moment.
func refreshSome(ctx context.Context, db DB, account string, most int) (days int, err error) {
	err = pgx.BeginTxFunc(ctx, db, postgres.Begin(pgx.RepeatableRead, ""), func(tx pgx.Tx) error {
		args := pgx.NamedArgs{"account": account, "most": most}
		var mine bool
		if err := tx.QueryRow(ctx, alone, args).Scan(&mine); err != nil || !mine {
			return err
		}
		if _, err := tx.Exec(ctx, zone, args); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, dirty, args)
		if err != nil {
			return err
		}
		marked, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || len(marked) == 0 {
			return err
		}
		args["days"], days = marked, len(marked)
		for _, sql := range append(slices.Clone(rewrite), clean) {
			if _, err := tx.Exec(ctx, sql, args); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return days, nil
}

// try runs a transaction, and runs it again after a conflict with another one.
func try(ctx context.Context, f func() (int, error)) (int, error) {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = 50*time.Millisecond, time.Second
	return backoff.Retry(ctx, func() (int, error) {
		n, err := f()
		var pg *pgconn.PgError
		if errors.As(err, &pg) && (pg.Code == pgerrcode.SerializationFailure || pg.Code == pgerrcode.DeadlockDetected || pg.Code == pgerrcode.UniqueViolation) {
			return n, err
		}
		if err != nil {
			return n, backoff.Permanent(err)
		}
		return n, nil
	}, backoff.WithBackOff(wait), backoff.WithMaxTries(tries))
}

// shown returns an error without the texts that may quote a row: the DETAIL and, in the classes 22 and 23, the message.
func shown(err error) error {
	var pg *pgconn.PgError
	switch {
	case !errors.As(err, &pg):
		return err
	case pgerrcode.IsDataException(pg.Code):
		return fmt.Errorf("postgres: a value does not fit (SQLSTATE %s)", pg.Code)
	case pgerrcode.IsIntegrityConstraintViolation(pg.Code):
		return fmt.Errorf("postgres: constraint %s (SQLSTATE %s)", pg.ConstraintName, pg.Code)
	}
	return fmt.Errorf("postgres: %s (SQLSTATE %s)", pg.Message, pg.Code)
}
