package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/postgres"
	"wheelhouse/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// An error about a value that does not fit names the table, the column and the type, as far as the server does, and never the value.
func TestValuesThatDoNotFitAreNotShown(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), testdb.NewDirect(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "CREATE TABLE people (id integer, born date, name varchar(5), seen timestamptz, home uuid)"); err != nil {
		t.Fatal(err)
	}
	const at = ", table people, column "
	for _, c := range []struct{ row, want string }{
		{"jane", "not text of this type, expected integer (SQLSTATE 22P02)" + at + "id"},
		{"99999999999", "number out of range, expected integer (SQLSTATE 22003)" + at + "id"},
		{"1\tjane", "not a time, expected date (SQLSTATE 22007)" + at + "born"},
		{"1\t2026-02-31", "time out of range (SQLSTATE 22008)" + at + "born"},
		{"1\t\\N\tjane, column id", "too long, expected character varying(5) (SQLSTATE 22001)" + at + "name"},
		{"1\t\\N\t\\N\tjane", "not a time, expected timestamp with time zone (SQLSTATE 22007)" + at + "seen"},
		{"1\t\\N\t\\N\t\\N\tjane type date", "not text of this type, expected uuid (SQLSTATE 22P02)" + at + "home"},
	} {
		columns := []string{"id", "born", "name", "seen", "home"}[:1+strings.Count(c.row, "\t")]
		_, err := conn.PgConn().CopyFrom(t.Context(), strings.NewReader(c.row+"\n"), "COPY people ("+strings.Join(columns, ", ")+") FROM STDIN")
		got := postgres.Redact(err).Error()
		if got != "postgres: a value does not fit: "+c.want || strings.Contains(got, "jane") {
			t.Errorf("%q: %s, want %s", c.row, got, c.want)
		}
	}
}
