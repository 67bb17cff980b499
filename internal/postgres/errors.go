package postgres

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
)

// Error is an error from Postgres without the texts that may have data: DETAIL, the statement, and some messages.
type Error struct {
	Code   string // SQLSTATE
	Table  string
	Column string
	text   string
}

func (e *Error) Error() string {
	s := fmt.Sprintf("postgres: %s (SQLSTATE %s)", e.text, e.Code)
	if e.Table != "" {
		s += ", table " + e.Table
	}
	if e.Column != "" {
		s += ", column " + e.Column
	}
	return s
}

// OfWindow tells whether the error may be of one window only, because of the window's rows or of a concurrent transaction. Every
// window would meet other errors (no right, no table, disk full).
func (e *Error) OfWindow() bool {
	return pgerrcode.IsDataException(e.Code) || pgerrcode.IsIntegrityConstraintViolation(e.Code) ||
		pgerrcode.IsTransactionRollback(e.Code) || e.Code == pgerrcode.LockNotAvailable || e.Code == pgerrcode.QueryCanceled
}

// Redact replaces an error from Postgres with one that has no data.
func Redact(err error) error {
	var connect *pgconn.ConnectError
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &pg):
		return redacted(pg)
	case errors.As(err, &connect):
		return &ConnectError{connect}
	}
	return err
}

// redacted returns an error without the texts that may have data. In the classes 22 (data) and 23 (constraints) Postgres quotes
// values. RAISE in a trigger may use any text with any code.
func redacted(pg *pgconn.PgError) *Error {
	e := &Error{Code: pg.Code, Table: pg.TableName, Column: pg.ColumnName, text: pg.Message}
	class := pg.Code[:min(2, len(pg.Code))]
	switch {
	case pg.Routine == "exec_stmt_raise", !slices.Contains(harmless, class) && class != "22" && class != "23":
		return &Error{Code: pg.Code, text: "the message is left out"}
	case class == "22":
		e.text = "a value does not fit"
	case class == "23":
		e.text = "constraint " + pg.ConstraintName
	}
	return e
}

// harmless are the classes of errors whose messages name only roles, objects and limits.
var harmless = []string{"08", "0A", "25", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58", "XX"}

// ConnectError is a failure to connect. Its text has neither the user nor the database.
type ConnectError struct{ err *pgconn.ConnectError }

func (e *ConnectError) Error() string {
	var network net.Error
	if errors.As(e.err, &network) {
		return "no connection: " + network.Error()
	}
	return "no connection to the server"
}

// Unwrap gives errors.As the original error, whose text must not be shown.
func (e *ConnectError) Unwrap() error { return e.err }

// Transient tells whether the same transaction could succeed on another try.
func Transient(err error) bool {
	var own *Error
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
	var connect *ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err)
}
