package ledger_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// connect connects to a database until the test ends.
func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}
