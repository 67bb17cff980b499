package load

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/extract"
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
		"snapshot": w.Stream.Snapshot(), "daily": w.Stream.OneDay != "", "day": w.Day,
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
	Load   int64       // the ledger's entry
	Answer extract.Sum // of the answer that the warehouse holds of just this window; zero: none that could be known again
	began  time.Time
	clock  time.Time // the database's, when it began
}

// at is a moment of this process's by the database's clock.
func (c Claim) at(t time.Time) time.Time { return c.clock.Add(t.Sub(c.began)) }

// Wanted is a window to be claimed, and the newest load that its plan knew of.
type Wanted struct {
	Window
	Planned int64
}

// Claimed is what came of wanting a window. ErrBusy: another process has it, or one that overlaps it. ErrLoaded: it was
// loaded by somebody after it was planned.
type Claimed struct {
	Claim
	Err error
}

// Claim takes windows of one stream of one account for this process, those that are free.
func (w *Warehouse) Claim(ctx context.Context, run int64, wanted ...Wanted) ([]Claimed, error) {
	var windows []Window
	var planned []int64
	for _, x := range wanted {
		windows, planned = append(windows, x.Window), append(planned, x.Planned)
	}
	args := spans(windows)
	args["run"], args["planned"], args["lease"], args["idle"] = run, planned, w.lease.Seconds(), w.idle()
	var claims []Claimed
	tried := false
	err := w.inTx(ctx, func(tx pgx.Tx) (err error) {
		if tried {
			// The try before may have committed without our hearing of it.
			claims, err = claim(ctx, tx, windows, args, "lock_stream", "claimed")
			if err != nil || slices.ContainsFunc(claims, func(c Claimed) bool { return c.Err == nil }) {
				return err
			}
		}
		tried = true
		claims, err = claim(ctx, tx, windows, args, "lock_stream", "abandon", "claim")
		return err
	})
	for i := range claims {
		claims[i].began = time.Now()
	}
	return claims, err
}

// claim runs some of the ledger's statements; the last tells of each window what came of it.
func claim(ctx context.Context, tx pgx.Tx, windows []Window, args pgx.NamedArgs, names ...string) (claims []Claimed, err error) {
	var batch pgx.Batch
	last := len(names) - 1
	for _, name := range names[:last] {
		batch.Queue(ledger[name], args)
	}
	batch.Queue(ledger[names[last]], args).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			c := Claimed{Claim: Claim{Window: windows[len(claims)]}}
			var busy, done bool
			var answer []byte
			if err := rows.Scan(&busy, &done, &c.Load, &c.clock, &answer); err != nil {
				return err
			}
			c.Answer = knownAnswer(answer)
			switch {
			case busy:
				c.Err = ErrBusy
			case done:
				c.Err = ErrLoaded
			}
			claims = append(claims, c)
		}
		return rows.Err()
	})
	err = tx.SendBatch(ctx, &batch).Close()
	return claims, err
}

// spans are the arguments of a statement about several windows of one stream of one account.
func spans(windows []Window) pgx.NamedArgs {
	var froms, tos []time.Time
	for _, x := range windows {
		froms, tos = append(froms, x.From), append(tos, x.To)
	}
	args := windows[0].args()
	args["froms"], args["tos"] = froms, tos
	return args
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

	Answer extract.Sum // of the one answer that was the whole window; else zero
	Same   bool        // it is the one that the claim knew of, and was not read
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
