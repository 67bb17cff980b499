package load

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/ledger"
)

// Difference is one difference between the warehouse and the API: in a column of a row, a row that only one of them has (Column is
// empty), or in a total of a window (Table is empty).
type Difference struct {
	Table     string `json:"table"`
	Key       string `json:"key"` // the primary key without the account
	Column    string `json:"column"`
	Warehouse string `json:"warehouse"` // "differs" for personal data
	API       string `json:"api"`
}

// ErrMovedOn: between the request and the comparison or the commit, another process loaded the window. Ask for the window again.
var ErrMovedOn = errors.New("the window was loaded by another process meanwhile")

// Compare compares a batch with the tables (invariant 3). It returns the changes that Commit would make, and changes nothing. since
// is a moment of the database's clock before the batch's first request. ErrMovedOn: the window was loaded after since.
func (w *Warehouse) Compare(ctx context.Context, win ledger.Window, b *Batch, asked ledger.Asked, since time.Time) ([]Difference, error) {
	if b.err != nil {
		return nil, b.err
	}
	return w.rolledBack(ctx, func(tx pgx.Tx) ([]Difference, error) { return w.compare(ctx, tx, win, b, asked, since) })
}

// rolledBack runs a comparison in a transaction that is rolled back.
func (w *Warehouse) rolledBack(ctx context.Context, f func(pgx.Tx) ([]Difference, error)) (found []Difference, err error) {
	err = w.db.Retry(ctx, func() error {
		tx, err := w.db.BeginTx(ctx, w.begin())
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(ctx) }()
		found, err = f(tx)
		return err
	})
	return found, err
}

func (w *Warehouse) compare(ctx context.Context, tx pgx.Tx, win ledger.Window, b *Batch, asked ledger.Asked, since time.Time) ([]Difference, error) {
	var now time.Time
	if err := tx.QueryRow(ctx, statement["now"]).Scan(&now); err != nil {
		return nil, err
	}
	var zone pgx.Batch
	queueZone(&zone, "zone", win)
	if err := tx.SendBatch(ctx, &zone).Close(); err != nil {
		return nil, err
	}
	if movedOn, err := ledger.LoadedSince(ctx, tx, win, since); err != nil {
		return nil, err
	} else if movedOn {
		return nil, ErrMovedOn
	}
	newer, err := ledger.NewerThan(ctx, tx, win, since)
	if err != nil {
		return nil, err
	}
	d, err := newDiffer(ctx, tx, win.Args(), b, now, newer)
	if err != nil {
		return nil, err
	}
	var found differences
	for i, t := range tablesOf(win.Stream) {
		c, err := newComparison(tx, win, b, i, d)
		if err != nil {
			return nil, err
		}
		if err := c.run(ctx, func(changes []change) error {
			for i := range changes {
				found.add(t, &changes[i])
			}
			return nil
		}); err != nil {
			return nil, fmt.Errorf("compare: %w", err)
		}
	}
	return compareTotals(ctx, tx, win, asked, found)
}

// differences collects the differences of changes.
type differences []Difference

const isThere, isNotThere = "is there", "is not there"

func (d *differences) add(t *Table, c *change) {
	switch {
	case c.action == insert, c.action == update && c.existing.deleted:
		*d = append(*d, Difference{Table: t.Name, Key: shownKey(t, c.key()), Warehouse: isNotThere, API: isThere})
	case c.action == remove:
		*d = append(*d, Difference{Table: t.Name, Key: shownKey(t, c.key()), Warehouse: isThere, API: isNotThere})
		return // the children need no lines of their own
	case c.action == update:
		d.addColumns(t, shownKey(t, c.key()), t.Key[t.sharedKey:], skip(c.existing.key, t.sharedKey), skip(c.incoming.key, t.sharedKey))
		d.addColumns(t, shownKey(t, c.key()), t.Columns, c.existing.row, c.incoming.row)
	}
	var have, want []byte
	if c.existing != nil {
		have = c.existing.children
	}
	if c.incoming != nil && c.action != merge {
		want = c.incoming.children
	}
	if t.children != nil && c.action != unchanged && (c.action != keep || c.staleChildren) {
		d.addChildren(t, shownKey(t, c.key()), have, want)
	}
}

// addColumns adds the columns in which two rows differ.
func (d *differences) addColumns(t *Table, key string, columns []Column, have, want []byte) {
	for _, c := range columns {
		var ours, theirs []byte
		ours, have = cut(have)
		theirs, want = cut(want)
		if (ours == nil) == (theirs == nil) && bytes.Equal(ours, theirs) {
			continue
		}
		*d = append(*d, Difference{Table: t.Name, Key: key, Column: c.Name, Warehouse: c.shown(ours), API: c.shown(theirs)})
	}
}

// shown formats a value, or hides it if it may be personal data.
func (c Column) shown(v []byte) string {
	switch {
	case c.Personal:
		return "differs"
	case v == nil:
		return "NULL"
	}
	return c.kind.text(v)
}

