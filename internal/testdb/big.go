package testdb

import (
	_ "embed"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/rollup"
)

// big.sql writes the history of a large account. Its number of days is 1826, five years.
//
//go:embed big.sql
var bigSQL string

// NewBig makes a database with some days of a large account: 200 agents with 1,100 sessions a day. No rollup is made yet, and all
// days are dirty. It takes a minute for five years.
func NewBig(t testing.TB, days int) (dsn string) {
	t.Helper()
	dsn = NewDirect(t)
	on(t, dsn, func(conn *pgx.Conn) error {
		_, err := conn.Exec(t.Context(), strings.ReplaceAll(bigSQL, "1826", fmt.Sprint(days)))
		return err
	})
	vacuum(t, dsn)
	return dsn
}

// Refresh makes the rollups of dirty days.
func Refresh(t testing.TB, dsn string) {
	t.Helper()
	on(t, dsn, func(conn *pgx.Conn) error {
		_, err := rollup.Refresh(t.Context(), conn)
		return err
	})
	vacuum(t, dsn)
}

func vacuum(t testing.TB, dsn string) {
	t.Helper()
	on(t, dsn, func(conn *pgx.Conn) error {
		_, err := conn.Exec(t.Context(), "VACUUM ANALYZE")
		return err
	})
}

func on(t testing.TB, dsn string, do func(*pgx.Conn) error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := do(conn); err != nil {
		t.Fatal(err)
	}
}
