package load

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// Table describes a table of schema crankwheel as one stream writes it. The binary rows, the staging table, the statements and
// the comparison are derived from it.
type Table struct {
	Name    string
	Key     []Column // the primary key without account_id, in the order in which rows are sorted
	Columns []Column // every other column that the stream writes

	Scope    Scope    // which rows a window speaks for
	Deletion Deletion // what happens to a row in the scope that an answer no longer has
	LoadID   string   // the column with the load that last changed this stream's columns of the row

	children *Table // nil: none

	compare     func(a, b []byte) int // orders encoded keys
	match       matcher
	begin, end  int                              // columns of Scope.Begin and Scope.End in Columns; -1: none
	sharedKey   int                              // the number of columns of the key that identify a row, and that children repeat
	rejectKey   func(t *Table, r *record) string // the key that a reject of this record has
	localDay    int                              // the column local_day in Columns; -1: none, so no column depends on the account's zone
	rolledUp    bool                             // the day of a changed row is marked dirty: see package rollup
	findByKey   bool                             // existing rows are also found by the batch's keys, not only in the scope
	sessionKeys bool                             // the key begins with a time: see screenSessions
}

// Deletion says what happens to a row in the scope of a window that an answer no longer has.
type Deletion int

const (
	SoftDelete  Deletion = iota // deleted_at is set, and cleared when the row comes back
	HardDelete                  // the row is removed
	NeverDelete                 // nothing
)

// Scope says which rows of a table a window speaks for. The zero value: none. If the API still had such a row, the window's
// answer would have it.
type Scope struct {
	All        bool   // every row of the account: a snapshot
	Day        bool   // the rows of the window's day
	Begin, End string // the rows that begin and end inside the window, by these columns; no End: they end when they begin
	OpenEnd    bool   // a row without an end goes on, and so is not inside; if false, such a row ends when it begins
}

// rows is a table together with the functions that encode values of type R as rows.
type rows[R any] struct {
	*Table
	key, columns []field[R]
	addChildren  func(*encoder, *R) // nil: there are none
}

// newRows completes a description. It panics if the description names a column that the table does not have, so that a misspelt
// name stops the program at its start.
func newRows[R any](t Table, key, columns []field[R]) *rows[R] {
	r := &rows[R]{Table: &t, key: key, columns: columns}
	for _, f := range key {
		t.Key = append(t.Key, f.Column)
	}
	for _, f := range columns {
		t.Columns = append(t.Columns, f.Column)
	}
	t.begin, t.end = t.column(t.Scope.Begin), t.column(t.Scope.End)
	t.sharedKey = len(t.Key)
	t.localDay = slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == "local_day" })
	if t.compare = t.compareKeys; t.sessionKeys { // the columns have a fixed length and no sign
		t.compare = bytes.Compare
	}
	if t.match == nil {
		t.match = matchByKey
	}
	if t.rejectKey == nil {
		t.rejectKey = keyText
	}
	return r
}

// column returns the index of a column in Columns, -1 for the empty name.
func (t *Table) column(name string) int {
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 && name != "" {
		panic(fmt.Sprintf("table %s has no column %s", t.Name, name))
	}
	return i
}

// withChildren adds a child table. get returns a row's child rows in the order of the child table's key. The child table repeats
// the first sharedKey columns of the parent's key.
func withChildren[R, C any](r *rows[R], child *rows[C], sharedKey int, get func(*R) []C) *rows[R] {
	r.children, r.sharedKey = child.Table, sharedKey
	r.addChildren = func(e *encoder, row *R) {
		all := get(row)
		for i := range all {
			at := len(e.b)
			e.uint32(0)
			child.encode(e, &all[i])
			binary.BigEndian.PutUint32(e.b[at:], uint32(len(e.b)-at-4))
		}
	}
	return r
}

// encode appends a row's key and columns. It returns where the key ends.
func (r *rows[R]) encode(e *encoder, row *R) (keyEnd int) {
	for i := range r.key {
		r.key[i].encode(e, row)
	}
	keyEnd = len(e.b)
	for i := range r.columns {
		r.columns[i].encode(e, row)
	}
	return keyEnd
}

// record is a row with its children: an incoming or an existing one.
type record struct {
	n      int64 // the number among the window's records, from 1
	answer int   // the number among the window's answers, from 0

	key      []byte // the encoded columns of Table.Key
	row      []byte // the encoded columns of Table.Columns; nil: there are children without their parent
	children []byte // the encoded rows of the child table, each after its length in four bytes
}

// stored is an existing row.
type stored struct {
	record
	load    int64 // the load that last changed the row
	deleted bool
}

// cut cuts the first field off encoded fields. value is nil for NULL.
func cut(fields []byte) (value, rest []byte) {
	n := int32(binary.BigEndian.Uint32(fields))
	if n < 0 {
		return nil, fields[4:]
	}
	return fields[4 : 4+n : 4+n], fields[4+n:]
}

// fieldAt returns the value of encoded field number i.
func fieldAt(fields []byte, i int) (value []byte) {
	for ; i >= 0; i-- {
		value, fields = cut(fields)
	}
	return value
}

// split cuts encoded fields into their values.
func split(fields []byte) (values [][]byte) {
	for len(fields) > 0 {
		var v []byte
		v, fields = cut(fields)
		values = append(values, v)
	}
	return values
}

// cutChild cuts the first child row off.
func cutChild(children []byte) (child, rest []byte) {
	n := binary.BigEndian.Uint32(children)
	return children[4 : 4+n : 4+n], children[4+n:]
}

// compareKeys orders encoded keys as SQL does with texts in COLLATE "C".
func (t *Table) compareKeys(a, b []byte) int {
	for _, c := range t.Key {
		var x, y []byte
		x, a = cut(a)
		y, b = cut(b)
		if order := c.kind.compare(x, y); order != 0 {
			return order
		}
	}
	return 0
}

// during returns when a row begins and ends. over is false if the row has not ended.
func (t *Table) during(row []byte) (begin, end time.Time, over bool) {
	begin, known := t.beginning(row)
	if !known {
		return time.Time{}, time.Time{}, false
	}
	if t.end < 0 {
		return begin, begin, true
	}
	if v := fieldAt(row, t.end); v != nil {
		return begin, timeOf(v), true
	}
	return begin, begin, !t.Scope.OpenEnd
}

// beginning returns when a row begins, if that is known.
func (t *Table) beginning(row []byte) (begin time.Time, known bool) {
	if t.begin < 0 || row == nil {
		return time.Time{}, false
	}
	v := fieldAt(row, t.begin)
	if v == nil {
		return time.Time{}, false
	}
	return timeOf(v), true
}

// within tells whether a row is entirely inside a window. The answer for the window must have such a row, whether the API
// selects by start, end or overlap. A session that ends at the window's first instant is not inside: the API may leave it out.
func (t *Table) within(row []byte, from, to time.Time) bool {
	begin, end, over := t.during(row)
	if t.Scope.OpenEnd && !end.After(from) {
		return false
	}
	return over && !begin.Before(from) && begin.Before(to) && !end.Before(from) && end.Before(to)
}

// keyText formats a key, without the day of a daily table. Package transform gives rejects the same text.
func keyText(t *Table, r *record) string {
	text := ""
	rest := r.key
	for _, c := range t.Key {
		var v []byte
		v, rest = cut(rest)
		if c.kind == typeDate && t.Scope.Day {
			continue
		}
		if text != "" {
			text += " "
		}
		text += c.kind.text(v)
	}
	return text
}
