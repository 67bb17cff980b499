package load

import (
	"context"
	"errors"
	"fmt"
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
	dirty      dirtyDays

	// What the ledger says of the window.
	superseded bool   // an answer for all of it that was asked for later is loaded
	last       *int64 // the newest load of any of it, if that was of exactly this window
	answer     []byte // hash of that load's answer
	rejects    bool   // there are earlier ones of the window, which may be resolved
	later      later
}

// commit loads batches in a transaction. A window that has passed to another process is left out.
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
	if err := w.look(ctx, tx, parts); err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(slices.Clone(parts), func(p *part) bool { return !p.held })
	// Oldest first: Postgres fills the pages of an index best in the order of its keys.
	slices.SortFunc(own, func(a, b *part) int { return a.From.Compare(b.From) })
	staged := map[string]bool{}
	for i, p := range own {
		if err := p.settle(ctx, tx, own[:i], w.mayShrink, staged); err != nil {
			return nil, err
		}
	}
	if err := closeAll(ctx, tx, own); err != nil {
		return nil, err
	}
	done := make([]Committed, len(loads))
	for i, p := range parts {
		if p.held {
			done[i] = Committed{Counts: p.counts, Reconciled: p.reconciled}
		} else {
			done[i].Err = ErrFenced
		}
	}
	return done, nil
}

func (r Ready) args() pgx.NamedArgs {
	args := r.Claim.args()
	args["load"], args["requested"] = r.Load, r.at(r.Batch.asked)
	return args
}

