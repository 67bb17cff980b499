package migrations

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/postgres"
)

// Status compares a warehouse's schema with this binary.
type Status struct {
	Version  uint     `json:"version"`   // of the warehouse; 0 before the first migration
	Latest   uint     `json:"latest"`    // of this binary
	Dirty    bool     `json:"dirty"`     // another tool left a migration half-way
	Pending  []string `json:"pending"`   // migrations that Up would apply, oldest first: 0003_bi
	RolesSQL string   `json:"roles_sql"` // statements for somebody with the right to create roles; empty if no role is missing

	Rewrites []Rewrite `json:"rewrites"` // tables with rows that pending migrations rewrite or index anew, oldest migration first
}

// Rewrite is a table that a pending migration rewrites, or of which it builds the indexes anew. Postgres keeps the old files until the
// migration commits.
type Rewrite struct {
	Migration string `json:"migration"` // 0003_bi
	Table     string `json:"table"`     // schema.table
	Indexes   bool   `json:"indexes"`   // only the indexes are built anew
	Bytes     int64  `json:"bytes"`     // of what is written anew; as much free disk space is needed
}

// Seconds estimates how long a rewrite takes, from a measurement of five years of a large account (docs/performance.md).
func (r Rewrite) Seconds() int64 {
	const bytesPerSecond = 30 << 20
	return 1 + r.Bytes/bytesPerSecond
}

// ReadStatus reads the status and changes nothing, not even in an empty database. An empty url means the PG* environment variables.
func ReadStatus(ctx context.Context, url string) (Status, error) {
	status := Status{Latest: Latest(), Pending: []string{}, Rewrites: []Rewrite{}}
	conn, err := connect(ctx, url)
	if err != nil {
		return status, failed(ctx, nil, "status", err)
	}
	defer disconnect(ctx, conn)
	if err := read(ctx, conn, func(tx pgx.Tx) error { return status.read(ctx, tx) }); err != nil {
		return status, failed(ctx, conn, "status", err)
	}
	return status, nil
}

func (s *Status) read(ctx context.Context, tx pgx.Tx) error {
	state, err := readVersion(ctx, tx)
	if err != nil {
		return err
	}
	s.Version, s.Dirty = state.version, state.dirty
	for _, m := range list(files) {
		if m.version > state.version {
			s.Pending = append(s.Pending, m.name)
			rewrites, err := m.rewrites(ctx, tx)
			if err != nil {
				return err
			}
			s.Rewrites = append(s.Rewrites, rewrites...)
		}
	}
	s.RolesSQL, err = missingRoles(ctx, tx)
	return err
}

// rewrites returns the tables that a migration rewrites or indexes anew, with their sizes. The migration's file names them in lines
// "-- rewrites: schema.table schema.table" and "-- reindexes: schema.table". Empty tables are left out.
func (m migration) rewrites(ctx context.Context, tx pgx.Tx) (all []Rewrite, err error) {
	text, err := files.ReadFile(m.name + ".up.sql")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		names, whole := strings.CutPrefix(line, "-- rewrites: ")
		names, indexes := strings.CutPrefix(names, "-- reindexes: ")
		if !whole && !indexes {
			continue
		}
		for _, table := range strings.Fields(names) {
			r := Rewrite{Migration: m.name, Table: table, Indexes: indexes}
			var rows bool
			err := tx.QueryRow(ctx, `SELECT coalesce(pg_relation_size(to_regclass($1)), 0) > 0,
				coalesce(CASE WHEN $2 THEN pg_indexes_size(to_regclass($1)) ELSE pg_total_relation_size(to_regclass($1)) END, 0)`, table, indexes).Scan(&rows, &r.Bytes)
			if err != nil {
				return nil, fmt.Errorf("size of %s: %w", table, err)
			}
			if rows {
				all = append(all, r)
			}
		}
	}
	return all, nil
}

// missingRoles returns the statements that create the missing roles; "" before the version that has roles.
func missingRoles(ctx context.Context, tx pgx.Tx) (sql string, err error) {
	var there bool
	err = tx.QueryRow(ctx, `SELECT to_regprocedure('wheelhouse.missing_roles_sql()') IS NOT NULL`).Scan(&there)
	if err == nil && there {
		err = tx.QueryRow(ctx, `SELECT wheelhouse.missing_roles_sql()`).Scan(&sql)
	}
	if err != nil {
		return "", fmt.Errorf("look for missing roles: %w", err)
	}
	return sql, nil
}

func connect(ctx context.Context, url string) (*pgx.Conn, error) {
	cfg, err := postgres.Config(url, "wheelhouse migrate")
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, cfg.ConnConfig)
	if err != nil {
		return nil, fmt.Errorf("connect to Postgres: %w", postgres.Redact(err))
	}
	return conn, nil
}

// disconnect closes a connection, even if ctx has ended.
func disconnect(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}
