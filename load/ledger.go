package load

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed ledger.sql
var ledgerSQL string

var ledger = parseSQL(ledgerSQL)

// Account is what the books say of an account.
type Account struct {
	ID, Server  string
	Zone        *time.Location
	HistoryFrom time.Time // the day, as midnight UTC
}

// Window is the unit of work: one stream of one account from From to To (not included).
type Window struct {
	Account  string
	Stream   Stream
	From, To time.Time
	Day      time.Time // the day it is, as midnight UTC, in the account's zone
}

// String names a window by the day it begins on, and by its hours where it is not a whole day.
func (w Window) String() string {
	return fmt.Sprintf("%s %s", w.Stream.Name, w.Day.Format(time.DateOnly))
}

func (w Window) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"account": w.Account, "stream": w.Stream.Name, "from": w.From, "to": w.To,
		"snapshot": w.Stream.Snapshot, "daily": w.Stream.Daily, "day": w.Day,
	}
}

// RecordAccount keeps an account's settings in the books, for the views.
func (w *Warehouse) RecordAccount(ctx context.Context, a Account) error {
	return w.exec(ctx, "account", pgx.NamedArgs{
		"account": a.ID, "server": a.Server, "timezone": a.Zone.String(), "history_from": a.HistoryFrom})
}

// StartRun opens a run in the books; kind is run, backfill, schedule or verify. Loads whose process died are closed.
func (w *Warehouse) StartRun(ctx context.Context, kind, version, host string) (id int64, err error) {
	if err := w.exec(ctx, "abandon_all", nil); err != nil {
		return 0, err
	}
	err = w.retry(ctx, func() error {
		return w.pool.QueryRow(ctx, ledger["start_run"], pgx.NamedArgs{"kind": kind, "version": version, "host": host}).Scan(&id)
	})
	return id, err
}

// FinishRun closes a run with its outcome.
func (w *Warehouse) FinishRun(ctx context.Context, run int64, outcome string) error {
	return w.exec(ctx, "finish_run", pgx.NamedArgs{"run": run, "outcome": outcome})
}

func (w *Warehouse) exec(ctx context.Context, name string, args pgx.NamedArgs) error {
	return w.retry(ctx, func() error {
		_, err := w.pool.Exec(ctx, ledger[name], args)
		return err
	})
}

// Claim is a process's right to load one window, as long as it renews it.
type Claim struct {
	Window
	Load   int64             // the ledger's entry
	Answer [sha256.Size]byte // of the answer that the warehouse holds of just this window; zero: none that could be known again
	began  time.Time
	clock  time.Time // the database's, when it began
}

// at is a moment of this process's by the database's clock.
func (c Claim) at(t time.Time) time.Time { return c.clock.Add(t.Sub(c.began)) }

// Claim takes a window for this process. ErrBusy: another one has it, or one that overlaps it.
// ErrLoaded: it was loaded by somebody after planned, the newest load that the plan knew of.
func (w *Warehouse) Claim(ctx context.Context, run int64, win Window, planned int64) (Claim, error) {
	c := Claim{Window: win}
	args := win.args()
	args["run"], args["planned"], args["lease"], args["idle"] = run, planned, w.lease.Seconds(), w.idle()
	tried := false
	err := w.inTx(ctx, func(tx pgx.Tx) error {
		if tried {
			// The try before may have committed without our hearing of it.
			if _, err := tx.Exec(ctx, ledger["lock_stream"], args); err != nil {
				return err
			}
			if err := tx.QueryRow(ctx, ledger["claimed"], args).Scan(&c.Load, &c.clock); !errors.Is(err, pgx.ErrNoRows) {
				return err
			}
		}
		tried = true
		return c.take(ctx, tx, args)
	})
	c.began = time.Now()
	return c, err
}

func (c *Claim) take(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs) error {
	var busy, done bool
	var answer []byte
	var batch pgx.Batch
	batch.Queue(ledger["lock_stream"], args)
	batch.Queue(ledger["abandon"], args)
	batch.Queue(ledger["claim"], args).QueryRow(func(row pgx.Row) error {
		return row.Scan(&busy, &done, &c.Load, &c.clock, &answer)
	})
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return err
	}
	c.Answer = knownAnswer(answer)
	switch {
	case busy:
		return ErrBusy
	case done:
		return ErrLoaded
	}
	return nil
}

// ErrLoaded: another process loaded the window after it was planned.
var ErrLoaded = errors.New("another process has loaded this window meanwhile")

// Hold renews the claim until ctx ends. It returns when the lease is another's, and then calls lost.
func (w *Warehouse) Hold(ctx context.Context, c Claim, lost func()) {
	tick := time.NewTicker(w.lease / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		tag, err := w.pool.Exec(ctx, ledger["renew"], pgx.NamedArgs{"load": c.Load, "lease": w.lease.Seconds()})
		if err == nil && tag.RowsAffected() == 0 {
			lost()
			return
		}
	}
}

// GiveBack takes a claim back as if it had never been.
func (w *Warehouse) GiveBack(ctx context.Context, c Claim) error {
	return w.exec(ctx, "give_back", pgx.NamedArgs{"load": c.Load})
}

// Asked is what asking the API for a window came to, for the books.
type Asked struct {
	RequestIDs    []string
	Attempts      int
	SourceCount   *int64
	SourceSeconds *int64
	Reconciled    *bool

	Answer [sha256.Size]byte // of the one answer that was the whole window; else zero
	Same   bool              // it is the one that the claim knew of, and was not read
}

// Fail closes a claim whose window was not loaded. why must hold no data.
func (w *Warehouse) Fail(ctx context.Context, c Claim, asked Asked, why error) error {
	args := pgx.NamedArgs{"load": c.Load, "request_ids": asked.RequestIDs, "attempts": asked.Attempts, "error": why.Error()}
	return w.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, ledger["failed"], args); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, ledger["release"], args)
		return err
	})
}