// look is a transaction's first look, one round trip: it locks the leases that this process still holds, until the
// transaction ends, and reads what the ledger says of each window.
func (w *Warehouse) look(ctx context.Context, tx pgx.Tx, parts []*part) error {
	var ids []int64
	var windows []Window
	var requested []time.Time
	for _, p := range parts {
		ids, windows, requested = append(ids, p.Load), append(windows, p.Window), append(requested, p.at(p.Batch.asked))
	}
	var batch pgx.Batch
	batch.Queue(ledger["settings"], pgx.NamedArgs{"idle": w.idle()}).QueryRow(func(row pgx.Row) error {
		var now time.Time
		err := row.Scan(nil, nil, nil, nil, &now)
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
	batch.Queue(ledger["state"], args).Query(func(rows pgx.Rows) error {
		defer rows.Close()
		for i := 0; rows.Next(); i++ {
			p := parts[i]
			if err := rows.Scan(&p.superseded, &p.last, &p.answer, &p.rejects); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	for _, p := range parts {
		if !p.Asked.Same {
			batch.Queue(ledger["newer"], p.args).Query(p.later.read)
		}
	}
	return tx.SendBatch(ctx, &batch).Close()
}

// settle brings the tables to what the window's batch says. before are the parts that are settled already.
func (p *part) settle(ctx context.Context, tx pgx.Tx, before []*part, mayShrink bool, staged map[string]bool) error {
	switch {
	case p.Asked.Same && (p.last == nil || knownAnswer(p.answer) != p.Claim.Answer):
		return ErrMovedOn
	case p.Asked.Same, p.superseded:
		p.counts.Skipped, p.counts.Unchanged = true, p.counts.Read-p.counts.Rejected
		return nil
	}
	d, err := p.differ(ctx, tx, before)
	if err != nil {
		return err
	}
	if p.rejects || p.Batch.rejects.any() {
		if err := keepRejects(ctx, tx, p.args, p.Batch); err != nil {
			return err
		}
	}
	t := tally{several: len(p.Stream.tables) > 1}
	for i, table := range p.Stream.tables {
		c, err := newComparison(tx, p.Window, p.Batch, i, d)
		if err != nil {
			return err
		}
		a := &applier{tx: tx, table: table, window: p.Window, load: p.Load, now: p.now, staged: staged, dirty: &p.dirty}
		err = c.run(ctx, func(changes []change) error {
			t.count(changes, i == 0)
			return a.apply(ctx, changes)
		})
		if err != nil {
			return err
		}
		t.held += c.held
	}
	if !mayShrink && t.Deleted >= shrinkFrom && 2*t.Deleted > t.held {
		return &ShrinkError{Lacks: t.Deleted, Of: t.held}
	}
	t.Read, t.Rejected = p.counts.Read, p.counts.Rejected
	t.Merged += p.Batch.settled.merged
	p.counts = t.Counts
	return p.counts.conserve()
}

// differ prepares the comparison of the window's batch with the tables. Windows of the same transaction whose answers were
// asked for later count as later, too: the ledger does not call them loaded yet.
func (p *part) differ(ctx context.Context, tx pgx.Tx, before []*part) (differ, error) {
	for _, q := range before {
		if q.at(q.Batch.asked).After(p.at(p.Batch.asked)) {
			p.later.add(q.Load, span{q.From, q.To})
		}
	}
	return newDiffer(ctx, tx, p.args, p.Batch, p.now, p.later)
}

// newDiffer prepares the comparison of a window's batch with the tables. It finds out which rows may be missing only
// because a record was set aside.
func newDiffer(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs, b *Batch, now time.Time, l later) (d differ, err error) {
	d = differ{now: now, newer: l.loads, newerSpan: l.spans}
	return d, d.protect(ctx, tx, args, b)
}

// later are the loads whose answers were asked for later than a batch's, and their windows.
type later struct {
	loads map[int64]bool
	spans []span
}

func (l *later) add(load int64, s span) {
	if l.loads == nil {
		l.loads = map[int64]bool{}
	}
	l.loads[load], l.spans = true, append(l.spans, s)
}

// read takes what the ledger says of them.
func (l *later) read(rows pgx.Rows) error {
	var load int64
	var s span
	_, err := pgx.ForEachRow(rows, []any{&load, &s.from, &s.to}, func() error {
		l.add(load, s)
		return nil
	})
	return err
}

// tally counts what becomes of a window's records.
type tally struct {
	Counts
	held    int64          // rows for which the window speaks
	several bool           // a record may have rows in several tables
	same    map[int64]bool // records whose own row is unchanged; kept where several tables may change
}

// count counts changes. Those of the main table are records. A record whose own row is unchanged counts as updated if a
// row that it has in another table is new or differs.
func (t *tally) count(changes []change, main bool) {
	for i := range changes {
		c := &changes[i]
		switch {
		case c.action == remove:
			t.Deleted++
		case c.incoming == nil:
		case !main:
			if (c.action == insert || c.action == update) && t.same[c.incoming.n] {
				delete(t.same, c.incoming.n)
				t.Unchanged, t.Updated = t.Unchanged-1, t.Updated+1
			}
		case c.action == insert:
			t.Inserted++
		case c.action == update:
			t.Updated++
		case c.action == merge:
			t.Merged++
		default:
			t.Unchanged++
			if t.several {
				if t.same == nil {
					t.same = map[int64]bool{}
				}
				t.same[c.incoming.n] = true
			}
		}
	}
}

// conserve checks that no record was lost or made on the way from the answer to the tables.
func (n Counts) conserve() error {
	if n.Read != n.Inserted+n.Updated+n.Unchanged+n.Merged+n.Rejected {
		return fmt.Errorf("conservation: %d records read are not %d inserted, %d updated, %d unchanged, %d merged and %d rejected",
			n.Read, n.Inserted, n.Updated, n.Unchanged, n.Merged, n.Rejected)
	}
	return nil
}

// shrinkFrom is how many rows must be lacking before their number is suspect.
const shrinkFrom = 20

// ShrinkError: an answer lacks more than half of a window's rows. A person must say that they may be deleted: an API that
// forgets is more likely than a day that was taken back.
type ShrinkError struct{ Lacks, Of int64 }

func (e *ShrinkError) Error() string {
	return fmt.Sprintf("the answer lacks %d of the %d rows that were loaded of this window: they stay; if they are to be deleted, load it with --accept-shrink",
		e.Lacks, e.Of)
}

// closeAll writes the ledger's entries and gives up the leases.
func closeAll(ctx context.Context, tx pgx.Tx, parts []*part) error {
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
	p.dirty.mark(batch, p.Load, p.Account)
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
