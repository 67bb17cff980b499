package load

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// The statements of a stream's merge that change rows, in order. A stream has those it needs.
var (
	beforeTally = []string{"merge_parts", "merge_twice", "keep_twins", "merge_outdated", "keep_twins_events", "number_twins", "known", "changed", "changed_day"}
	afterInsert = []string{"update_day", "insert_day", "day", "delete_children", "replace_children", "insert_shares", "update_shares"}
)

// merge copies a window's batch into staging and from there writes what is missing or differs. Of sifted rows only those
// that are to be merged.
func merge(ctx context.Context, tx pgx.Tx, p *part, sifted *sifting, mayShrink bool) error {
	copied, err := stageRows(ctx, tx, p.Stream, p.Batch, sifted)
	if err != nil {
		return err
	}
	counts := &p.counts
	m := merger{sql: p.Stream.sql, args: p.args}
	var aside, inserted, updated, held int64
	var t tally
	m.exec("set_aside", &aside) // what no row can be made of together
	for _, name := range []string{"keep", "resolve", "unprotect"} {
		m.queue("rejects "+name, rejects[name], nil)
	}
	for _, name := range beforeTally {
		if strings.HasPrefix(name, "merge") {
			m.exec(name, &counts.Merged)
		} else {
			m.exec(name, nil)
		}
	}
	m.row("tally", &t.unknown, &t.own, &t.ownKnown, &t.differs, &t.ownDiffers)
	if sifted != nil {
		held = sifted.held // before the new sessions were copied
	} else {
		m.row("held", &held)
	}
	if err := m.send(ctx, tx); err != nil {
		return err
	}
	m.exec("insert_children", nil)
	m.exec("insert", &inserted)
	m.exec("lock", nil)
	m.exec("update", &updated)
	for _, name := range afterInsert {
		m.exec(name, nil)
	}
	m.exec("delete", &counts.Deleted)
	if err := m.send(ctx, tx); err != nil {
		return err
	}
	if !mayShrink && counts.Deleted >= shrinkFrom && 2*counts.Deleted > held {
		return &ShrinkError{Lacks: counts.Deleted, Of: held}
	}
	counts.Rejected += aside
	counts.Inserted, counts.Updated, counts.Unchanged = t.own-t.ownKnown, t.ownDiffers, t.ownKnown-t.ownDiffers
	counts.add(sifted)
	return conserve(*counts, t, copied-aside+sifted.settled(), inserted, updated)
}

// tally is what a merge is about to do. Own rows are the answer's; others stand beside them.
type tally struct{ unknown, own, ownKnown, differs, ownDiffers int64 }

// conserve checks that no row was lost or made on the way from the answer to the tables. placed are those that were staged, or
// had no need to be.
func conserve(n Counts, t tally, placed, inserted, updated int64) error {
	switch {
	case placed != n.Read-n.Rejected:
		return fmt.Errorf("conservation: %d records came and %d were set aside, but %d were copied", n.Read, n.Rejected, placed)
	case inserted != t.unknown || updated != t.differs:
		return fmt.Errorf("conservation: %d rows are new and %d differ, but %d were inserted and %d updated",
			t.unknown, t.differs, inserted, updated)
	case n.Read != n.Inserted+n.Updated+n.Unchanged+n.Merged+n.Rejected:
		return fmt.Errorf("conservation: %d records read are not %d inserted, %d updated, %d unchanged, %d merged and %d rejected",
			n.Read, n.Inserted, n.Updated, n.Unchanged, n.Merged, n.Rejected)
	}
	return nil
}

// merger sends a stream's statements, as many as follow one upon the other in one round trip.
type merger struct {
	sql   statements
	args  pgx.NamedArgs
	batch pgx.Batch
	reads []func(pgx.BatchResults) error
}

// exec queues a statement, if the stream has it, and adds to n how many rows it writes. Rows that the tally does not count, such as
// children, are counted by a statement of their own beforehand, which has the name and _due.
func (m *merger) exec(name string, n *int64) {
	sql, has := m.sql[name]
	if !has {
		return
	}
	var due *int64
	if _, counted := m.sql[name+"_due"]; counted {
		due = new(int64)
		m.row(name+"_due", due)
	}
	m.queue(name, sql, func(wrote int64) error {
		if n != nil {
			*n += wrote
		}
		if due != nil && wrote != *due {
			return fmt.Errorf("conservation: %s is to write %d rows and wrote %d", name, *due, wrote)
		}
		return nil
	})
}

// queue queues a statement; took, if not nil, is told how many rows it wrote.
func (m *merger) queue(name, sql string, took func(wrote int64) error) {
	m.batch.Queue(sql, m.args)
	m.reads = append(m.reads, func(r pgx.BatchResults) error {
		tag, err := r.Exec()
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", name, err)
		case took == nil:
			return nil
		}
		return took(tag.RowsAffected())
	})
}

// row queues a statement whose one row is read into dest.
func (m *merger) row(name string, dest ...any) {
	m.batch.Queue(m.sql[name], m.args)
	m.reads = append(m.reads, func(r pgx.BatchResults) error {
		if err := r.QueryRow().Scan(dest...); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
}

// send sends what is queued, and reads what came of it up to the first error.
func (m *merger) send(ctx context.Context, tx pgx.Tx) error {
	results := tx.SendBatch(ctx, &m.batch)
	var first error
	for _, read := range m.reads {
		if first = read(results); first != nil {
			break
		}
	}
	m.batch, m.reads = pgx.Batch{}, nil
	if err := results.Close(); first == nil {
		first = err
	}
	return first
}

// shrinkFrom is how many rows must be gone before their number is suspect.
const shrinkFrom = 20

// ShrinkError: an answer lacks more than half of a window's rows. A person must say that they may be deleted:
// an API that forgets is more likely than a day that was taken back.
type ShrinkError struct{ Lacks, Of int64 }

func (e *ShrinkError) Error() string {
	return fmt.Sprintf("the answer lacks %d of the %d rows that were loaded of this window: they stay; if they are to be deleted, load it with --accept-shrink",
		e.Lacks, e.Of)
}
