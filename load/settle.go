package load

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// part is one window's part in a transaction.
type part struct {
	Ready
	args   pgx.NamedArgs
	counts Counts

	reconciled *bool
	last       *int64    // the load that the warehouse holds of just this window
	rejects    bool      // of its own, or earlier ones that may be resolved
	now        time.Time // the transaction's
	alone      bool      // left to a transaction of its own
}

// commit loads batches in a transaction. A window that has passed to another process is left out of it.
// exclusive: no other transaction loads the stream meanwhile.
func (w *Warehouse) commit(ctx context.Context, tx pgx.Tx, loads []Ready, exclusive bool) ([]Committed, error) {
	if err := lockTable(ctx, tx, loads[0].Stream, exclusive); err != nil {
		return nil, err
	}
	held, now, err := w.fence(ctx, tx, loads)
	if err != nil {
		return nil, err
	}
	done := make([]Committed, len(loads))
	parts := make([]*part, len(loads))
	for i, l := range loads {
		if !slices.Contains(held, l.Load) {
			done[i].Err = ErrFenced
			continue
		}
		if l.Batch.err != nil {
			return nil, l.Batch.err
		}
		parts[i] = &part{
			Ready: l, args: l.args(), now: now, reconciled: l.Asked.Reconciled,
			counts: Counts{Read: l.Batch.Read(), Rejected: l.Batch.Rejected()},
		}
	}
	own := slices.DeleteFunc(slices.Clone(parts), func(p *part) bool { return p == nil })
	// Oldest first: Postgres takes rows best in the key's order.
	slices.SortFunc(own, func(a, b *part) int { return a.From.Compare(b.From) })
	if err := w.settle(ctx, tx, own, companyOf(loads, exclusive)); err != nil {
		return nil, err
	}
	own = slices.DeleteFunc(own, func(p *part) bool { return p.alone })
	if err := close(ctx, tx, own); err != nil {
		return nil, err
	}
	for i, p := range parts {
		switch {
		case p != nil && p.alone:
			done[i].Err = errAlone
		case p != nil:
			done[i] = Committed{Counts: p.counts, Reconciled: p.reconciled}
		}
	}
	return done, nil
}

func (r Ready) args() pgx.NamedArgs {
	args := r.Claim.args()
	args["load"], args["requested"], args["canceled"], args["sifted"] = r.Load, r.at(r.Batch.asked), nil, false
	if r.Batch.Canceled.Valid {
		args["canceled"] = r.Batch.Canceled.V
	}
	return args
}

// fence locks the leases that this process still holds, until the transaction ends.
func (w *Warehouse) fence(ctx context.Context, tx pgx.Tx, loads []Ready) (held []int64, now time.Time, err error) {
	var ids []int64
	for _, l := range loads {
		ids = append(ids, l.Load)
	}
	var batch pgx.Batch
	batch.Queue(ledger["idle"], pgx.NamedArgs{"idle": w.idle()}).QueryRow(func(row pgx.Row) error { return row.Scan(nil, nil, &now) })
	batch.Queue(ledger["fence"], pgx.NamedArgs{"loads": ids}).Query(func(rows pgx.Rows) error {
		held, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	})
	if e := tx.SendBatch(ctx, &batch).Close(); e != nil {
		err = e
	}
	return held, now, err
}

// company tells how much a transaction is one window's own.
type company int

const (
	amongOthers company = iota // others are loaded in it
	single
	exclusive // and no other transaction loads its stream
)

func companyOf(loads []Ready, locked bool) company {
	switch {
	case len(loads) > 1:
		return amongOthers
	case locked:
		return exclusive
	}
	return single
}

// lockTable comes before the transaction's first look at the tables, which is as of then.
func lockTable(ctx context.Context, tx pgx.Tx, s Stream, exclusive bool) error {
	name := "lock_shared"
	if exclusive {
		name = "lock_exclusive"
	}
	if s.sql[name] == "" {
		return nil
	}
	_, err := tx.Exec(ctx, s.sql[name])
	return err
}

