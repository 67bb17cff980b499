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

// txWindow is one of the windows that a transaction loads.
type txWindow struct {
	Ready
	args       pgx.NamedArgs
	counts     ledger.Counts
	reconciled *bool
	noticed    []string

	now   time.Time // of the transaction
	state ledger.State
	dirty dirtyDays
}

// loadAll loads batches in a transaction. A window whose lease has passed to another process is left out.
func (w *Warehouse) loadAll(ctx context.Context, tx pgx.Tx, loads []Ready) ([]Committed, error) {
	windows := make([]*txWindow, len(loads))
	for i, l := range loads {
		if l.Batch.err != nil {
			return nil, l.Batch.err
		}
		if l.Asked.Missing = l.Batch.missing; l.Asked.Missing != "" {
			l.Asked.Reconciled = new(bool)
		}
		windows[i] = &txWindow{
			Ready: l, args: l.args(), reconciled: l.Asked.Reconciled, counts: ledger.Counts{Read: l.Batch.Read(), Rejected: l.Batch.Rejected()},
		}
	}
	if err := readStates(ctx, tx, windows); err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(slices.Clone(windows), func(win *txWindow) bool { return !win.state.Leased })
	// Oldest first: Postgres fills the pages of an index best if keys come in their order.
	slices.SortFunc(own, func(a, b *txWindow) int { return a.From.Compare(b.From) })
	staged := map[string]bool{}
	for i, win := range own {
		if err := win.apply(ctx, tx, own[:i], w.mayShrink, staged); err != nil {
			return nil, err
		}
	}
	if err := finish(ctx, tx, own); err != nil {
		return nil, err
	}
	done := make([]Committed, len(loads))
	for i, win := range windows {
		if win.state.Leased {
			done[i] = Committed{Counts: win.counts, Reconciled: win.reconciled, Noticed: win.noticed}
		} else {
			done[i].Err = ledger.ErrFenced // invariant 2
		}
	}
	return done, nil
}

func (r Ready) args() pgx.NamedArgs {
	args := r.Args()
	args["load"], args["requested"] = r.Load, r.asked()
	return args
}

// asked returns when the answer was asked for, by the database's clock.
func (r Ready) asked() time.Time { return r.At(r.Batch.asked) }

// readStates sends the first statements of a transaction in one round trip: the transaction's time, and the fence (invariant 2)
// with the windows' states in the ledger.
func readStates(ctx context.Context, tx pgx.Tx, windows []*txWindow) error {
	var claims []ledger.Claim
	var asked []time.Time
	for _, win := range windows {
		claims, asked = append(claims, win.Claim), append(asked, win.asked())
	}
	var batch pgx.Batch
	var now time.Time
	batch.Queue(statement["now"]).QueryRow(func(row pgx.Row) error { return row.Scan(&now) })
	states := ledger.QueueStates(&batch, claims, asked)
	err := tx.SendBatch(ctx, &batch).Close()
	for i, win := range windows {
		win.now, win.state = now, states[i]
	}
	return err
}

// apply compares the window's batch with the tables and writes the differences. before are the windows that the transaction has
// applied already.
func (win *txWindow) apply(ctx context.Context, tx pgx.Tx, before []*txWindow, mayShrink bool, staged map[string]bool) error {
	switch {
	case win.Asked.Same && (win.state.Last == nil || !bytes.Equal(win.state.Hash, win.Hash)):
		return ErrMovedOn
	case win.Asked.Same, win.state.Superseded: // invariants 4 and 5
		win.counts.Skipped, win.counts.Unchanged = true, win.counts.Read-win.counts.Rejected
		return nil
	}
	d, err := win.differ(ctx, tx, before)
	if err != nil {
		return err
	}
	if win.state.Rejects || win.Batch.rejects.any() {
		if err := keepRejects(ctx, tx, win.args, win.Batch); err != nil {
			return err
		}
	}
	n := counter{several: len(win.Batch.sorters) > 1}
	for i, table := range tablesOf(win.Stream) {
		c, err := newComparison(tx, win.Window, win.Batch, i, d)
		if err != nil {
			return err
		}
		a := &applier{tx: tx, table: table, window: win.Window, load: win.Load, now: win.now, staged: staged, dirty: &win.dirty}
		err = c.run(ctx, func(changes []change) error {
			n.count(changes, i == 0)
			return a.apply(ctx, changes)
		})
		if err != nil {
			return err
		}
		n.inScope += c.inScope
	}
	if !mayShrink && (n.shrinks() || win.Joined && n.Deleted >= emptyFrom) { // each window that was joined is to be judged by its own rows
		return &ShrinkError{Deleted: n.Deleted, Of: n.inScope}
	}
	n.Read, n.Rejected = win.counts.Read, win.counts.Rejected
	n.Merged += win.Batch.committed.merged
	win.counts = n.Counts
	return win.counts.Conserve()
}

