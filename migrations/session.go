package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	migratepgx "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// lockKey is the advisory lock of the process that migrates this database ("wheelhou" in ASCII).
	lockKey = 0x776865656c686f75
	// lockPoll is the time between two tries to take the lock. Waiting inside Postgres could not be cancelled cleanly.
	lockPoll = 200 * time.Millisecond
)

// A session is the turn of one process to migrate. One connection has the lock and runs the files, so that a lost connection ends
// both.
type session struct {
	conn    *pgx.Conn
	known   []migration
	db      *sql.DB
	driver  *driver
	migrate *migrate.Migrate
}

// open connects, waits for the lock, and refuses a warehouse that this binary must not touch.
func open(ctx context.Context, url string, fsys fs.FS) (_ *session, version uint, err error) {
	cfg, err := parse(url)
	if err != nil {
		return nil, 0, err
	}
	s := &session{known: list(fsys)}
	defer func() {
		if err != nil {
			s.close(ctx)
		}
	}()
	if s.conn, err = connect(ctx, cfg); err != nil {
		return nil, 0, err
	}
	if err := lock(ctx, s.conn); err != nil {
		return nil, 0, fmt.Errorf("wait for another process that migrates: %w", err)
	}
	version, err = touchable(ctx, s.conn, s.known)
	if err != nil {
		return nil, version, err
	}
	if err := ensureSchema(ctx, s.conn); err != nil {
		return nil, version, fmt.Errorf("make schema wheelhouse: %w", err)
	}
	return s, version, s.openMigrate(ctx, cfg, fsys)
}

// touchable returns the warehouse's version, and an error unless that version can be migrated.
func touchable(ctx context.Context, q querier, known []migration) (uint, error) {
	err := check(ctx, q, latest(known))
	var schema *SchemaError
	switch {
	case err == nil:
		return latest(known), nil
	case !errors.As(err, &schema):
		return 0, err
	case schema.Problem == Empty || schema.Problem == Older:
		return schema.Version, nil
	}
	return schema.Version, err
}

// lock polls for the advisory lock. Closing the connection releases the lock.
func lock(ctx context.Context, conn *pgx.Conn) error {
	ticker := time.NewTicker(lockPoll)
	defer ticker.Stop()
	for {
		var taken bool
		if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, int64(lockKey)).Scan(&taken); err != nil || taken {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// ensureSchema creates the schema of golang-migrate's version table, which must exist before the first migration. It looks first,
// because CREATE SCHEMA IF NOT EXISTS needs the right to create schemas even if the schema exists.
func ensureSchema(ctx context.Context, conn *pgx.Conn) error {
	var there bool
	err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'wheelhouse')`).Scan(&there)
	if err != nil || there {
		return err
	}
	_, err = conn.Exec(ctx, `CREATE SCHEMA wheelhouse`)
	return err
}

func (s *session) openMigrate(ctx context.Context, cfg *pgx.ConnConfig, fsys fs.FS) error {
	// golang-migrate takes its own lock besides, against its command-line tool, and waits for it
	// without a context: the time-out ends that.
	s.db = stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `SET lock_timeout = '15s'`)
		return err
	}))
	files, err := iofs.New(fsys, ".")
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	theirs, err := migratepgx.WithInstance(s.db, &migratepgx.Config{SchemaName: "wheelhouse"})
	if err != nil {
		return fmt.Errorf("prepare wheelhouse.schema_migrations: %w", cause(err))
	}
	s.driver = &driver{Driver: theirs, ctx: ctx, conn: s.conn}
	if s.migrate, err = migrate.NewWithInstance("embedded", files, "pgx5", s.driver); err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	return nil
}

// step applies the next migration (by = 1) or undoes the newest one (by = -1), and returns the version after it. With one migration
// at a time, golang-migrate never reads ahead, and leaves no goroutine behind if a file fails.
func (s *session) step(ctx context.Context, at uint, by int) (uint, error) {
	if err := ctx.Err(); err != nil {
		return at, err
	}
	if err := s.migrate.Steps(by); err != nil {
		return at, fmt.Errorf("%s: %w", s.name(at, by), cause(err))
	}
	state, err := readVersion(ctx, s.conn)
	if err == nil && state.version == at {
		err = fmt.Errorf("%s: left the version at %d", s.name(at, by), at)
	}
	return state.version, err
}

// name returns the name of the file that a step from a version runs.
func (s *session) name(at uint, by int) string {
	for i, m := range s.known {
		switch {
		case by > 0 && m.version > at:
			return m.name + ".up.sql"
		case by < 0 && m.version == at:
			return s.known[i].name + ".down.sql"
		}
	}
	return fmt.Sprintf("version %d", at)
}

// grantRoles grants rights to roles that somebody created, and on objects that a migration added, since the last grant.
func (s *session) grantRoles(ctx context.Context, changed bool) error {
	missing, err := missingRoles(ctx, s.conn)
	if err != nil || (missing == "" && !changed) {
		return err
	}
	return retryRoles(ctx, func() error {
		_, err := s.conn.Exec(ctx, `SELECT wheelhouse.grant_roles()`)
		if state := sqlState(err); state == "42883" || state == "3F000" { // a version before the function
			return nil
		}
		return err
	})
}

// close ends the session and releases the lock, even if ctx has ended.
func (s *session) close(ctx context.Context) {
	switch {
	case s.migrate != nil:
		_, _ = s.migrate.Close() // closes db as well
	case s.db != nil:
		_ = s.db.Close()
	}
	if s.conn != nil {
		disconnect(ctx, s.conn)
	}
}

// cause unwraps an error of golang-migrate, which would print the whole file.
func cause(err error) error {
	var theirs *database.Error
	if errors.As(err, &theirs) && theirs.OrigErr != nil {
		return theirs.OrigErr
	}
	var byValue database.Error
	if errors.As(err, &byValue) && byValue.OrigErr != nil {
		return byValue.OrigErr
	}
	return err
}
