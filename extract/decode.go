package extract

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// objectOrNull reads an object like object. null counts as absent. A value of another kind is skipped, and
// *problem says so under the member's name.
func (d *decoder) objectOrNull(problem *string, name string, member func(name []byte) error) error {
	if d.contains('{', problem, name) {
		return d.object(member)
	}
	return d.skip()
}

// arrayOrNull reads an array like array. null and other kinds are treated as in objectOrNull.
func (d *decoder) arrayOrNull(problem *string, name string, element func() error) error {
	if d.contains('[', problem, name) {
		return d.array(element)
	}
	return d.skip()
}

func (d *decoder) contains(want byte, problem *string, name string) bool {
	*problem = "" // of members with equal names the last one counts
	kind := d.kind()
	if kind != want && kind != 'n' && kind != 0 {
		*problem = name + ": " + kindName(kind) + " where " + kindName(want) + " belongs"
	}
	return kind == want
}

// rowsUnder reads an object that has its rows under name: rows reads that member's value. member gets the value of
// every other member, and tells whether the stream knows it; a.beside keeps what the other members say. A missing array is an
// error, because missing rows are not the same as no rows.
func (a *answer) rowsUnder(name string, rows func() error, member func(d *decoder, name string) (known bool, err error)) error {
	seen := false
	err := a.members("the answer", func(n string) error {
		if n != name {
			d, err := a.wholeValue()
			if err != nil {
				return err
			}
			if known, err := member(d, n); known || err != nil {
				return err
			}
			return a.beside.notice(decoderOf(d.src), n)
		}
		if seen {
			return fmt.Errorf("the answer has %q twice", name)
		}
		seen = true
		return rows()
	})
	if err == nil && !seen {
		return fmt.Errorf("the answer has no %q", name)
	}
	return err
}

// ignored returns a func for rowsUnder that reads no other members. names are the other members that the stream knows.
func ignored(names ...string) func(*decoder, string) (bool, error) {
	return func(_ *decoder, name string) (bool, error) { return slices.Contains(names, name), nil }
}

// list reads an answer that is an array of rows. Instead of an array, a server that fails may send an object that states an error.
func (a *answer) list(rows func() error) error {
	if c, err := a.next(); err != nil || c != '{' {
		if err != nil {
			return err
		}
		return rows()
	}
	err := a.members("the answer", func(n string) error {
		d, err := a.wholeValue()
		if err != nil {
			return err
		}
		return a.beside.notice(d, n)
	})
	return cmp.Or(err, errors.New("the answer is an object where an array belongs"))
}

// Record is one row of an answer. Raw and the slices in Value are valid only until the row callback returns. Strings,
// times and numbers in Value stay valid.
type Record[T any] struct {
	Array string         // JSON path of the array that holds the record, such as $.sessions
	Index int            // position in that array, from 0
	Raw   jsontext.Value // the record as sent
	Value T              // the zero value where the record is not an object
}

// Path returns the record's JSON path in its answer, such as $.sessions[3].
func (r Record[T]) Path() string { return fmt.Sprintf("%s[%d]", r.Array, r.Index) }

// records reads an array of records and calls row for each.
func records[T any](a *answer, array string, decode func(*decoder, *T) error, row func(Record[T]) error) error {
	rec := Record[T]{Array: array, Index: -1}
	next := func() error { // runs again from the record's first byte when the buffer ended inside the record
		reset(&rec.Value)
		isObject := a.peek() == '{'
		from := a.pos
		var err error
		if isObject {
			err = decode(&a.decoder, &rec.Value)
		} else {
			err = a.skip()
		}
		rec.Raw = a.src[from:a.pos:a.pos]
		return err
	}
	return a.elements(array, func() error {
		if err := a.buffered(next); err != nil {
			return err
		}
		rec.Index++
		a.rows++
		return deliver(row, rec)
	})
}

// resetter is a wire type that keeps the memory of its slices from one record to the next.
type resetter interface{ reset() }

// reset makes *v the zero value, but for the memory that a resetter keeps.
func reset[T any](v *T) {
	if r, ok := any(v).(resetter); ok {
		r.reset()
		return
	}
	var zero T
	*v = zero
}

// Answers learns which rows of a window count. Invariant 2: only rows of complete answers do. A client calls the methods and
// the row callback from one goroutine.
type Answers interface {
	// Begin starts an answer, or another attempt at one. Rows since the last Commit are void.
	Begin()
	// Commit follows a complete answer. The rows since Begin belong to the window.
	Commit()
}

// rowError is an error of the row callback. A retry cannot help.
type rowError struct{ err error }

func (e rowError) Error() string { return e.err.Error() }
func (e rowError) Unwrap() error { return e.err }

// deliver calls row and wraps its error in a rowError.
func deliver[T any](row func(Record[T]) error, rec Record[T]) error {
	if err := row(rec); err != nil {
		return rowError{err}
	}
	return nil
}
