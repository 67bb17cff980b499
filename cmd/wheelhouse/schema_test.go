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

// Every command that loads refuses a warehouse with another schema than this program's, before it asks the API and before
// it writes anything, and says what to do.
func TestOtherSchemaIsRefused(t *testing.T) {
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
				var rows int
				err := conn.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM wheelhouse.accounts) + (SELECT count(*) FROM wheelhouse.runs)
				                                        + (SELECT count(*) FROM wheelhouse.loads)`).Scan(&rows)
				if err != nil || rows != 0 {
					t.Errorf("%d rows are in the ledger, %v", rows, err)
				}
			}
		})
	}
}
