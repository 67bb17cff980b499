package migrations

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var errNotDirect = errors.New("the connection does not keep its session: migrations need a direct connection to Postgres, " +
	"or a pool in session mode, not PgBouncer in transaction mode")

// driver is a driver for golang-migrate that commits a file and its version in one transaction. golang-migrate's own driver uses three
// transactions: it marks the version dirty, runs the file and clears the mark. After a failure in between, a person must repair the mark.
type driver struct {
	ctx    context.Context // the caller's, because golang-migrate passes none
	conn   *pgx.Conn       // holds the locks
	target int             // the version after the next file
}

// Open and Drop are never called.
func (d *driver) Open(string) (database.Driver, error) { return nil, errors.ErrUnsupported }
func (d *driver) Drop() error                          { return errors.ErrUnsupported }

// The session already holds the locks, and its owner closes it.
func (d *driver) Lock() error   { return nil }
func (d *driver) Unlock() error { return nil }
func (d *driver) Close() error  { return nil }

// Version reads the version.
func (d *driver) Version() (version int, dirty bool, err error) {
	state, err := versionOf(d.ctx, d.conn)
	if state.version == 0 {
		return database.NilVersion, state.dirty, err
	}
	return int(state.version), state.dirty, err
}

// SetVersion is called before each file with dirty set, and again after the file and its version are committed.
func (d *driver) SetVersion(version int, dirty bool) error {
	if dirty {
		d.target = version
	}
	return nil
}

// Run runs a file on the connection that holds the lock.
func (d *driver) Run(file io.Reader) error {
	text, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	return retryRoles(d.ctx, func() error {
		return pgx.BeginTxFunc(d.ctx, d.conn, writing, func(tx pgx.Tx) error { return d.run(tx, string(text)) })
	})
}

func (d *driver) run(tx pgx.Tx, text string) error {
	// The session that has the lock can take it again. If that fails, a pooler has put this transaction on another session.
	var direct bool
	if err := tx.QueryRow(d.ctx, `SELECT pg_try_advisory_xact_lock($1)`, int64(lockKey)).Scan(&direct); err != nil {
		return err
	}
	if !direct {
		return errNotDirect
	}
	if _, err := tx.Conn().PgConn().Exec(d.ctx, text).ReadAll(); err != nil {
		return atLine(text, err)
	}
	// DELETE, not TRUNCATE, so that a concurrent Check reads the old version instead of waiting.
	if _, err := tx.Exec(d.ctx, `DELETE FROM wheelhouse.schema_migrations`); err != nil {
		return err
	}
	if d.target == database.NilVersion {
		return nil
	}
	_, err := tx.Exec(d.ctx, `INSERT INTO wheelhouse.schema_migrations (version, dirty) VALUES ($1, false)`, d.target)
	return err
}

// atLine adds the line of the file to an error. Postgres's position counts characters from 1.
func atLine(text string, err error) error {
	var pg *pgconn.PgError
	if sqlState(err) == "2BP01" && errors.As(err, &pg) { // its detail names objects, and has no data
		return fmt.Errorf("%w: %s: drop these objects, migrate, and create them again", err, strings.ReplaceAll(pg.Detail, "\n", "; "))
	}
	if !errors.As(err, &pg) || pg.Position < 1 {
		return err
	}
	before := []rune(text)
	before = before[:min(int(pg.Position), len(before))]
	return fmt.Errorf("line %d: %w", 1+strings.Count(string(before), "\n"), err)
}

// retryRoles calls try again if roles changed meanwhile. Roles belong to the whole cluster, where another database may be migrating,
// and no lock spans databases. try must roll back what fails.
func retryRoles(ctx context.Context, try func() error) error {
	const attempts = 10
	for attempt := 1; ; attempt++ {
		err := try()
		if attempt == attempts || !rolesChanged(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(attempt) * 20 * time.Millisecond):
		}
	}
}

// rolesChanged tells whether an error is of two transactions that change one role at the same time: the role was dropped or created
// after the other one read it, its row in a shared catalog was updated (XX000), or the two deadlocked.
func rolesChanged(err error) bool {
	switch sqlState(err) {
	case "42704", "42710", "23505", "XX000", "40P01":
		return true
	}
	return false
}

func sqlState(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}
