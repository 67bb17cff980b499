package load

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"wheelhouse/internal/ledger"

	"github.com/jackc/pgx/v5"
)

// applier carries out the changes of one table. It copies new rows straight into the table. It copies changed rows into a
// staging table and updates the table from there. It removes rows by their keys. Children are replaced with their parent.
// The applier writes in the order of keys, so that two loads that write the same rows do not deadlock.
type applier struct {
	tx     pgx.Tx
	table  *Table
	window ledger.Window
	load   int64
	now    time.Time
	staged map[string]bool // staging tables that this transaction has written to
	dirty  *dirtyDays

	inserted, updated, parents []*record // of the current call of apply
}

// apply carries out changes. It fails if Postgres wrote another number of rows than there are changes.
func (a *applier) apply(ctx context.Context, changes []change) error {
	a.inserted, a.updated, a.parents = a.inserted[:0], a.updated[:0], a.parents[:0]
	var removed, stale []record // keys of rows to remove, and of parents whose children to remove
	for i := range changes {
		c := &changes[i]
		switch c.action {
		case insert:
			a.inserted = append(a.inserted, c.incoming)
		case update:
			a.updated = append(a.updated, c.incoming)
		case remove:
			removed = append(removed, c.existing.record)
		}
		replaced := c.action == update && !bytes.Equal(c.incoming.children, c.existing.children)
		if c.staleChildren || replaced && len(c.existing.children) > 0 {
			stale = append(stale, record{key: c.key()})
		}
		if (c.action == insert || replaced) && len(c.incoming.children) > 0 {
			a.parents = append(a.parents, c.incoming)
		}
		a.dirty.add(a.table, c)
	}
	if err := a.remove(ctx, "children", a.table.statements().removeChildren, a.table.Key[:a.table.sharedKey], stale, nil); err != nil {
		return err
	}
	if err := a.copy(ctx, "crankwheel."+a.table.Name, a.columns(), a.inserted, a.rows()); err != nil {
		return err
	}
	if err := a.update(ctx); err != nil {
		return err
	}
	if c := a.table.children; c != nil {
		if err := a.copy(ctx, "crankwheel."+c.Name, a.childColumns(), a.parents, a.children()); err != nil {
			return err
		}
	}
	n := int64(len(removed))
	return a.remove(ctx, "rows", a.table.statements().remove, a.table.Key[:a.table.sharedKey], removed, &n)
}

// asRows appends the rows of a record in the binary format of COPY, and returns their number.
type asRows func(e *encoder, r *record) int64

// columns lists the columns of a row in the order of rows.
func (a *applier) columns() []string {
	all := append([]string{"account_id", a.table.LoadID, "loaded_at"}, names(a.table.Key)...)
	return append(all, names(a.table.Columns)...)
}

func (a *applier) rows() asRows {
	var head encoder
	head.uint16(3 + len(a.table.Key) + len(a.table.Columns))
	head.text(a.window.Account)
	head.int8(a.load)
	head.timestamptz(a.now)
	return func(e *encoder, r *record) int64 {
		e.b = append(append(append(e.b, head.b...), r.key...), r.row...)
		return 1
	}
}

// stagedRows makes rows of the staging table.
func (a *applier) stagedRows(e *encoder, r *record) int64 {
	e.uint16(len(a.table.Key) + len(a.table.Columns))
	e.b = append(append(e.b, r.key...), r.row...)
	return 1
}

func (a *applier) childColumns() []string {
	all := append([]string{"account_id"}, names(a.table.Key[:a.table.sharedKey])...)
	return append(append(all, names(a.table.children.Key)...), names(a.table.children.Columns)...)
}

func (a *applier) children() asRows {
	c := a.table.children
	var head encoder
	head.uint16(1 + a.table.sharedKey + len(c.Key) + len(c.Columns))
	head.text(a.window.Account)
	return func(e *encoder, r *record) (n int64) {
		key := r.key
		for range a.table.sharedKey {
			_, key = cut(key)
		}
		shared := r.key[:len(r.key)-len(key)]
		for rest := r.children; len(rest) > 0; n++ {
			var child []byte
			child, rest = cutChild(rest)
			e.b = append(append(append(e.b, head.b...), shared...), child...)
		}
		return n
	}
}

// copy copies records into a table.
func (a *applier) copy(ctx context.Context, table string, columns []string, records []*record, add asRows) error {
	if len(records) == 0 {
		return nil
	}
	rows := newCopying(records, add)
	copied, err := copyRows(ctx, a.tx.Conn().PgConn(), table, columns, rows)
	want := rows.made
	if err == nil && copied != want {
		err = fmt.Errorf("conservation: %d rows were sent to %s, but %d were copied", want, table, copied)
	}
	return err
}

// update writes changed rows to the table.
func (a *applier) update(ctx context.Context) error {
	want := int64(len(a.updated))
	if want == 0 {
		return nil
	}
	s := a.table.statements()
	prepare := s.stage
	if a.staged[s.staging] {
		prepare = "DELETE FROM pg_temp." + s.staging
	}
	if _, err := a.tx.Conn().PgConn().Exec(ctx, prepare).ReadAll(); err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	a.staged[s.staging] = true
	if err := a.copy(ctx, "pg_temp."+s.staging, append(names(a.table.Key), names(a.table.Columns)...), a.updated, a.stagedRows); err != nil {
		return err
	}
	tag, err := a.tx.Exec(ctx, s.update, pgx.NamedArgs{"account": a.window.Account, "load": a.load})
	if err != nil {
		return fmt.Errorf("update %s: %w", a.table.Name, err)
	}
	if tag.RowsAffected() != want {
		return fmt.Errorf("conservation: %d rows of %s differ, but %d were updated", want, a.table.Name, tag.RowsAffected())
	}
	return nil
}

// remove removes the rows, or the children of the rows, that have the keys of records. want, if not nil, is the number of rows
// that must be removed.
func (a *applier) remove(ctx context.Context, what, sql string, key []Column, records []record, want *int64) error {
	if len(records) == 0 {
		return nil
	}
	args := pgx.NamedArgs{"account": a.window.Account, "load": a.load}
	for i, c := range key {
		args[param("keys", i)] = keyValues(c, i, records)
	}
	tag, err := a.tx.Exec(ctx, sql, args)
	if err != nil {
		return fmt.Errorf("remove %s of %s: %w", what, a.table.Name, err)
	}
	if want != nil && tag.RowsAffected() != *want {
		return fmt.Errorf("conservation: %d rows of %s are to be removed, but %d were", *want, a.table.Name, tag.RowsAffected())
	}
	return nil
}
