package main

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/testdb"
)

// A warehouse whose schema is not this program's is refused by every command that loads, before the API is asked
// and before anything is written, with what to do.
func TestSchemaThatDoesNotFit(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ sql, says string }{
		"older":         {"UPDATE wheelhouse.schema_migrations SET version = version - 1", "run `wheelhouse migrate up`"},
		"newer":         {"UPDATE wheelhouse.schema_migrations SET version = version + 1", "use the newer wheelhouse"},
		"half-migrated": {"UPDATE wheelhouse.schema_migrations SET dirty = true", "run `UPDATE wheelhouse.schema_migrations SET dirty = false`"},
		"empty":         {"DROP SCHEMA wheelhouse, crankwheel, bi CASCADE", "run `wheelhouse migrate up`"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			dsn := testdb.NewDirect(t)
			u := newUser(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }), dsn)
			conn, err := pgx.Connect(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(context.Background())
			if _, err := conn.Exec(t.Context(), tt.sql); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"run"}, {"backfill", "--from", "2026-01-01", "--to", "2026-01-02"}, {"serve"}} {
				if _, stderr := u.types(exitIncomplete, args...); !strings.Contains(stderr, tt.says) {
					t.Errorf("wheelhouse %s does not say %q:\n%s", args[0], tt.says, stderr)
				}
			}
			if name == "newer" || name == "half-migrated" {
				if _, stderr := u.types(exitIncomplete, "run", "--migrate"); !strings.Contains(stderr, tt.says) {
					t.Errorf("run --migrate does not say %q:\n%s", tt.says, stderr)
				}
			}
			if asked.Load() > 0 {
				t.Errorf("the API was asked %d times", asked.Load())
			}
			if name != "empty" {
				var books int
				err := conn.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM wheelhouse.accounts) + (SELECT count(*) FROM wheelhouse.runs)
				                                        + (SELECT count(*) FROM wheelhouse.loads)`).Scan(&books)
				if err != nil || books != 0 {
					t.Errorf("%d rows are in the books, %v", books, err)
				}
			}
		})
	}
}
