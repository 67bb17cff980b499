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
	args, counts := p.args, &p.counts
	m := merger{ctx: ctx, tx: tx, sql: p.Stream.sql, args: args}
	aside := m.exec("set_aside") // what no row can be made of together
	if m.err != nil {
		return m.err
	}
	counts.Rejected, copied = counts.Rejected+aside, copied-aside
	for _, name := range []string{"keep", "resolve", "unprotect"} {
		if _, err := tx.Exec(ctx, rejects[name], args); err != nil {
			return fmt.Errorf("rejects %s: %w", name, err)
		}
	}
	for _, name := range beforeTally {
		n := m.exec(name)
		if strings.HasPrefix(name, "merge") {
			counts.Merged += n
		}
	}
	t, held := m.tally(), sifted.heldOr(m.held)
	m.exec("insert_children")
	inserted := m.exec("insert")
	m.exec("lock")
	updated := m.exec("update")
	for _, name := range afterInsert {
		m.exec(name)
	}
	counts.Deleted = m.exec("delete")
	if m.err != nil {
		return m.err
	}
	if !mayShrink && counts.Deleted >= shrinkFrom && 2*counts.Deleted > held {
		return &ShrinkError{Lacks: counts.Deleted, Of: held}
	}
	counts.Inserted, counts.Updated, counts.Unchanged = t.own-t.ownKnown, t.ownDiffers, t.ownKnown-t.ownDiffers
	counts.add(sifted)
	return conserve(*counts, t, copied+sifted.settled(), inserted, updated)
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

// merger runs a stream's statements until one fails.
type merger struct {
	ctx  context.Context
	tx   pgx.Tx
	sql  statements
	args pgx.NamedArgs
	err  error
}

// exec runs a statement and tells how many rows it wrote. Rows that the tally does not count, such as children, are counted
// by a statement of their own beforehand, which has the name and _due.
func (m *merger) exec(name string) int64 {
	sql, has := m.sql[name]
	if !has || m.err != nil {
		return 0
	}
	count, counted := m.sql[name+"_due"]
	var due int64
	if counted {
		if err := m.tx.QueryRow(m.ctx, count, m.args).Scan(&due); err != nil {
			m.err = fmt.Errorf("%s_due: %w", name, err)
			return 0
		}
	}
	tag, err := m.tx.Exec(m.ctx, sql, m.args)
	switch n := tag.RowsAffected(); {
	case err != nil:
		m.err = fmt.Errorf("%s: %w", name, err)
	case counted && n != due:
		m.err = fmt.Errorf("conservation: %s is to write %d rows and wrote %d", name, due, n)
	}
	return tag.RowsAffected()
}

func (m *merger) tally() (t tally) {
	if m.err != nil {
		return t
	}
	err := m.tx.QueryRow(m.ctx, m.sql["tally"], m.args).Scan(&t.unknown, &t.own, &t.ownKnown, &t.differs, &t.ownDiffers)
	if err != nil {
		m.err = fmt.Errorf("tally: %w", err)
	}
	return t
}

// held is how many rows the window may find gone.
func (m *merger) held() (n int64) {
	if m.err == nil {
		if err := m.tx.QueryRow(m.ctx, m.sql["held"], m.args).Scan(&n); err != nil {
			m.err = fmt.Errorf("held: %w", err)
		}
	}
	return n
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
