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

// Committed is what became of a window.
type Committed struct {
	Counts     ledger.Counts
	Reconciled *bool // the batch is complete and equals the API's own totals; nil where it states none
	Err        error
}

// Commit loads complete batches of one stream of one account: rows, deletions, rejects, totals and the ledger's entry of a
// window always in one transaction. The windows share it. Where one of them may keep the others from being loaded, each
// has a transaction of its own.
// ledger.ErrFenced: the window has passed to another process, and nothing of it was written. ErrMovedOn: somebody loaded another
// answer since the one that came again was known; nothing was written, and it is to be asked for once more.
func (w *Warehouse) Commit(ctx context.Context, loads ...Ready) []Committed {
	done, err := w.together(ctx, loads)
	switch {
	case err == nil:
		return done
	case len(loads) == 1 || ctx.Err() != nil || !ofWindow(err) && postgres.Transient(err):
		return slices.Repeat([]Committed{{Err: err}}, len(loads))
	case !ofWindow(err): // no room, no right: one window tells it for all
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

// ErrNotTried: a window before this one failed as every other would.
var ErrNotTried = errors.New("not tried: another window failed as all would")

// ofWindow tells whether an error may be one window's own.
func ofWindow(err error) bool {
	var sql *postgres.Error
	var connect *postgres.ConnectError
	if errors.As(err, &sql) {
		return sql.OfWindow()
	}
	return !errors.As(err, &connect) && !postgres.Transient(err)
}

// together loads batches in one transaction, again where that can help. Where several may be in each other's way, it
// does not try again.
func (w *Warehouse) together(ctx context.Context, loads []Ready) (done []Committed, err error) {
	var reached []Committed // by the last try that got as far as its COMMIT
	err = w.db.Retry(ctx, func() error {
		// The try before may have committed without our hearing of it.
		if all, err := w.loaded(ctx, loads, reached); all || err != nil {
			done = reached
			return err
		}
		var now []Committed
		err := pgx.BeginTxFunc(ctx, w.db.Pool, oneMoment, func(tx pgx.Tx) (err error) {
			now, err = w.commit(ctx, tx, loads)
			return err
		})
		switch {
		case err == nil:
			done = now
			return w.stillCommitting(ctx, loads, done, reached)
		case slices.ContainsFunc(now, func(c Committed) bool { return c.Err == nil }):
			reached = now
		}
		if len(loads) > 1 && ofWindow(postgres.Redact(err)) {
			return notTogether{postgres.Redact(err)}
		}
		return err
	})
	return done, err
}

// stillCommitting looks at windows that are fenced now, and that a try before may have committed after we asked, giving up
// their leases itself.
func (w *Warehouse) stillCommitting(ctx context.Context, loads []Ready, done, before []Committed) error {
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

// notTogether keeps an error from being tried again.
type notTogether struct{ error }

// loaded tells whether a transaction that was to come to this did commit. They are loaded all or none.
func (w *Warehouse) loaded(ctx context.Context, loads []Ready, done []Committed) (bool, error) {
	i := slices.IndexFunc(done, func(c Committed) bool { return c.Err == nil })
	if i < 0 {
		return false, nil
	}
	return w.Ledger.Loaded(ctx, loads[i].Load)
}

// oneMoment: every statement of a load sees the warehouse as it was at the first. Where another window's
// load writes the same rows meanwhile (both show a session that crosses midnight), Postgres refuses one of the
// two, and it is tried again on what the other left; statement by statement, it would overwrite that unseen.
var oneMoment = pgx.TxOptions{IsoLevel: pgx.RepeatableRead}
