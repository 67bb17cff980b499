package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var (
	// ErrBusy: another process holds the window, or one that overlaps it. It will be loaded there.
	ErrBusy = errors.New("another process is loading this window")
	// ErrFenced: the lease ran out and passed on while this process worked. Nothing was written.
	ErrFenced = errors.New("the window has passed to another process")
)

// SQLError is an error of Postgres's without what could hold data: its message's parameters, its
// DETAIL and the statement are left out.
type SQLError struct {
	Code   string // SQLSTATE
	Table  string
	Column string
	text   string
}

func (e *SQLError) Error() string {
	s := fmt.Sprintf("postgres: %s (SQLSTATE %s)", e.text, e.Code)
	if e.Table != "" {
		s += ", table " + e.Table
	}
	if e.Column != "" {
		s += ", column " + e.Column
	}
	return s
}

// OfWindow tells whether the error came of what the window holds, or of who else was at work on it: another
// window may well succeed. Others (no right, no table, disk full) every window would meet.
func (e *SQLError) OfWindow() bool {
	return pgerrcode.IsDataException(e.Code) || pgerrcode.IsIntegrityConstraintViolation(e.Code) ||
		pgerrcode.IsTransactionRollback(e.Code) || e.Code == pgerrcode.LockNotAvailable || e.Code == pgerrcode.QueryCanceled
}

// sqlError replaces an error of Postgres's by one that can be shown.
func sqlError(err error) error {
	var connect *pgconn.ConnectError
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &pg):
		return shown(pg)
	case errors.As(err, &connect):
		return &connectError{connect}
	}
	return err
}

// shown takes from an error what cannot hold data. In the classes 22 (data) and 23 (constraints) Postgres quotes
// values, and a trigger may say anything under any code.
func shown(pg *pgconn.PgError) *SQLError {
	e := &SQLError{Code: pg.Code, Table: pg.TableName, Column: pg.ColumnName, text: pg.Message}
	class := pg.Code[:min(2, len(pg.Code))]
	switch {
	case pg.Routine == "exec_stmt_raise", !slices.Contains(spoken, class) && class != "22" && class != "23":
		return &SQLError{Code: pg.Code, text: "an error in words of its own, left out"}
	case class == "22":
		e.text = "a value does not fit"
	case class == "23":
		e.text = "constraint " + pg.ConstraintName
	}
	return e
}

// spoken are the classes in which Postgres's own words name nothing but roles, objects and limits.
var spoken = []string{"08", "0A", "25", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58", "XX"}

// connectError says that there was no connection, without the address's user and database.
type connectError struct{ err *pgconn.ConnectError }

func (e *connectError) Error() string {
	var network net.Error
	if errors.As(e.err, &network) {
		return "no connection: " + network.Error()
	}
	return "no connection to the server"
}

// Unwrap keeps the kind of error for errors.As; its text is not shown.
func (e *connectError) Unwrap() error { return e.err }

// mayPass tells whether the same transaction could succeed on another try.
func mayPass(err error) bool {
	var own *SQLError
	if errors.As(err, &own) {
		switch own.Code {
		case pgerrcode.SerializationFailure, pgerrcode.DeadlockDetected, pgerrcode.LockNotAvailable,
			pgerrcode.QueryCanceled, pgerrcode.UniqueViolation, pgerrcode.TooManyConnections,
			pgerrcode.AdminShutdown, pgerrcode.CrashShutdown, pgerrcode.CannotConnectNow,
			pgerrcode.ReadOnlySQLTransaction, pgerrcode.IdleInTransactionSessionTimeout:
			return true
		}
		return pgerrcode.IsConnectionException(own.Code)
	}
	var connect *connectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err)
}

// How often a transaction is tried, with waits from 0.1 s that grow to 5 s. Where the server has no connection left
// it is tried for some seconds more: others give theirs back soon, and this process's own are among them. Where
// the server is gone it is tried for about 40 s: a restart or a failover takes as long.
const tries, triesToConnect, triesToOutlast = 6, 10, 16

// mostTries is how often what failed so is worth a try.
func (w *Warehouse) mostTries(err error) int {
	var own *SQLError
	switch isSQL := errors.As(err, &own); {
	case isSQL && own.Code == pgerrcode.TooManyConnections:
		return triesToConnect
	case !w.opened.Load(): // whoever types a wrong address wants to know
		return tries
	case !isSQL, own.Code == pgerrcode.AdminShutdown, own.Code == pgerrcode.CrashShutdown, own.Code == pgerrcode.CannotConnectNow,
		pgerrcode.IsConnectionException(own.Code):
		return triesToOutlast
	}
	return tries
}

// retry runs f until it succeeds, its error is final, or the tries are used up.
func (w *Warehouse) retry(ctx context.Context, f func() error) error {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = 100*time.Millisecond, 5*time.Second
	for tried := 1; ; tried++ {
		err := sqlError(f())
		if err == nil || !mayPass(err) || ctx.Err() != nil || tried >= w.mostTries(err) {
			return err
		}
		var own *SQLError
		if errors.As(err, &own) && own.Code == pgerrcode.ReadOnlySQLTransaction {
			w.pool.Reset() // after a failover the old server is still connected, and read-only
		}
		if err := w.sleep(ctx, wait.NextBackOff()); err != nil {
			return err
		}
	}
}

// sleep waits for d, or returns the cause of ctx's end.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// inTx runs f in a transaction, again where that can help.
func (w *Warehouse) inTx(ctx context.Context, f func(tx pgx.Tx) error) error {
	return w.retry(ctx, func() error {
		return pgx.BeginFunc(ctx, w.pool, f)
	})
}
