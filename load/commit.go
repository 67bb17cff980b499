package load

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// Counts is what loading a window did. Read = Inserted + Updated + Unchanged + Merged + Rejected.
type Counts struct {
	Read      int64 // records that came
	Inserted  int64
	Updated   int64
	Unchanged int64
	Deleted   int64 // rows that the window no longer brings
	Merged    int64 // records that were others again
	Rejected  int64 // records set aside
	Skipped   bool  // the answer's hash equals what is loaded, or a newer answer is: nothing was written
}

// Add sums the counts of several windows.
func (n *Counts) Add(m Counts) {
	n.Read += m.Read
	n.Inserted += m.Inserted
	n.Updated += m.Updated
	n.Unchanged += m.Unchanged
	n.Deleted += m.Deleted
	n.Merged += m.Merged
	n.Rejected += m.Rejected
}

// Commit loads a complete batch: rows, deletions, rejects, totals and the ledger's entry in one
// transaction. ErrFenced: the window has passed to another process, nothing was written.
func (w *Warehouse) Commit(ctx context.Context, c Claim, b *Batch, asked Asked) (Counts, error) {
	if b.err != nil {
		return Counts{}, b.err
	}
	var counts Counts // of the last try that got as far as its COMMIT
	tried := false
	err := w.retry(ctx, func() error {
		if tried {
			// The try before may have committed without our hearing of it.
			if done, err := w.loaded(ctx, c); done || err != nil {
				return err
			}
		}
		err := pgx.BeginTxFunc(ctx, w.pool, oneMoment, func(tx pgx.Tx) error {
			n, err := w.commit(ctx, tx, c, b, asked)
			if err == nil {
				counts = n
			}
			return err
		})
		if tried && errors.Is(err, ErrFenced) {
			// Or it was still committing when we looked, and has given up the lease itself.
			if done, err := w.loaded(ctx, c); done || err != nil {
				return err
			}
		}
		tried = true
		return err
	})
	if err != nil {
		return Counts{}, err
	}
	return counts, nil
}

// oneMoment: every statement of a load sees the warehouse as it was at the first. Where another window's
// load writes the same rows meanwhile (both show a session that crosses midnight), Postgres refuses one of the
// two, and it is tried again on what the other left; statement by statement, it would overwrite that unseen.
var oneMoment = pgx.TxOptions{IsoLevel: pgx.RepeatableRead}

func (w *Warehouse) loaded(ctx context.Context, c Claim) (bool, error) {
	var status string
	err := w.pool.QueryRow(ctx, ledger["outcome"], pgx.NamedArgs{"load": c.Load}).Scan(&status)
	return status == "loaded", err
}

func (w *Warehouse) commit(ctx context.Context, tx pgx.Tx, c Claim, b *Batch, asked Asked) (Counts, error) {
	args := c.args()
	args["load"], args["idle"] = c.Load, w.idle()
	args["requested"] = c.at(b.asked)
	args["canceled"] = nil
	if b.Canceled.Valid {
		args["canceled"] = b.Canceled.V
	}
	var held string
	switch err := tx.QueryRow(ctx, ledger["fence"], args).Scan(&held); {
	case errors.Is(err, pgx.ErrNoRows):
		return Counts{}, ErrFenced
	case err != nil:
		return Counts{}, err
	}
	counts := Counts{Read: b.Read(), Rejected: b.Rejected()}
	skip, err := nothingNew(ctx, tx, b, args)
	if err != nil {
		return Counts{}, err
	}
	if skip {
		counts.Skipped = true
		counts.Unchanged = counts.Read - counts.Rejected
	} else if err := merge(ctx, tx, c.Stream, b, args, &counts, w.mayShrink); err != nil {
		return Counts{}, err
	}
	return counts, close(ctx, tx, b, asked, args, counts)
}

// nothingNew tells whether there is nothing to merge: the warehouse holds this very answer, or one
// that was asked for later.
func nothingNew(ctx context.Context, tx pgx.Tx, b *Batch, args pgx.NamedArgs) (bool, error) {
	var newer bool
	if err := tx.QueryRow(ctx, ledger["newer"], args).Scan(&newer); err != nil || newer {
		return newer, err
	}
	var last []byte
	err := tx.QueryRow(ctx, ledger["last_hash"], args).Scan(&last)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return last != nil && string(last) == string(b.Hash()), err
}

// close writes the ledger's entry and gives up the lease.
func close(ctx context.Context, tx pgx.Tx, b *Batch, asked Asked, args pgx.NamedArgs, n Counts) error {
	for name, v := range map[string]any{
		"read": n.Read, "inserted": n.Inserted, "updated": n.Updated, "unchanged": n.Unchanged, "deleted": n.Deleted,
		"rejected": n.Rejected, "merged": n.Merged, "source_count": asked.SourceCount, "source_seconds": asked.SourceSeconds,
		"reconciled": asked.Reconciled, "hash": b.Hash(), "request_ids": asked.RequestIDs, "attempts": asked.Attempts,
	} {
		args[name] = v
	}
	tag, err := tx.Exec(ctx, ledger["loaded"], args)
	if err == nil && tag.RowsAffected() != 1 {
		return ErrFenced
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, ledger["release"], args)
	return err
}
