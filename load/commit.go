package load

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/postgres"
)

// Ready is a window whose answers are complete.
type Ready struct {
	ledger.Claim
	Batch *Batch
	Asked ledger.Asked
}

// Committed is the result of a window's commit.
type Committed struct {
	Counts     ledger.Counts
	Reconciled *bool    // whether the batch is complete and equals the API's own totals; nil if the API states none
	Noticed    []string // unknown members of the answers that no earlier load of the stream had
	Err        error    // nil: the window is loaded
}

// Commit loads complete batches of one stream of one account. A window's rows, deletions, rejects, totals and ledger row always
// commit in one transaction (invariant 2). The windows share a transaction. If one of them may have made it fail, each
// gets a transaction of its own (invariant 6).
//
// Errors of a window include ledger.ErrFenced (its lease has passed to another process), ErrMovedOn (ask for it again) and
// ErrNotTried. Nothing of a window with an error is written.
func (w *Warehouse) Commit(ctx context.Context, loads ...Ready) []Committed {
	done, err := w.commitTogether(ctx, loads)
	switch {
	case err == nil:
		return done
	case len(loads) == 1 || ctx.Err() != nil || !ofWindow(err) && postgres.Transient(err):
		return slices.Repeat([]Committed{{Err: err}}, len(loads))
	case !ofWindow(err): // such as a full disk or a missing right: every window would fail
		done = slices.Repeat([]Committed{{Err: ErrNotTried}}, len(loads))
		done[0].Err = err
		return done
	}
	done = make([]Committed, len(loads))
	for i, l := range loads {
		if done[i] = w.Commit(ctx, l)[0]; done[i].Err != nil && !ofWindow(done[i].Err) {
			for i++; i < len(loads); i++ {
				done[i].Err = ErrNotTried
			}
			break
		}
	}
	return done
}

// ErrNotTried: the window was not tried, because one before it failed with an error that every window would meet.
var ErrNotTried = errors.New("not tried: another window failed with an error that every window would meet")

// ofWindow tells whether an error may be of one window only.
func ofWindow(err error) bool {
	var sql *postgres.Error
	var connect *postgres.ConnectError
	if errors.As(err, &sql) {
		return sql.OfWindow()
	}
	return !errors.As(err, &connect) && !postgres.Transient(err)
}

// commitTogether loads batches in one transaction. It tries again what can succeed on another try, except an error that may be
// of one of several windows.
func (w *Warehouse) commitTogether(ctx context.Context, loads []Ready) (done []Committed, err error) {
	var reached []Committed // the result of the last try that reached its COMMIT
	err = w.db.Retry(ctx, func() error {
		// The try before may have committed although the acknowledgement was lost.
		if all, err := w.loaded(ctx, loads, reached); all || err != nil {
			done = reached
			return err
		}
		var now []Committed
		err := pgx.BeginTxFunc(ctx, w.db.Pool, w.begin(), func(tx pgx.Tx) (err error) {
			now, err = w.loadAll(ctx, tx, loads)
			return err
		})
		switch {
		case err == nil:
			done = now
			return w.confirmFenced(ctx, loads, done, reached)
		case slices.ContainsFunc(now, func(c Committed) bool { return c.Err == nil }):
			reached = now
		}
		if len(loads) > 1 && ofWindow(postgres.Redact(err)) {
			return notRetried{postgres.Redact(err)}
		}
		return err
	})
	var hidden notRetried
	if errors.As(err, &hidden) {
		err = hidden.error
	}
	return done, err
}

// confirmFenced looks again at windows that are fenced. An earlier try whose acknowledgement was lost may have committed after
// the ledger was read. That commit ended the leases itself, and the windows are loaded.
func (w *Warehouse) confirmFenced(ctx context.Context, loads []Ready, done, before []Committed) error {
	for i := range before {
		if !done[i].fenced() || before[i].Err != nil {
			continue
		}
		if loaded, err := w.loaded(ctx, loads[i:i+1], before[i:i+1]); err != nil {
			return err
		} else if loaded {
			done[i] = before[i]
		}
	}
	return nil
}

func (c Committed) fenced() bool { return errors.Is(c.Err, ledger.ErrFenced) }

// notRetried hides an error from postgres.Retry, which would try again.
type notRetried struct{ error }

// loaded tells whether the transaction with the result done has committed. One load of it answers for all (invariant 2).
func (w *Warehouse) loaded(ctx context.Context, loads []Ready, done []Committed) (bool, error) {
	i := slices.IndexFunc(done, func(c Committed) bool { return c.Err == nil })
	if i < 0 {
		return false, nil
	}
	return w.Ledger.Loaded(ctx, loads[i].Load)
}

// begin returns the options of a transaction that loads.
//
// Repeatable read lets every statement of a load see the warehouse of one moment. If the load of another window writes the same
// rows meanwhile (both show a session that crosses midnight), Postgres refuses one of the two transactions, and that one is
// tried again on the other's rows. With read committed, one would overwrite the other's rows without reading them
// (invariant 5).
//
// If this process stops in the middle, the server ends the transaction, so that another process can load the window. Rows are
// always looked up by their keys: the planner has no statistics of staging tables or of tables that are being filled, and would
// choose to read whole tables.
func (w *Warehouse) begin() pgx.TxOptions {
	return postgres.Begin(pgx.RepeatableRead, "",
		postgres.Setting{Name: "idle_in_transaction_session_timeout", Value: w.Ledger.IdleTimeout()},
		postgres.Setting{Name: "enable_seqscan", Value: "off"})
}
