package ledger

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/postgres"
	"wheelhouse/internal/sqlfile"
	"wheelhouse/internal/stream"
)

//go:embed ledger.sql
var ledgerSQL string

var ledger = sqlfile.Parse(ledgerSQL)

var (
	// ErrBusy: another process has the lease of the window, or of one that overlaps it.
	ErrBusy = errors.New("another process is loading this window")
	// ErrLoaded: another process loaded the window after it was planned.
	ErrLoaded = errors.New("another process has loaded this window meanwhile")
	// ErrFenced: the lease ran out and passed to another process while this one worked. Nothing of the window was written.
	ErrFenced = errors.New("the window has passed to another process")
)

// Ledger is the ledger of one warehouse.
type Ledger struct {
	db    *postgres.DB
	lease time.Duration
}

// New makes a ledger. lease is the time after which another process may claim the windows of a dead one; 0: 2 minutes.
func New(db *postgres.DB, lease time.Duration) *Ledger {
	if lease <= 0 {
		lease = 2 * time.Minute
	}
	return &Ledger{db, lease}
}

// Lease returns the time after which another process may claim the windows of a dead one.
func (l *Ledger) Lease() time.Duration { return l.lease }

// IdleTimeout returns the lease as a value of idle_in_transaction_session_timeout: after that time another process may have the
// window. (The setting does not limit how long the server waits for the rows of a COPY.)
func (l *Ledger) IdleTimeout() string { return fmt.Sprintf("%dms", max(1, l.lease.Milliseconds())) }

// Now returns the time of the database's clock.
func (l *Ledger) Now(ctx context.Context) (now time.Time, err error) {
	err = l.row(ctx, "now", nil, &now)
	return now, err
}

// Account is an account in the ledger.
type Account struct {
	ID, Server  string
	Zone        *time.Location
	HistoryFrom time.Time // the first day, as its midnight in UTC
}

// RecordAccount stores an account's settings for the views. If the account's data came from another server, RecordAccount fails with a
// ServerError, unless accept is set.
func (l *Ledger) RecordAccount(ctx context.Context, a Account, accept bool) error {
	return l.db.InTx(ctx, func(tx pgx.Tx) error {
		known, err := checkServer(ctx, tx, a)
		var other *ServerError
		if err != nil && !(accept && errors.As(err, &other)) {
			return err
		}
		_, err = tx.Exec(ctx, ledger["account"], pgx.NamedArgs{
			"account": a.ID, "server": a.Server, "timezone": a.Zone.String(), "history_from": a.HistoryFrom, "known": known, "accept": accept})
		if err == nil && known == "" {
			_, err = checkServer(ctx, tx, a) // another process may have stored the first one at the same time
		}
		return err
	})
}

// StartRun starts a run. kind is run, backfill, schedule or verify. StartRun also marks the loads of dead processes as failed.
func (l *Ledger) StartRun(ctx context.Context, kind, version, host string) (id int64, err error) {
	if err := l.exec(ctx, "abandon_all", nil); err != nil {
		return 0, err
	}
	err = l.row(ctx, "start_run", pgx.NamedArgs{"kind": kind, "version": version, "host": host}, &id)
	return id, err
}

// FinishRun ends a run with its outcome.
func (l *Ledger) FinishRun(ctx context.Context, run int64, outcome string) error {
	return l.exec(ctx, "finish_run", pgx.NamedArgs{"run": run, "outcome": outcome})
}

// exec runs a statement of ledger.sql in a transaction.
func (l *Ledger) exec(ctx context.Context, name string, args pgx.NamedArgs) error {
	return l.db.InTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, ledger[name], args)
		return err
	})
}

// row reads the row of a statement of ledger.sql in a transaction.
func (l *Ledger) row(ctx context.Context, name string, args pgx.NamedArgs, into ...any) error {
	return l.db.InTx(ctx, func(tx pgx.Tx) error { return tx.QueryRow(ctx, ledger[name], args).Scan(into...) })
}

// list reads the rows of a statement in a transaction.
func list[T any](ctx context.Context, l *Ledger, sql string, args pgx.NamedArgs, row pgx.RowToFunc[T]) (all []T, err error) {
	err = l.db.InTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, sql, args)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, row)
		return err
	})
	return all, err
}

// Window is the unit of work: the interval from From to To (not included) of one stream of one account.
type Window struct {
	Account  string
	Stream   stream.Stream
	From, To time.Time
	Day      time.Time      // on which the window begins in the account's zone, as its midnight in UTC
	Zone     *time.Location // the account's reporting zone; nil: UTC
}

// String names a window by its stream and the day on which it begins.
func (w Window) String() string {
	return fmt.Sprintf("%s %s", w.Stream.Name, w.Day.Format(time.DateOnly))
}

// Args returns the arguments account, stream, from, to, day and snapshot of a statement about the window.
func (w Window) Args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"account": w.Account, "stream": w.Stream.Name, "from": w.From, "to": w.To, "snapshot": w.Stream.Snapshot(), "day": w.Day,
	}
}

// spans returns the arguments of a statement about several windows of one stream of one account.
func spans[W any](of []W, window func(W) Window) pgx.NamedArgs {
	var froms, tos []time.Time
	for _, x := range of {
		w := window(x)
		froms, tos = append(froms, w.From), append(tos, w.To)
	}
	args := window(of[0]).Args()
	args["froms"], args["tos"] = froms, tos
	return args
}
