package load

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"wheelhouse/internal/ledger"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// applier carries the changes of one table out: new rows are copied straight into the table, changed ones into a staging
// table and from there into the table, and what is lacking is removed by its key. Children are replaced with their
// parent. It writes in the order of keys, so that two loads that write the same rows do not wait for each other in a
// circle.
type applier struct {
	tx     pgx.Tx
	table  *Table
	window ledger.Window
	load   int64
	now    time.Time
	staged map[string]bool // staging tables that have rows of this transaction
	dirty  *dirtyDays

	rows, children, updates bytes.Buffer
}

// apply carries changes out. It fails where Postgres wrote another number of rows than there were changes.
func (a *applier) apply(ctx context.Context, changes []change) error {
	a.rows.Reset()
	a.children.Reset()
	a.updates.Reset()
	var inserted, updated, children int64
	var removed, stale []record // keys
	for i := range changes {
		c := &changes[i]
		switch c.action {
		case insert:
			a.addRow(c.incoming)
			inserted++
		case update:
			a.addUpdate(c.incoming)
			updated++
		case remove:
			removed = append(removed, c.existing.record)
		}
		replaced := c.action == update && !bytes.Equal(c.incoming.children, c.existing.children)
		if c.staleChildren || replaced && len(c.existing.children) > 0 {
			stale = append(stale, record{key: c.key()})
		}
		if c.action == insert || replaced {
			children += a.addChildren(c.incoming)
		}
		a.dirty.add(a.table, c)
	}
	if err := a.remove(ctx, "children", a.table.statements().removeChildren, a.table.Key[:a.table.sharedKey], stale, nil); err != nil {
		return err
	}
	if err := a.copy(ctx, "crankwheel."+a.table.Name, a.columns(), &a.rows, inserted); err != nil {
		return err
	}
	if err := a.update(ctx, updated); err != nil {
		return err
	}
	if c := a.table.children; c != nil {
		if err := a.copy(ctx, "crankwheel."+c.Name, a.childColumns(), &a.children, children); err != nil {
			return err
		}
	}
	n := int64(len(removed))
	return a.remove(ctx, "rows", a.table.statements().remove, a.table.Key[:a.table.sharedKey], removed, &n)
}

// columns lists the columns of a row in the order in which addRow writes them.
func (a *applier) columns() []string {
	all := append([]string{"account_id", a.table.LoadID, "loaded_at"}, names(a.table.Key)...)
	return append(all, names(a.table.Columns)...)
}

func (a *applier) addRow(r *record) {
	var head encoder
	head.b = binary.BigEndian.AppendUint16(a.rows.AvailableBuffer(), uint16(3+len(a.table.Key)+len(a.table.Columns)))
	head.text(a.window.Account)
	head.int8(a.load)
	head.timestamptz(a.now)
	a.rows.Write(head.b)
	a.rows.Write(r.key)
	a.rows.Write(r.row)
}

func (a *applier) addUpdate(r *record) {
	a.updates.Write(binary.BigEndian.AppendUint16(a.updates.AvailableBuffer(), uint16(len(a.table.Key)+len(a.table.Columns))))
	a.updates.Write(r.key)
	a.updates.Write(r.row)
}

func (a *applier) childColumns() []string {
	all := append([]string{"account_id"}, names(a.table.Key[:a.table.sharedKey])...)
	return append(append(all, names(a.table.children.Key)...), names(a.table.children.Columns)...)
}

func (a *applier) addChildren(r *record) (n int64) {
	if len(r.children) == 0 {
		return 0
	}
	c := a.table.children
	key := r.key
	for range a.table.sharedKey {
		_, key = cut(key)
	}
	shared := r.key[:len(r.key)-len(key)]
	var head encoder
	head.b = binary.BigEndian.AppendUint16(nil, uint16(1+a.table.sharedKey+len(c.Key)+len(c.Columns)))
	head.text(a.window.Account)
	for rest := r.children; len(rest) > 0; n++ {
		var child []byte
		child, rest = cutChild(rest)
		a.children.Write(head.b)
		a.children.Write(shared)
		a.children.Write(child)
	}
	return n
}

// copy copies encoded rows into a table.
func (a *applier) copy(ctx context.Context, table string, columns []string, rows *bytes.Buffer, want int64) error {
	if want == 0 {
		return nil
	}
	copied, err := copyRows(ctx, a.tx.Conn().PgConn(), table, columns, rows)
	if err == nil && copied != want {
		err = fmt.Errorf("conservation: %d rows were to be copied into %s, and %d were", want, table, copied)
	}
	return err
}

// update brings changed rows into the table.
func (a *applier) update(ctx context.Context, want int64) error {
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
	if err := a.copy(ctx, "pg_temp."+s.staging, append(names(a.table.Key), names(a.table.Columns)...), &a.updates, want); err != nil {
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

// remove removes what has the keys of some records. want, if not nil, is how many rows that must be.
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
		return fmt.Errorf("conservation: %d rows of %s are lacking, but %d were removed", *want, a.table.Name, tag.RowsAffected())
	}
	return nil
}

// copyRows copies encoded rows into a table and returns how many it took. When it returns nobody reads the rows any more.
func copyRows(ctx context.Context, conn *pgconn.PgConn, table string, columns []string, rows io.Reader) (int64, error) {
	all := &reading{rows: io.MultiReader(bytes.NewReader(copyHeader), rows, bytes.NewReader(copyTrailer))}
	defer all.end()
	tag, err := conn.CopyFrom(ctx, all, fmt.Sprintf("COPY %s (%s) FROM STDIN BINARY", table, strings.Join(columns, ", ")))
	if err != nil {
		return 0, fmt.Errorf("copy into %s: %w", table, err)
	}
	return tag.RowsAffected(), nil
}

// reading is rows that pgx reads. Where a connection fails, or is given up, CopyFrom returns while a goroutine of its
// own still reads: memory that belongs to the next rows by then.
type reading struct {
	mu   sync.Mutex
	rows io.Reader // nil: nobody is to read any more
}

func (r *reading) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rows == nil {
		return 0, io.ErrClosedPipe
	}
	return r.rows.Read(p)
}

// end waits for a read that is going on, and lets none begin.
func (r *reading) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows = nil
}
