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
	now        time.Time // the transaction's
	held       bool      // by this process
	alone      bool      // left to a transaction of its own

	// What the ledger says of it.
	newer        bool   // the warehouse has an answer that was asked for later
	last         *int64 // the load that the warehouse holds of just this window
	hash, answer []byte // of that load
	rejects      bool   // of its own, or earlier ones that may be resolved
	known        bool   // usage_new: the warehouse has sessions of its stretch of time
}

// commit loads batches in a transaction. A window that has passed to another process is left out of it.
func (w *Warehouse) commit(ctx context.Context, tx pgx.Tx, loads []Ready) ([]Committed, error) {
	parts := make([]*part, len(loads))
	for i, l := range loads {
		if l.Batch.err != nil {
			return nil, l.Batch.err
		}
		parts[i] = &part{
			Ready: l, args: l.args(), reconciled: l.Asked.Reconciled, counts: Counts{Read: l.Batch.Read(), Rejected: l.Batch.Rejected()},
		}
	}
	if err := w.look(ctx, tx, loads, parts); err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(slices.Clone(parts), func(p *part) bool { return !p.held })
	for _, p := range own {
		if err := p.compare(); err != nil {
			return nil, err
		}
	}
	// Oldest first: Postgres takes rows best in the key's order.
	slices.SortFunc(own, func(a, b *part) int { return a.From.Compare(b.From) })
	if err := w.settle(ctx, tx, own, len(loads) > 1); err != nil {
		return nil, err
	}
	own = slices.DeleteFunc(own, func(p *part) bool { return p.alone })
	if err := close(ctx, tx, own); err != nil {
		return nil, err
	}
	done := make([]Committed, len(loads))
	for i, p := range parts {
		switch {
		case !p.held:
			done[i].Err = ErrFenced
		case p.alone:
			done[i].Err = errAlone
		default:
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

// look is a transaction's first look, one round trip: it locks the leases that this process still holds, until the transaction
// ends, and reads what the warehouse has of each window.
func (w *Warehouse) look(ctx context.Context, tx pgx.Tx, loads []Ready, parts []*part) error {
	var ids []int64
	var windows []Window
	var requested []time.Time
	same := true
	for _, p := range parts {
		ids, windows, requested = append(ids, p.Load), append(windows, p.Window), append(requested, p.at(p.Batch.asked))
		same = same && p.Asked.Same
	}
	var batch pgx.Batch
	sifted := parts[0].Stream.sifted && !same
	if sifted {
		lockSessions(&batch, loads)
	}
	batch.Queue(ledger["idle"], pgx.NamedArgs{"idle": w.idle()}).QueryRow(func(row pgx.Row) error {
		var now time.Time
		err := row.Scan(nil, nil, &now)
		for _, p := range parts {
			p.now = now
		}
		return err
	})
	batch.Queue(ledger["fence"], pgx.NamedArgs{"loads": ids}).Query(func(rows pgx.Rows) error {
		held, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		for _, p := range parts {
			p.held = slices.Contains(held, p.Load)
		}
		return err
	})
	args := spans(windows)
	args["requested"] = requested
	batch.Queue(ledger["state"], args).Query(eachPart(parts, func(p *part, row pgx.Row) error {
		return row.Scan(&p.newer, &p.last, &p.hash, &p.answer, &p.rejects)
	}))
	if sifted {
		batch.Queue(UsageNew.sql["sift_known"], knownArgs(windows)).Query(eachPart(parts, func(p *part, row pgx.Row) error { return row.Scan(&p.known) }))
	}
	return tx.SendBatch(ctx, &batch).Close()
}

// eachPart reads a row for each part.
func eachPart(parts []*part, read func(*part, pgx.Row) error) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		defer rows.Close()
		for i := 0; rows.Next(); i++ {
			if err := read(parts[i], rows); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}

// settle brings the tables to what the batches say. Where there were several, some are left out (see part.alone), also where the others
// have passed to another process: the transaction's locks are not theirs alone.
func (w *Warehouse) settle(ctx context.Context, tx pgx.Tx, parts []*part, several bool) error {
	news := slices.DeleteFunc(slices.Clone(parts), func(p *part) bool { return p.counts.Skipped })
	for _, p := range news {
		p.alone = several && (!p.Stream.sifted || p.crosses())
	}
	news = slices.DeleteFunc(news, func(p *part) bool { return p.alone })
	if len(news) > 0 && news[0].Stream.sifted {
		return w.settleSessions(ctx, tx, news)
	}
	for _, p := range news {
		if err := merge(ctx, tx, p, nil, w.mayShrink); err != nil {
			return err
		}
	}
	return nil
}

// compare tells whether there is nothing to do: the warehouse holds this very answer, or one that was asked for later.
func (p *part) compare() error {
	if p.Asked.Same {
		if p.last == nil || knownAnswer(p.answer) != p.Claim.Answer {
			return ErrMovedOn
		}
		p.counts.Skipped = true
		return nil
	}
	p.rejects = p.rejects || p.Batch.settled.rows[rejectsStage] > 0
	if p.counts.Skipped = p.newer || p.hash != nil && string(p.hash) == string(p.Batch.Hash()); p.counts.Skipped {
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
	if p.Stream.summed && n.Inserted+n.Updated+n.Deleted > 0 {
		p.args["first"], p.args["last"] = p.From, p.To.Add(-time.Microsecond)
		if p.Stream.sifted && !p.apart() {
			p.args["first"], p.args["last"] = p.Batch.sessions.touched(p.Window)
		}
		batch.Queue(ledger["dirty"], p.args)
		if sql, ok := p.Stream.sql["dirty_apart"]; ok && (p.apart() || !p.Stream.sifted) {
			batch.Queue(sql, p.args)
		}
	}
	batch.Queue(ledger["loaded"], p.args).Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() != 1 {
			return ErrFenced
		}
		return nil
	})
}

// apart tells that sessions which begin outside of the window have their days marked by themselves: a session that runs for a year would make
// all of the year dirty. Where something was deleted, that may be a twin of any of them.
func (p *part) apart() bool { return p.Stream.sifted && p.crosses() && p.counts.Deleted == 0 }

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