// addChildren adds the differences between the children of a row.
func (d *differences) addChildren(t *Table, parent string, have, want []byte) {
	c := t.children
	for len(have) > 0 || len(want) > 0 {
		var ours, theirs []byte
		order := 0
		switch {
		case len(have) == 0:
			order = 1
		case len(want) == 0:
			order = -1
		default:
			ours, _ = cutChild(have)
			theirs, _ = cutChild(want)
			order = c.compare(ours, theirs)
		}
		difference := Difference{Table: c.Name, Warehouse: isThere, API: isNotThere}
		if order <= 0 {
			ours, have = cutChild(have)
			difference.Key = parent + " " + shownKey(c, ours)
		}
		if order >= 0 {
			theirs, want = cutChild(want)
			difference.Key = parent + " " + shownKey(c, theirs)
		}
		switch {
		case order == 0:
			d.addColumns(c, difference.Key, c.Columns, skip(ours, len(c.Key)), skip(theirs, len(c.Key)))
			continue
		case order > 0:
			difference.Warehouse, difference.API = isNotThere, isThere
		}
		*d = append(*d, difference)
	}
}

// skip returns the fields after the first n.
func skip(fields []byte, n int) []byte {
	for range n {
		_, fields = cut(fields)
	}
	return fields
}

// shownKey formats a key, without the occurrence of a session, which the id includes.
func shownKey(t *Table, key []byte) string {
	var all []string
	for _, c := range t.Key[:max(1, t.sharedKey)] {
		var v []byte
		v, key = cut(key)
		all = append(all, c.kind.text(v))
	}
	return strings.Join(all, " ")
}

// CompareBorders compares the counts of the days from first to last, both included, with those of a batch of the same range asked
// for as one window. A difference shows that the API loses or doubles events at midnight. Only counts can differ so: rows with
// keys are the same in both windows.
func (w *Warehouse) CompareBorders(ctx context.Context, win ledger.Window, b *Batch, first, last time.Time) ([]Difference, error) {
	if b.err != nil {
		return nil, b.err
	}
	return w.rolledBack(ctx, func(tx pgx.Tx) (found []Difference, err error) {
		for i, t := range tablesOf(win.Stream) {
			if !t.counts() {
				continue
			}
			more, err := compareCounts(ctx, tx, win, b.sorters[i], first, last)
			if err != nil {
				return nil, fmt.Errorf("border: %w", err)
			}
			found = append(found, more...)
		}
		return found, nil
	})
}

// compareCounts compares the sums of the days' counts with the counts of the range.
func compareCounts(ctx context.Context, tx pgx.Tx, win ledger.Window, s *sorter, first, last time.Time) (found []Difference, err error) {
	t := s.table
	key, columns := dayless(t.Key), counted(t)
	total := func(key []byte) string {
		if len(key) == 0 {
			return "total"
		}
		return string(key) // texts alone
	}
	api := map[string][]int64{}
	all, err := s.read()
	if err != nil {
		return nil, err
	}
	defer all.stop()
	for {
		r, more, err := all.take()
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		var name []byte
		if len(key) > 0 {
			name = fieldAt(r.key, len(t.Key)-1)
		}
		counts := make([]int64, len(columns))
		for i, c := range columns {
			if v := fieldAt(r.row, t.column(c.Name)); v != nil {
				counts[i] = int64(int32(binary.BigEndian.Uint32(v)))
			}
		}
		api[total(name)] = counts
	}
	if len(key) == 0 && len(api) == 0 { // the API did not state the count
		return nil, nil
	}
	rows, err := tx.Query(ctx, t.statements().counts, pgx.NamedArgs{"account": win.Account, "first_day": first, "last_day": last})
	if err != nil {
		return nil, err
	}
	days := map[string][]int64{}
	counts, name := make([]int64, len(columns)), ""
	var targets []any
	if len(key) > 0 {
		targets = append(targets, &name)
	}
	for i := range counts {
		targets = append(targets, &counts[i])
	}
	if _, err := pgx.ForEachRow(rows, targets, func() error {
		days[total([]byte(name))] = slices.Clone(counts)
		return nil
	}); err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(days))
	for name := range api {
		if days[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	zeros := make([]int64, len(columns))
	for _, name := range names {
		ours, theirs := days[name], api[name]
		if ours == nil {
			ours = zeros
		}
		if theirs == nil {
			theirs = zeros
		}
		for i, c := range columns {
			if ours[i] != theirs[i] {
				found = append(found, Difference{Table: t.Name, Key: name, Column: c.Name, Warehouse: fmt.Sprint(ours[i]), API: fmt.Sprint(theirs[i])})
			}
		}
	}
	return found, nil
}

// compareTotals compares the API's totals of the window with those in the ledger and with the batch.
func compareTotals(ctx context.Context, tx pgx.Tx, win ledger.Window, asked ledger.Asked, found []Difference) ([]Difference, error) {
	count, seconds, err := ledger.Totals(ctx, tx, win)
	if errors.Is(err, pgx.ErrNoRows) { // the days were loaded in other windows
		count, seconds, err = asked.SourceCount, asked.SourceSeconds, nil
	}
	if err != nil {
		return nil, fmt.Errorf("totals: %w", err)
	}
	total := func(name string, ours, theirs *int64) {
		if shownCount(ours) != shownCount(theirs) {
			found = append(found, Difference{Key: "total", Column: name, Warehouse: shownCount(ours), API: shownCount(theirs)})
		}
	}
	total("source_count", count, asked.SourceCount)
	total("source_seconds", seconds, asked.SourceSeconds)
	if asked.Reconciled != nil && !*asked.Reconciled {
		found = append(found, Difference{Key: "total", Column: "reconciled", Warehouse: "true", API: "false: the answer is not reconciled with its own totals"})
	}
	return found, nil
}

func shownCount(n *int64) string {
	if n == nil {
		return "NULL"
	}
	return fmt.Sprint(*n)
}
