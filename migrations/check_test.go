package migrations

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestCheckAndStatus(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	conn := dial(t, db)
	next := Latest() + 1
	for _, c := range []struct {
		name, sql string
		problem   Problem
		version   uint
		pending   int
		says      string
	}{
		{"no schema", "", Empty, 0, int(Latest()), "run `wheelhouse migrate up`"},
		{"no table", "CREATE SCHEMA wheelhouse", Empty, 0, int(Latest()), "run `wheelhouse migrate up`"},
		{"no row", "CREATE TABLE wheelhouse.schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)",
			Empty, 0, int(Latest()), "no warehouse yet"},
		{"older", "INSERT INTO wheelhouse.schema_migrations VALUES (1, false)", Older, 1, int(Latest()) - 1, "has version 1 and this binary needs"},
		{"newer", fmt.Sprintf("UPDATE wheelhouse.schema_migrations SET version = %d", next), Newer, next, 0, "this binary is older than the warehouse"},
		{"half-migrated", "UPDATE wheelhouse.schema_migrations SET version = 2, dirty = true", HalfMigrated, 2, int(Latest()) - 2,
			"SET version = 1, dirty = false"},
		{"half of the first", "UPDATE wheelhouse.schema_migrations SET version = 1, dirty = true", HalfMigrated, 1, int(Latest()) - 1,
			"DELETE FROM wheelhouse.schema_migrations"},
		{"none, half of the first taken back", "UPDATE wheelhouse.schema_migrations SET version = -1, dirty = true", HalfMigrated, 0, int(Latest()), "DELETE FROM"},
	} {
		exec(t, conn, c.sql)
		err := Check(t.Context(), conn)
		var schema *SchemaError
		if !errors.As(err, &schema) || *schema != (SchemaError{c.problem, c.version, Latest()}) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
		status, err := ReadStatus(t.Context(), db)
		if err != nil || status.Version != c.version || status.Dirty != (c.problem == HalfMigrated) || len(status.Pending) != c.pending {
			t.Errorf("%s: %+v, %v", c.name, status, err)
		}
		if c.problem == Newer || c.problem == HalfMigrated {
			_, _, upErr := Up(t.Context(), db)
			_, _, downErr := Down(t.Context(), db, 1)
			for _, err := range []error{upErr, downErr} {
				if !errors.As(err, &schema) || schema.Problem != c.problem {
					t.Errorf("%s: %v", c.name, err)
				}
			}
		}
	}
}

// The statements in the message repair the mark, whether or not the migration was applied.
func TestHalfMigratedIsRepairedAsTheMessageSays(t *testing.T) {
	t.Parallel()
	db, conn := migrated(t)
	repairs := func() []string {
		t.Helper()
		err := Check(t.Context(), conn)
		if err == nil {
			t.Fatal("not half-migrated")
		}
		return strings.Split(err.Error(), "`")
	}
	exec(t, conn, `UPDATE wheelhouse.schema_migrations SET dirty = true`)
	exec(t, conn, repairs()[1])
	mustUp(t, db)

	if _, _, err := Down(t.Context(), db, 1); err != nil {
		t.Fatal(err)
	}
	exec(t, conn, `UPDATE wheelhouse.schema_migrations SET version = version + 1, dirty = true`)
	exec(t, conn, repairs()[3])
	mustUp(t, db)
}

func TestStatusWhenUpToDate(t *testing.T) {
	t.Parallel()
	db, conn := migrated(t)
	if err := Check(t.Context(), conn); err != nil {
		t.Error(err)
	}
	status, err := ReadStatus(t.Context(), db)
	if err != nil || status.Version != Latest() || status.Pending == nil || len(status.Pending) != 0 || status.RolesSQL != "" {
		t.Errorf("%+v, %v", status, err)
	}
}

func TestEmptyURLMeansTheEnvironment(t *testing.T) {
	db := newDatabase(t)
	cfg, err := pgx.ParseConfig(db)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGHOST", cfg.Host)
	t.Setenv("PGPORT", fmt.Sprint(cfg.Port))
	t.Setenv("PGUSER", cfg.User)
	t.Setenv("PGPASSWORD", cfg.Password)
	t.Setenv("PGDATABASE", cfg.Database)
	t.Setenv("PGSSLMODE", "prefer")
	mustUp(t, "")
	if err := Check(t.Context(), dial(t, db)); err != nil {
		t.Error(err)
	}
}
