package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Error is an error from Postgres without the texts that may have data: DETAIL, the statement, and some messages.
type Error struct {
	Code   string // SQLSTATE
	Table  string
	Column string
	text   string
	remedy string
}

func (e *Error) Error() string {
	s := fmt.Sprintf("postgres: %s (SQLSTATE %s)", e.text, e.Code)
	if e.Table != "" {
		s += ", table " + e.Table
	}
	if e.Column != "" {
		s += ", column " + e.Column
	}
	if e.remedy != "" {
		s += ": " + e.remedy
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
	var explained *ConnectError
	var connect *pgconn.ConnectError
	var pg *pgconn.PgError
	var unusable UnusableError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &explained):
		return err
	case errors.As(err, &unusable):
		return unusable
	case errors.As(err, &connect):
		return explain(connect)
	case errors.As(err, &pg):
		return redacted(pg)
	}
	return err
}

// redacted returns an error without the texts that may have data. In the classes 22 (data) and 23 (constraints) Postgres quotes
// values. RAISE in a trigger may use any text with any code.
func redacted(pg *pgconn.PgError) *Error {
	e := &Error{Code: pg.Code, Table: pg.TableName, Column: pg.ColumnName, text: pg.Message, remedy: Remedy(pg)}
	class := pg.Code[:min(2, len(pg.Code))]
	switch {
	case pg.Routine == "exec_stmt_raise", !slices.Contains(harmless, class) && class != "22" && class != "23":
		return &Error{Code: pg.Code, text: "the message is left out"}
	case class == "22":
		e.text = "a value does not fit"
		if condition := conditions[pg.Code]; condition != "" {
			e.text += ": " + condition
		}
		if kind := expectedType.FindStringSubmatch(pg.Message); kind != nil {
			e.text += ", expected " + kind[1]
		}
		if at := copyContext.FindStringSubmatch(pg.Where); at != nil && e.Column == "" {
			e.Table, e.Column = cmp.Or(e.Table, at[1]), at[2]
		}
	case class == "23":
		e.text = "constraint " + pg.ConstraintName
	}
	return e
}

// Remedy says what to do about an error whose reason is a setting of the role or the database. For other errors it returns "".
func Remedy(err error) string {
	var pg *pgconn.PgError
	switch {
	case !errors.As(err, &pg):
		return ""
	case pg.Code == pgerrcode.ReadOnlySQLTransaction:
		return "the server is a standby, or default_transaction_read_only is on (some servers set it while they have too little disk space); " +
			"otherwise run ALTER ROLE … RESET default_transaction_read_only, or ALTER DATABASE …, or remove it from the address and PGOPTIONS"
	case pg.Code == pgerrcode.IdleSessionTimeout:
		return "idle_session_timeout is shorter than the time that the program needs between two transactions: run ALTER ROLE … SET idle_session_timeout = '1min', or ALTER DATABASE …"
	case pg.File == "dfmgr.c": // Postgres's loader of libraries
		return "session_preload_libraries or local_preload_libraries may name a library that the server does not have or does not allow: run ALTER ROLE … RESET, or ALTER DATABASE … RESET"
	case pg.Code == pgerrcode.InsufficientPrivilege && pg.File == "guc.c":
		return "only a superuser may use another value: run ALTER ROLE … RESET, or ALTER DATABASE … RESET, which give the setting its default value"
	}
	return ""
}

// Explain returns Remedy. If that is empty, and the error is a limit, a missing right or a missing object, of which a setting may be the
// reason, Explain returns the settings of the role, the database and the address. db is a pool or a connection.
func Explain(ctx context.Context, db interface {
	BeginTx(context.Context, pgx.TxOptions) (pgx.Tx, error)
}, err error) string {
	var pg *pgconn.PgError
	var own *Error
	code := ""
	switch {
	case errors.As(err, &own):
		code = own.Code
	case errors.As(err, &pg):
		code = pg.Code
	}
	if remedy := Remedy(err); remedy != "" || ctx.Err() != nil || !slices.Contains([]string{"0A", "42", "53", "54", "55"}, code[:min(2, len(code))]) {
		return remedy
	}
	var given string
	if pgx.BeginTxFunc(ctx, db, readCommitted, func(tx pgx.Tx) error { return tx.QueryRow(ctx, givenSettings).Scan(&given) }) != nil || given == "" {
		return ""
	}
	return "a setting of the role, the database or the address may be the reason: " + given
}

// givenSettings lists the settings that somebody has given, with their values. A transaction of Begin hides those that Begin sets.
const givenSettings = `
	SELECT concat_ws(', ', string_agg(name || ' = ' || setting, ', ' ORDER BY name), CASE WHEN current_setting('role') <> 'none' THEN 'role = ' || current_setting('role') END)
	FROM pg_settings WHERE source IN ('global', 'database', 'user', 'database user', 'client') AND name <> 'application_name'`

// conditions has names for the errors of class 22 that rows can cause.
var conditions = map[string]string{
	pgerrcode.StringDataRightTruncationDataException: "too long",
	pgerrcode.NumericValueOutOfRange:                 "number out of range",
	pgerrcode.DatetimeFieldOverflow:                  "time out of range",
	pgerrcode.InvalidDatetimeFormat:                  "not a time",
	pgerrcode.IntervalFieldOverflow:                  "interval out of range",
	pgerrcode.DivisionByZero:                         "division by zero",
	pgerrcode.CharacterNotInRepertoire:               "not text in the database's encoding",
	pgerrcode.UntranslatableCharacter:                "a character that the database cannot hold",
	pgerrcode.InvalidParameterValue:                  "not a value of this parameter",
	pgerrcode.InvalidTextRepresentation:              "not text of this type",
	pgerrcode.InvalidBinaryRepresentation:            "not binary data of this type",
	pgerrcode.NullValueNotAllowedDataException:       "NULL where a value is needed",
	pgerrcode.ArraySubscriptError:                    "not an element of the array",
	pgerrcode.BadCopyFileFormat:                      "not the format of COPY",
}

// expectedType finds, in a message, the type that a value should have. It matches only known names of types, because the message may quote
// a value that looks like any other part of a message.
var expectedType = regexp.MustCompile(`\btype ((?:smallint|integer|bigint|numeric|real|double precision|boolean|date|uuid|jsonb|json|bytea|interval|` +
	`timestamp with time zone|timestamp without time zone)\b|character varying\(\d+\))`)

// copyContext finds table and column in the context of a COPY: COPY shares, line 3, column slug: "the value".
var copyContext = regexp.MustCompile(`^COPY ([a-z_][a-z0-9_]*), line \d+, column ([a-z_][a-z0-9_]*)(?:$|:|\n)`)

// harmless are the classes of errors whose messages name only roles, objects and limits.
var harmless = []string{"08", "0A", "25", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58", "XX"}

// Transient tells whether the same transaction could succeed on another try.
func Transient(err error) bool {
	var own *Error
	if errors.As(err, &own) {
		switch own.Code {
		case pgerrcode.SerializationFailure, pgerrcode.DeadlockDetected, pgerrcode.LockNotAvailable,
			pgerrcode.QueryCanceled, pgerrcode.UniqueViolation, pgerrcode.TooManyConnections,
			pgerrcode.AdminShutdown, pgerrcode.CrashShutdown, pgerrcode.CannotConnectNow,
			pgerrcode.ReadOnlySQLTransaction, pgerrcode.IdleInTransactionSessionTimeout, pgerrcode.IdleSessionTimeout:
			return true
		}
		return pgerrcode.IsConnectionException(own.Code)
	}
	var connect *ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err)
}