// differ prepares the comparison of the window's batch with the tables. Newer answers (invariant 5) are also those of the same
// transaction, which the ledger does not have as loaded yet.
func (win *txWindow) differ(ctx context.Context, tx pgx.Tx, before []*txWindow) (differ, error) {
	newer := win.state.Newer
	for _, b := range before {
		if b.asked().After(win.asked()) {
			newer = append(newer, ledger.Newer{Load: b.Load, From: b.From, To: b.To, Complete: b.Asked.Missing == ""})
		}
	}
	return newDiffer(ctx, tx, win.args, win.Batch, win.now, newer)
}

// newDiffer prepares the comparison of a batch with the tables. newer are the loads whose answers were asked for later.
func newDiffer(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs, b *Batch, now time.Time, newer []ledger.Newer) (d differ, err error) {
	d = differ{now: now, newer: map[int64]bool{}, anyMayBeMissing: b.missing != ""}
	for _, n := range newer {
		d.addNewer(n)
	}
	return d, d.protect(ctx, tx, args, b)
}

// addNewer adds a load whose answer was asked for later. An incomplete load does not tell which rows the API has deleted.
func (d *differ) addNewer(n ledger.Newer) {
	d.newer[n.Load] = true
	if n.Complete {
		d.newerSpan = append(d.newerSpan, span{n.From, n.To})
	}
}

// counter counts the results of a window's records.
type counter struct {
	ledger.Counts
	inScope int64          // existing rows for which the window speaks
	several bool           // a record may have rows in several tables
	same    map[int64]bool // numbers of records whose own row is unchanged; only if several
}

// count counts changes of the table of the records themselves (main), or of another table. A record whose own row is unchanged
// counts as updated if its row in another table is new or differs.
func (n *counter) count(changes []change, main bool) {
	for i := range changes {
		c := &changes[i]
		switch {
		case c.action == remove:
			n.Deleted++
		case c.incoming == nil:
		case !main:
			if (c.action == insert || c.action == update) && n.same[c.incoming.n] {
				delete(n.same, c.incoming.n)
				n.Unchanged, n.Updated = n.Unchanged-1, n.Updated+1
			}
		case c.action == insert:
			n.Inserted++
		case c.action == update:
			n.Updated++
		case c.action == merge:
			n.Merged++
		default:
			n.Unchanged++
			if n.several {
				if n.same == nil {
					n.same = map[int64]bool{}
				}
				n.same[c.incoming.n] = true
			}
		}
	}
}

// The shrink guard refuses to delete more than half of a window's rows and at least shrinkFrom of them, or all rows of a window
// that has at least emptyFrom. Fewer rows may well be deleted by people.
const (
	shrinkFrom = 20
	emptyFrom  = 3
)

// shrinks tells whether so many rows would be deleted that a person must accept it.
func (n *counter) shrinks() bool {
	return n.Deleted >= shrinkFrom && 2*n.Deleted > n.inScope || n.Deleted >= emptyFrom && n.Deleted == n.inScope
}

// ShrinkError: an answer would delete more than half of the rows that its window speaks for, or all of them. It is more likely that
// the API failed than that so many records were deleted, so a person must accept the deletion.
type ShrinkError struct{ Deleted, Of int64 }

func (e *ShrinkError) Error() string {
	rows := fmt.Sprintf("%d of the %d rows", e.Deleted, e.Of)
	if e.Deleted == e.Of {
		rows = fmt.Sprintf("all %d rows", e.Of)
	}
	return "the answer would delete " + rows + " that were loaded of this window, so nothing was deleted: if they are to be deleted, load the window with --accept-shrink"
}

// finish writes the windows' results and marks of dirty days, and ends the leases, in the transaction of the data (invariant 2).
func finish(ctx context.Context, tx pgx.Tx, windows []*txWindow) error {
	var batch pgx.Batch
	for _, win := range windows {
		if win.Asked.Same {
			win.QueueSame(&batch, win.asked(), *win.state.Last, win.Asked, &win.counts, &win.reconciled)
			continue
		}
		if win.dirty.zoned {
			queueZone(&batch, "lock_zone", win.Window)
		}
		win.dirty.mark(&batch, win.Load, win.Account)
		win.QueueLoaded(&batch, win.asked(), win.counts, win.Asked, &win.noticed)
	}
	return tx.SendBatch(ctx, &batch).Close()
}

// ZoneError: the account has another zone in the warehouse than in this process's settings. Every window would fail with it.
type ZoneError struct{ Warehouse, Settings string }

func (e *ZoneError) Error() string {
	return fmt.Sprintf("the account's time zone is %s in the warehouse and %s here, because another process has changed it: restart this process with the same settings",
		e.Warehouse, e.Settings)
}

// queueZone queues the check that the account still has the zone in which the days of the window's rows were computed. name is zone or
// lock_zone. With the lock, a change of the zone waits for this transaction, or this transaction is tried again and fails here.
func queueZone(batch *pgx.Batch, name string, w ledger.Window) {
	batch.Queue(statement[name], pgx.NamedArgs{"account": w.Account}).Query(func(rows pgx.Rows) error {
		zones, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err == nil && len(zones) > 0 && zones[0] != w.Zone.String() {
			err = &ZoneError{zones[0], w.Zone.String()}
		}
		return err
	})
}
