package postgres

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// A redacted error has no text that Postgres or a trigger may have taken from a row.
func TestSQLErrorsHaveNoData(t *testing.T) {
	for _, c := range []struct {
		pg   pgconn.PgError
		want string
	}{
		{pgconn.PgError{Code: "53100", Message: "could not extend file"}, "postgres: could not extend file (SQLSTATE 53100)"},
		{pgconn.PgError{Code: "42P01", Message: `relation "x" does not exist`}, `postgres: relation "x" does not exist (SQLSTATE 42P01)`},
		{pgconn.PgError{Code: "22P02", Message: "jane", ColumnName: "c"}, "postgres: a value does not fit: not text of this type (SQLSTATE 22P02), column c"},
		{pgconn.PgError{Code: "22P02", Message: `invalid input syntax for type integer: "jane"`, Where: "COPY shares, line 3, column slug: \"jane\""},
			"postgres: a value does not fit: not text of this type, expected integer (SQLSTATE 22P02), table shares, column slug"},
		{pgconn.PgError{Code: "22P03", Message: "incorrect binary data format", Where: "COPY shares, line 3, column slug"},
			"postgres: a value does not fit: not binary data of this type (SQLSTATE 22P03), table shares, column slug"},
		{pgconn.PgError{Code: "22003", Message: `value "jane for type jane" is out of range for type smallint`, Where: "COPY shares, line 3: \"COPY jane, line 1, column jane\""},
			"postgres: a value does not fit: number out of range, expected smallint (SQLSTATE 22003)"},
		{pgconn.PgError{Code: "22P02", Message: "jane", Where: "jane\nCOPY shares, line 3, column jane"}, "postgres: a value does not fit: not text of this type (SQLSTATE 22P02)"},
		{pgconn.PgError{Code: "22099", Message: "jane"}, "postgres: a value does not fit (SQLSTATE 22099)"},
		{pgconn.PgError{Code: "23514", Message: "jane", Detail: "jane", TableName: "t", ConstraintName: "k"}, "postgres: constraint k (SQLSTATE 23514), table t"},
		{pgconn.PgError{Code: "P0001", Message: "jane", Routine: "exec_stmt_raise"}, "postgres: the message is left out (SQLSTATE P0001)"},
		{pgconn.PgError{Code: "XY001", Message: "jane", TableName: "jane"}, "postgres: the message is left out (SQLSTATE XY001)"},
		{pgconn.PgError{Code: "53100", Message: "jane", Routine: "exec_stmt_raise"}, "postgres: the message is left out (SQLSTATE 53100)"},
		{pgconn.PgError{Code: "X", Message: "jane"}, "postgres: the message is left out (SQLSTATE X)"},
		{pgconn.PgError{Message: "jane"}, "postgres: the message is left out (SQLSTATE )"},
	} {
		if got := Redact(&c.pg).Error(); got != c.want || strings.Contains(got, "jane") {
			t.Errorf("%+v: %s, want %s", c.pg, got, c.want)
		}
	}
}