// settle brings the tables to what the batches say. Where there are several, those that need a merge are left out: staging
// is one window's at a time.
func (w *Warehouse) settle(ctx context.Context, tx pgx.Tx, parts []*part, in company) error {
	if err := nothingNew(ctx, tx, parts); err != nil {
		return err
	}
	news := slices.DeleteFunc(slices.Clone(parts), func(p *part) bool { return p.counts.Skipped })
	if len(news) > 0 && news[0].Stream.sifted {
		return w.settleSessions(ctx, tx, news, in)
	}
	for _, p := range news {
		if p.alone = in == amongOthers; p.alone {
			continue
		}
		if err := merge(ctx, tx, p, nil, w.mayShrink); err != nil {
			return err
		}
	}
	return nil
}

// nothingNew finds the windows for which there is nothing to do: the warehouse holds this very answer, or one
// that was asked for later.
func nothingNew(ctx context.Context, tx pgx.Tx, parts []*part) error {
	if len(parts) == 0 {
		return nil
	}
	var windows []Window
	var requested []time.Time
	for _, p := range parts {
		windows, requested = append(windows, p.Window), append(requested, p.at(p.Batch.asked))
	}
	args := spans(windows)
	args["requested"] = requested
	rows, err := tx.Query(ctx, ledger["state"], args)
	if err != nil {
		return err
	}
	defer rows.Close()
	for i := 0; rows.Next(); i++ {
		if err := parts[i].compare(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// compare holds a window against what the ledger says of it.
func (p *part) compare(state pgx.Row) error {
	var newer bool
	var hash, answer []byte
	if err := state.Scan(&newer, &p.last, &hash, &answer, &p.rejects); err != nil {
		return err
	}
	if p.Asked.Same {
		if p.last == nil || knownAnswer(answer) != p.Claim.Answer {
			return ErrMovedOn
		}
		p.counts.Skipped = true
		return nil
	}
	p.rejects = p.rejects || p.Batch.settled.rows[rejectsStage] > 0
	if p.counts.Skipped = newer || hash != nil && string(hash) == string(p.Batch.Hash()); p.counts.Skipped {
		p.counts.Unchanged = p.counts.Read - p.counts.Rejected
	}
	return nil
}

// close writes the ledger's entries and gives up the leases.
func close(ctx context.Context, tx pgx.Tx, parts []*part) error {
	var batch pgx.Batch
	for _, p := range parts {
		if p.Asked.Same {
			p.closeSame(&batch)
		} else {
			p.close(&batch)
		}
		batch.Queue(ledger["release"], p.args)
	}
	return tx.SendBatch(ctx, &batch).Close()
}

func (p *part) close(batch *pgx.Batch) {
	n, asked := p.counts, p.Asked
	for name, v := range map[string]any{
		"read": n.Read, "inserted": n.Inserted, "updated": n.Updated, "unchanged": n.Unchanged, "deleted": n.Deleted,
		"rejected": n.Rejected, "merged": n.Merged, "source_count": asked.SourceCount, "source_seconds": asked.SourceSeconds,
		"reconciled": asked.Reconciled, "hash": p.Batch.Hash(), "answer_hash": asked.answerHash(),
		"request_ids": asked.RequestIDs, "attempts": asked.Attempts,
	} {
		p.args[name] = v
	}
	if p.Stream.Name == UsageNew.Name && n.Inserted+n.Updated+n.Deleted > 0 {
		p.args["first"], p.args["last"] = p.Batch.sessions.touched(p.Window)
		batch.Queue(summaries["touched"], p.args)
	}
	batch.Queue(ledger["loaded"], p.args).Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() != 1 {
			return ErrFenced
		}
		return nil
	})
}

// closeSame says of an answer that came again what is said of it already.
func (p *part) closeSame(batch *pgx.Batch) {
	p.args["last"], p.args["request_ids"], p.args["attempts"] = p.last, p.Asked.RequestIDs, p.Asked.Attempts
	batch.Queue(ledger["loaded_same"], p.args).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&p.counts.Read, &p.counts.Rejected, &p.reconciled)
		p.counts.Unchanged = p.counts.Read - p.counts.Rejected
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrFenced
		}
		return err
	})
}
