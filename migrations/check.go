package migrations

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/postgres"
)

// DB is a pool or a connection.
type DB interface {
	BeginTx(ctx context.Context, o pgx.TxOptions) (pgx.Tx, error)
}

// reading has the options of a transaction that changes nothing.
var reading = postgres.Begin(pgx.ReadCommitted, pgx.ReadOnly)

// read runs f in a transaction that changes nothing.
func read(ctx context.Context, db DB, f func(tx pgx.Tx) error) error {
	tx, err := db.BeginTx(ctx, reading)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	return f(tx)
}

// A Problem is the reason why a warehouse's schema does not fit this binary.
type Problem string

// The problems: no schema, an older one, a newer one, or one that another tool left half-migrated.
const (
	Empty        Problem = "empty"
	Older        Problem = "older"
	Newer        Problem = "newer"
	HalfMigrated Problem = "half-migrated"
)

// A SchemaError means that the warehouse was reached, but its schema does not fit. Commands refuse to work on such a warehouse. Those
// with --migrate call Up if Problem is Empty or Older. The error's text says what to do.
type SchemaError struct {
	Problem Problem
	Version uint // of the warehouse; 0 when Empty
	Latest  uint // of this binary
}

func (e *SchemaError) Error() string { return e.Cause() + ": " + e.Remedy() }

// Cause says what is wrong with the schema.
func (e *SchemaError) Cause() string {
	switch e.Problem {
	case Empty:
		return "the database holds no warehouse yet"
	case Older:
		return fmt.Sprintf("the warehouse's schema has version %d and this binary needs %d", e.Version, e.Latest)
	case Newer:
		return fmt.Sprintf("this binary is older than the warehouse (it knows schema version %d, the warehouse has %d)", e.Latest, e.Version)
	}
	return fmt.Sprintf("the warehouse is marked half-migrated at version %d, by another tool", e.Version)
}

// Remedy says what to do.
func (e *SchemaError) Remedy() string {
	switch e.Problem {
	case Empty, Older:
		return "run `wheelhouse migrate up`"
	case Newer:
		return "use the newer wheelhouse, or take the schema back with the newer one's `wheelhouse migrate down`"
	}
	notApplied := fmt.Sprintf("UPDATE wheelhouse.schema_migrations SET version = %d, dirty = false", max(e.Version, 1)-1)
	if e.Version <= 1 {
		notApplied = "DELETE FROM wheelhouse.schema_migrations"
	}
	return fmt.Sprintf("wheelhouse commits each migration with its "+
		"version and never leaves this mark. If what migration %d makes is there, run `UPDATE wheelhouse.schema_migrations SET dirty = false`; "+
		"if it is not, run `%s`; then `wheelhouse migrate up`", e.Version, notApplied)
}

// Check returns nil if the warehouse's schema is the one that this binary needs, a *SchemaError if it is not, and another error if
// the schema could not be read.
func Check(ctx context.Context, db DB) error { return check(ctx, db, Latest()) }

func check(ctx context.Context, db DB, latest uint) error {
	state, err := versionOf(ctx, db)
	if err != nil {
		return err
	}
	problem := Problem("")
	switch {
	case state.dirty:
		problem = HalfMigrated
	case state.version == latest:
		return nil
	case state.version == 0:
		problem = Empty
	case state.version < latest:
		problem = Older
	default:
		problem = Newer
	}
	return &SchemaError{Problem: problem, Version: state.version, Latest: latest}
}

type versionState struct {
	version uint
	dirty   bool
}

// versionOf is readVersion in a transaction.
func versionOf(ctx context.Context, db DB) (state versionState, err error) {
	err = read(ctx, db, func(tx pgx.Tx) error {
		state, err = readVersion(ctx, tx)
		return err
	})
	return state, err
}

// readVersion reads golang-migrate's table. Without the table, its schema or a row, the version is 0. It looks first, because reading a
// table that does not exist leaves an error in the server's log.
func readVersion(ctx context.Context, tx pgx.Tx) (versionState, error) {
	var (
		there   bool
		version int64
		state   versionState
	)
	err := tx.QueryRow(ctx, `SELECT to_regclass('wheelhouse.schema_migrations') IS NOT NULL`).Scan(&there)
	if err != nil {
		return versionState{}, fmt.Errorf("read the schema version: %w", err)
	}
	if !there {
		return versionState{}, nil
	}
	err = tx.QueryRow(ctx, `SELECT version, dirty FROM wheelhouse.schema_migrations`).Scan(&version, &state.dirty)
	switch {
	case errors.Is(err, pgx.ErrNoRows), sqlState(err) == "42P01", sqlState(err) == "3F000": // the last two: removed meanwhile
		return versionState{}, nil
	case err != nil:
		return versionState{}, fmt.Errorf("read the schema version: %w", err)
	}
	state.version = uint(max(version, 0)) // golang-migrate writes -1 if the first migration is undone half-way
	return state, nil
}
