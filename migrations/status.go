package migrations

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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
	cfg, err := parse(url)
	if err != nil {
		return status, fmt.Errorf("migrate status: %w", err)
	}
	conn, err := connect(ctx, cfg)
	if err != nil {
		return status, fmt.Errorf("migrate status: %w", err)
	}
	defer disconnect(ctx, conn)

	state, err := readVersion(ctx, conn)
	if err != nil {
		return status, fmt.Errorf("migrate status: %w", err)
	}
	status.Version, status.Dirty = state.version, state.dirty
	for _, m := range list(files) {
		if m.version > state.version {
			status.Pending = append(status.Pending, m.name)
			rewrites, err := m.rewrites(ctx, conn)
			if err != nil {
				return status, fmt.Errorf("migrate status: %w", err)
			}
			status.Rewrites = append(status.Rewrites, rewrites...)
		}
	}
	if status.RolesSQL, err = missingRoles(ctx, conn); err != nil {
		return status, fmt.Errorf("migrate status: %w", err)
	}
	return status, nil
}

// rewrites returns the tables that a migration rewrites or indexes anew, with their sizes. The migration's file names them in lines
// "-- rewrites: schema.table schema.table" and "-- reindexes: schema.table". Empty tables are left out.
func (m migration) rewrites(ctx context.Context, q querier) (all []Rewrite, err error) {
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
			err := q.QueryRow(ctx, `SELECT coalesce(pg_relation_size(to_regclass($1)), 0) > 0,
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
func missingRoles(ctx context.Context, q querier) (sql string, err error) {
	var there bool
	err = q.QueryRow(ctx, `SELECT to_regprocedure('wheelhouse.missing_roles_sql()') IS NOT NULL`).Scan(&there)
	if err == nil && there {
		err = q.QueryRow(ctx, `SELECT wheelhouse.missing_roles_sql()`).Scan(&sql)
	}
	if err != nil {
		return "", fmt.Errorf("look for missing roles: %w", err)
	}
	return sql, nil
}

// parse parses a URL or key=value string as libpq does. The errors of pgx and net/url would quote the string.
func parse(url string) (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig(url)
	if err == nil {
		return cfg, nil
	}
	var file *fs.PathError
	if errors.As(err, &file) { // a certificate, a service file
		return nil, fmt.Errorf("database settings: %w", file)
	}
	return nil, errors.New("the database URL cannot be understood (not shown, since it may hold a password): " +
		"want postgres://user@host:5432/database, or host=… dbname=… pairs")
}

func connect(ctx context.Context, cfg *pgx.ConnConfig) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, cfg)
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
