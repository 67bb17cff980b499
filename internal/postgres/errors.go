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

// Error is an error of Postgres's without what could hold data: its message's parameters, its
// DETAIL and the statement are left out.
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

// OfWindow tells whether the error came of what the window holds, or of who else was at work on it: another
// window may well succeed. Others (no right, no table, disk full) every window would meet.
func (e *Error) OfWindow() bool {
	return pgerrcode.IsDataException(e.Code) || pgerrcode.IsIntegrityConstraintViolation(e.Code) ||
		pgerrcode.IsTransactionRollback(e.Code) || e.Code == pgerrcode.LockNotAvailable || e.Code == pgerrcode.QueryCanceled
}

// Redact replaces an error of Postgres's by one that can be shown.
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

// redacted takes from an error what cannot hold data. In the classes 22 (data) and 23 (constraints) Postgres quotes
// values, and a trigger may say anything under any code.
func redacted(pg *pgconn.PgError) *Error {
	e := &Error{Code: pg.Code, Table: pg.TableName, Column: pg.ColumnName, text: pg.Message}
	class := pg.Code[:min(2, len(pg.Code))]
	switch {
	case pg.Routine == "exec_stmt_raise", !slices.Contains(spoken, class) && class != "22" && class != "23":
		return &Error{Code: pg.Code, text: "an error in words of its own, left out"}
	case class == "22":
		e.text = "a value does not fit"
	case class == "23":
		e.text = "constraint " + pg.ConstraintName
	}
	return e
}

// spoken are the classes in which Postgres's own words name nothing but roles, objects and limits.
var spoken = []string{"08", "0A", "25", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58", "XX"}

// ConnectError says that there was no connection, without the address's user and database.
type ConnectError struct{ err *pgconn.ConnectError }

func (e *ConnectError) Error() string {
	var network net.Error
	if errors.As(e.err, &network) {
		return "no connection: " + network.Error()
	}
	return "no connection to the server"
}

// Unwrap keeps the kind of error for errors.As; its text is not shown.
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
