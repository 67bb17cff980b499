package extract

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// objectOrNull is object for a member that may be null, which counts as absent. Anything else is
// skipped, and told in problem under the member's name.
func (d *decoder) objectOrNull(problem *string, name string, member func(name []byte) error) error {
	if d.contains('{', problem, name) {
		return d.object(member)
	}
	return d.skip()
}

// arrayOrNull is array for a member that may be null, which counts as absent.
func (d *decoder) arrayOrNull(problem *string, name string, element func() error) error {
	if d.contains('[', problem, name) {
		return d.array(element)
	}
	return d.skip()
}

func (d *decoder) contains(want byte, problem *string, name string) bool {
	*problem = "" // of equal names the last counts
	kind := d.kind()
	if kind != want && kind != 'n' && kind != 0 {
		*problem = name + ": " + kindName(kind) + " where " + kindName(want) + " belongs"
	}
	return kind == want
}

// rowsUnder reads an answer that is an object whose rows stand in an array under name. Absent is not
// empty: an answer without that array is no answer. Of other members member gets the value.
func (a *answer) rowsUnder(name string, rows func() error, member func(d *decoder, name string) error) error {
	seen := false
	err := a.members("the answer", func(n string) error {
		if n != name {
			d, err := a.held()
			if err != nil {
				return err
			}
			return member(d, n)
		}
		if seen {
			return fmt.Errorf("%q stands twice in the answer", name)
		}
		seen = true
		return rows()
	})
	if err == nil && !seen {
		return fmt.Errorf("the answer has no %q", name)
	}
	return err
}

// passOver is for members that nobody needs.
func passOver(*decoder, string) error { return nil }

// Record is one row of an answer: its place, its text as sent and its value. Raw is valid only until
// the sink returns, and so are the value's slices; its strings, times and numbers stay good.
type Record[T any] struct {
	Array string // the path of the array it stands in, such as $.sessions
	Index int    // its place in there, from 0
	Raw   jsontext.Value
	Value T
}

// Path is the record's JSON path in its answer, such as $.sessions[3].
func (r Record[T]) Path() string { return fmt.Sprintf("%s[%d]", r.Array, r.Index) }

// records reads an array of records and hands each on.
func records[T any](a *answer, array string, decode func(*decoder, *T) error, row func(Record[T]) error) error {
	rec := Record[T]{Array: array, Index: -1}
	next := func() error { // from its beginning, whenever the text broke off in it
		empty(&rec.Value)
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
		if err := a.atOnce(next); err != nil {
			return err
		}
		rec.Index++
		return handOn(row, rec)
	})
}

// empty makes a value as good as new. One that holds slices worth keeping says how.
func empty[T any](v *T) {
	if e, ok := any(v).(interface{ empty() }); ok {
		e.empty()
		return
	}
	var zero T
	*v = zero
}

// Answers is told how the rows of one window's answers hang together as they stream in.
type Answers interface {
	// Begin starts an answer, or another attempt at one: rows since the last Commit are void.
	Begin()
	// Commit makes the rows since Begin part of the window: their answer was complete.
	Commit()
}

// rowError marks an error of whoever takes the rows, which asking again cannot mend.
type rowError struct{ err error }

func (e rowError) Error() string { return e.err.Error() }
func (e rowError) Unwrap() error { return e.err }

// handOn calls row and marks its error.
func handOn[T any](row func(Record[T]) error, rec Record[T]) error {
	if err := row(rec); err != nil {
		return rowError{err}
	}
	return nil
}
