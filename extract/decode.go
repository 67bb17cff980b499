package extract

import (
	"bytes"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// maxRecord bounds the text of one record (a session with all its logs): what the API sends is a
// few kilobytes; 16 MiB holds any honest text and is no trouble to hold.
const maxRecord = 16 << 20

var errRecordTooLarge = fmt.Errorf("a record is larger than %d bytes", maxRecord)

// decoder reads JSON of the API's answers.
type decoder struct {
	*jsontext.Decoder
	src []byte // a record's decoder: the record's text
}

func newDecoder(r io.Reader) *decoder {
	return &decoder{Decoder: jsontext.NewDecoder(r, lenient...)}
}

// since returns the text of the value that began after offset from, in a record's decoder.
func (d *decoder) since(from int64) jsontext.Value {
	return bytes.TrimLeft(d.src[from:d.InputOffset()], " \t\r\n,:")
}

// object reads an object and calls member once a name; member must read the value. The name is
// valid until then.
func (d *decoder) object(member func(name []byte) error) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadValue()
		if err != nil {
			return err
		}
		if name, err = unquote(name); err != nil {
			return err
		}
		if err := member(name); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// unquote returns a JSON string's text, without a copy where nothing in it is escaped.
func unquote(v jsontext.Value) ([]byte, error) {
	if len(v) < 2 || v[0] != '"' {
		return nil, fmt.Errorf("json: %s where a name belongs", kindName(v.Kind()))
	}
	if inner := v[1 : len(v)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return inner, nil
	}
	// With invalid UTF-8 the text is repaired and returned beside the error.
	text, err := jsontext.AppendUnquote(nil, []byte(v))
	if err != nil && text == nil {
		return nil, err
	}
	return text, nil
}

// objectOrNull is object for a member that may be null, which counts as absent. Anything else is
// skipped, and told in odd under the member's name.
func (d *decoder) objectOrNull(odd *string, name string, member func(name []byte) error) error {
	return d.container('{', odd, name, func() error { return d.object(member) })
}

// array reads an array and calls element once for each; element must read the value.
func (d *decoder) array(element func() error) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		if err := element(); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// arrayOrNull is array for a member that may be null, which counts as absent.
func (d *decoder) arrayOrNull(odd *string, name string, element func() error) error {
	return d.container('[', odd, name, func() error { return d.array(element) })
}

func (d *decoder) container(want jsontext.Kind, odd *string, name string, read func() error) error {
	*odd = "" // of equal names the last counts
	switch kind := d.PeekKind(); kind {
	case want:
		return read()
	case 'n':
		return d.SkipValue()
	case 0:
		_, err := d.ReadToken()
		return err
	default:
		*odd = name + ": " + kindName(kind) + " where " + kindName(want) + " belongs"
		return d.SkipValue()
	}
}

// rowsUnder reads an answer that is an object whose rows stand in an array under name. Absent is not
// empty: an answer without that array is no answer. Other members go to member.
func (a *answer) rowsUnder(name string, rows func() error, member func(name []byte) error) error {
	if kind := a.PeekKind(); kind != '{' && kind != 0 {
		return fmt.Errorf("the answer is %s where an object belongs", kindName(kind))
	}
	seen := false
	err := a.object(func(n []byte) error {
		if string(n) != name {
			return member(n)
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

// Record is one row of an answer: its place, its text as sent and its value. Raw is valid only
// until the sink returns.
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
	if kind := a.PeekKind(); kind != '[' && kind != 0 {
		return fmt.Errorf("%s is %s where an array belongs", array, kindName(kind))
	}
	var src bytes.Buffer
	inner := newDecoder(&src)
	index := 0
	return a.array(func() error {
		a.startRecord()
		raw, err := a.ReadValue()
		if err != nil {
			return err
		}
		rec := Record[T]{Array: array, Index: index, Raw: raw}
		index++
		if raw.Kind() == '{' {
			src.Reset()
			src.Write(raw)
			inner.Reset(&src, lenient...)
			inner.src = raw
			if err := decode(inner, &rec.Value); err != nil {
				return err
			}
		}
		return handOn(row, rec)
	})
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
