package migrations

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/postgres"
)

const (
	// lockKey is the advisory lock of the process that migrates this database ("wheelhou" in ASCII).
	lockKey = 0x776865656c686f75
	// lockPoll is the time between two tries to take the lock. Waiting inside Postgres could not be cancelled cleanly.
	lockPoll = 200 * time.Millisecond
)

// writing has the options of a transaction that changes the schema. It has no time limits, because a migration may take hours.
var writing = postgres.Begin(pgx.ReadCommitted, "", postgres.Setting{Name: "statement_timeout", Value: "0"},
	postgres.Setting{Name: "lock_timeout", Value: "0"})

// A session is the turn of one process to migrate. One connection has the lock and runs the files, so that a lost connection ends
// both.
type session struct {
	conn    *pgx.Conn
	known   []migration
	migrate *migrate.Migrate
}

// open connects, waits for the lock, and refuses a warehouse that this binary must not touch. command is for errors.
func open(ctx context.Context, url string, fsys fs.FS, command string) (_ *session, version uint, err error) {
	s := &session{known: list(fsys)}
	defer func() {
		if err != nil {
			err = failed(ctx, s.conn, command, err)
			s.close(ctx)
		}
	}()
	if s.conn, err = connect(ctx, url); err != nil {
		return nil, 0, err
	}
	if err := direct(ctx, s.conn); err != nil {
		return nil, 0, err
	}
	if err := lock(ctx, s.conn); err != nil {
		return nil, 0, fmt.Errorf("wait for another process that migrates: %w", err)
	}
	version, err = touchable(ctx, s.conn, s.known)
	if err != nil {
		return nil, version, err
	}
	if err := write(ctx, s.conn, ensureSchema); err != nil {
		return nil, version, fmt.Errorf("make schema wheelhouse: %w", err)
	}
	source, err := iofs.New(fsys, ".")
	if err != nil {
		return nil, version, fmt.Errorf("read migrations: %w", err)
	}
	if s.migrate, err = migrate.NewWithInstance("embedded", source, "pgx5", &driver{ctx: ctx, conn: s.conn}); err != nil {
		return nil, version, fmt.Errorf("prepare migrations: %w", err)
	}
	return s, version, nil
}

// write runs f in a transaction that may change the schema.
func write(ctx context.Context, db DB, f func(context.Context, pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, db, writing, func(tx pgx.Tx) error { return f(ctx, tx) })
}

// direct refuses a pooler that may give each transaction another session, because a lock taken through it would stay with a session of the
// pooler. Through a pooler, the process id that the connection was told differs from that of the server's process. Then a second
// connection shows whether the pooler shares sessions.
func direct(ctx context.Context, conn *pgx.Conn) error {
	process, err := serverProcess(ctx, conn)
	if err != nil || process == conn.PgConn().PID() {
		return err
	}
	other, err := pgx.ConnectConfig(ctx, conn.Config())
	if err != nil {
		return fmt.Errorf("connect to Postgres a second time, through the pooler: %w", err)
	}
	defer disconnect(ctx, other)
	if shared, err := serverProcess(ctx, other); err != nil || shared == process {
		return cmp.Or(err, errNotDirect)
	}
	return nil
}

func serverProcess(ctx context.Context, conn *pgx.Conn) (pid uint32, err error) {
	err = read(ctx, conn, func(tx pgx.Tx) error { return tx.QueryRow(ctx, `SELECT pg_backend_pid()`).Scan(&pid) })
	return pid, err
}

// touchable returns the warehouse's version, and an error unless that version can be migrated.
func touchable(ctx context.Context, db DB, known []migration) (uint, error) {
	err := check(ctx, db, latest(known))
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

// lock polls for the advisory lock, and for that of golang-migrate's command-line tool. Closing the connection releases them.
func lock(ctx context.Context, conn *pgx.Conn) error {
	theirs, err := database.GenerateAdvisoryLockId(conn.Config().Database, "wheelhouse", "schema_migrations")
	if err != nil {
		return err
	}
	ticker := time.NewTicker(lockPoll)
	defer ticker.Stop()
	for {
		var taken bool
		err := read(ctx, conn, func(tx pgx.Tx) error {
			return tx.QueryRow(ctx, `SELECT pg_try_advisory_lock($1) AND pg_try_advisory_lock($2::text::bigint)`, int64(lockKey), theirs).Scan(&taken)
		})
		if err != nil || taken {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// ensureSchema creates the schema and the table of versions, which must exist before the first migration. It first looks whether they
// exist, because CREATE SCHEMA IF NOT EXISTS needs the right to create schemas even if the schema exists.
func ensureSchema(ctx context.Context, tx pgx.Tx) error {
	for _, of := range []struct{ there, create string }{
		{`EXISTS (SELECT FROM pg_namespace WHERE nspname = 'wheelhouse')`, `CREATE SCHEMA wheelhouse`},
		{`to_regclass('wheelhouse.schema_migrations') IS NOT NULL`,
			`CREATE TABLE wheelhouse.schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)`},
	} {
		var there bool
		if err := tx.QueryRow(ctx, "SELECT "+of.there).Scan(&there); err != nil {
			return err
		}
		if there {
			continue
		}
		if _, err := tx.Exec(ctx, of.create); err != nil {
			return err
		}
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
		return at, fmt.Errorf("%s: %w", s.name(at, by), err)
	}
	state, err := versionOf(ctx, s.conn)
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
	var missing string
	err := read(ctx, s.conn, func(tx pgx.Tx) (err error) {
		missing, err = missingRoles(ctx, tx)
		return err
	})
	if err != nil || (missing == "" && !changed) {
		return err
	}
	return retryRoles(ctx, func() error {
		err := write(ctx, s.conn, func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `SELECT wheelhouse.grant_roles()`)
			return err
		})
		if state := sqlState(err); state == "42883" || state == "3F000" { // a version before the function
			return nil
		}
		return err
	})
}

// close ends the session and releases the lock, even if ctx has ended.
func (s *session) close(ctx context.Context) {
	if s.migrate != nil {
		_, _ = s.migrate.Close()
	}
	if s.conn != nil {
		disconnect(ctx, s.conn)
	}
}
