package load

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/ledger"
)

// part is one window's part in a transaction.
type part struct {
	Ready
	args   pgx.NamedArgs
	counts ledger.Counts

	reconciled *bool
	now        time.Time // the transaction's
	dirty      dirtyDays
	state      ledger.State
}

// commit loads batches in a transaction. A window that has passed to another process is left out.
func (w *Warehouse) commit(ctx context.Context, tx pgx.Tx, loads []Ready) ([]Committed, error) {
	parts := make([]*part, len(loads))
	for i, l := range loads {
		if l.Batch.err != nil {
			return nil, l.Batch.err
		}
		if l.Asked.Missing = l.Batch.missing; l.Asked.Missing != "" {
			l.Asked.Reconciled = new(bool)
		}
		parts[i] = &part{
			Ready: l, args: l.args(), reconciled: l.Asked.Reconciled, counts: ledger.Counts{Read: l.Batch.Read(), Rejected: l.Batch.Rejected()},
		}
	}
	if err := w.look(ctx, tx, parts); err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(slices.Clone(parts), func(p *part) bool { return !p.state.Held })
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
		if p.state.Held {
			done[i] = Committed{Counts: p.counts, Reconciled: p.reconciled}
		} else {
			done[i].Err = ledger.ErrFenced
		}
	}
	return done, nil
}

func (r Ready) args() pgx.NamedArgs {
	args := r.Args()
	args["load"], args["requested"] = r.Load, r.asked()
	return args
}

// asked is when the answer was asked for, by the database's clock.
func (r Ready) asked() time.Time { return r.At(r.Batch.asked) }

// look sends a transaction's first statements, in one round trip: its settings, and the windows' states.
func (w *Warehouse) look(ctx context.Context, tx pgx.Tx, parts []*part) error {
	var claims []ledger.Claim
	var asked []time.Time
	for _, p := range parts {
		claims, asked = append(claims, p.Claim), append(asked, p.asked())
	}
	var batch pgx.Batch
	var now time.Time
	batch.Queue(statement["settings"], pgx.NamedArgs{"idle": w.Ledger.IdleTimeout()}).QueryRow(func(row pgx.Row) error {
		return row.Scan(nil, nil, nil, nil, &now)
	})
	states := ledger.QueueStates(&batch, claims, asked)
	err := tx.SendBatch(ctx, &batch).Close()
	for i, p := range parts {
		p.now, p.state = now, states[i]
	}
	return err
}

// settle brings the tables to what the window's batch says. before are the parts that are settled already.
func (p *part) settle(ctx context.Context, tx pgx.Tx, before []*part, mayShrink bool, staged map[string]bool) error {
	switch {
	case p.Asked.Same && (p.state.Last == nil || !bytes.Equal(p.state.AnswerHash, p.AnswerHash)):
		return ErrMovedOn
	case p.Asked.Same, p.state.Superseded:
		p.counts.Skipped, p.counts.Unchanged = true, p.counts.Read-p.counts.Rejected
		return nil
	}
	d, err := p.differ(ctx, tx, before)
	if err != nil {
		return err
	}
	if p.state.Rejects || p.Batch.rejects.any() {
		if err := keepRejects(ctx, tx, p.args, p.Batch); err != nil {
			return err
		}
	}
	t := tally{several: len(p.Batch.sorters) > 1}
	for i, table := range tablesOf(p.Stream) {
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
	if !mayShrink && t.shrinks() {
		return &ShrinkError{Lacks: t.Deleted, Of: t.held}
	}
	t.Read, t.Rejected = p.counts.Read, p.counts.Rejected
	t.Merged += p.Batch.settled.merged
	p.counts = t.Counts
	return p.counts.Conserve()
}

// differ prepares the comparison of the window's batch with the tables. Windows of the same transaction whose answers were
// asked for later count as later, too: the ledger does not call them loaded yet.
func (p *part) differ(ctx context.Context, tx pgx.Tx, before []*part) (differ, error) {
	newer := p.state.Newer
	for _, q := range before {
		if q.asked().After(p.asked()) {
			newer = append(newer, ledger.Newer{Load: q.Load, From: q.From, To: q.To, Complete: q.Asked.Missing == ""})
		}
	}
	return newDiffer(ctx, tx, p.args, p.Batch, p.now, newer)
}

// newDiffer prepares the comparison of a window's batch with the tables, of which newer loads wrote some. It finds out which rows may be
// missing only because a record was rejected.
func newDiffer(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs, b *Batch, now time.Time, newer []ledger.Newer) (d differ, err error) {
	d = differ{now: now, newer: map[int64]bool{}, suspect: b.missing != ""}
	for _, n := range newer {
		d.addNewer(n)
	}
	return d, d.protect(ctx, tx, args, b)
}

// addNewer adds a load whose answer was asked for later. If it is not complete, it says nothing of rows that it lacks.
func (d *differ) addNewer(n ledger.Newer) {
	d.newer[n.Load] = true
	if n.Complete {
		d.newerSpan = append(d.newerSpan, span{n.From, n.To})
	}
}

// tally counts what becomes of a window's records.
type tally struct {
	ledger.Counts
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

// The shrink guard refuses to delete more than half of a window's rows and at least shrinkFrom of them, or all rows of a window
// that has at least emptyFrom. Fewer rows may well be taken back.
const (
	shrinkFrom = 20
	emptyFrom  = 3
)

// shrinks tells whether so many rows are lacking that a person must say that they may be deleted.
func (t *tally) shrinks() bool {
	return t.Deleted >= shrinkFrom && 2*t.Deleted > t.held || t.Deleted >= emptyFrom && t.Deleted == t.held
}

// ShrinkError: an answer lacks more than half of a window's rows, or all of them. A person must say that they may be deleted: an
// API that forgets is more likely than a day that was taken back.
type ShrinkError struct{ Lacks, Of int64 }

func (e *ShrinkError) Error() string {
	lacks := fmt.Sprintf("%d of the %d rows", e.Lacks, e.Of)
	if e.Lacks == e.Of {
		lacks = fmt.Sprintf("all %d rows", e.Of)
	}
	return "the answer lacks " + lacks + " that were loaded of this window: they stay; if they are to be deleted, load it with --accept-shrink"
}

// closeAll writes what became of the windows into the ledger, and gives up their leases.
func closeAll(ctx context.Context, tx pgx.Tx, parts []*part) error {
	var batch pgx.Batch
	for _, p := range parts {
		if p.Asked.Same {
			p.QueueSame(&batch, p.asked(), *p.state.Last, p.Asked, &p.counts, &p.reconciled)
			continue
		}
		p.dirty.mark(&batch, p.Load, p.Account)
		p.QueueLoaded(&batch, p.asked(), p.counts, p.Asked, p.Batch.Hash())
	}
	return tx.SendBatch(ctx, &batch).Close()
}
