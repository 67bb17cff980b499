package extract

import (
	"bytes"
	"database/sql"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Field is one value of a record as the API sent it: the value, none, or a problem.
//
//   - Valid: V holds the value.
//   - Not valid and Problem empty: the API sent no value. The member was absent, null, or a word that the
//     API uses for "none", such as "never" or "n/a".
//   - Problem not empty: the API sent something that cannot be a T. Problem says why, and quotes no data.
type Field[T any] struct {
	sql.Null[T]
	Problem string
}

// The types of members. Each accepts the ways in which the API writes, or might write, such a value.
type (
	// Text is a string. A number or a boolean becomes its JSON text. U+0000 is removed, invalid UTF-8 becomes U+FFFD.
	Text = Field[string]
	// SecondsOrNever is a whole number of seconds, or "never".
	SecondsOrNever = Field[int64]
	// Integer is a whole number. 53.0 and "53" are read as 53.
	Integer = Field[int64]
	// Number is a JSON number, or a string that holds one.
	Number = Field[float64]
	// BoolOrNA is true or false, a string that holds one of them, or "n/a".
	BoolOrNA = Field[bool]
	// Instant is a time in UTC, cut to the microsecond. A time sent without a zone is in UTC.
	Instant = Field[time.Time]
)

func fieldOf[T any](v T) Field[T]        { return Field[T]{Null: sql.Null[T]{V: v, Valid: true}} }
func problem[T any](why string) Field[T] { return Field[T]{Problem: why} }
func wrongKind[T any](kind byte, want string) Field[T] {
	return problem[T](kindName(kind) + " where " + want + " belongs")
}

func kindName(kind byte) string {
	switch kind {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		return "no JSON"
	}
}

// isNone tells whether s is one of the words that the API writes where there is no value.
func isNone(s string) bool {
	if len(s) > len("never") {
		return false
	}
	switch strings.ToLower(s) {
	case "", "never", "n/a", "none", "null":
		return true
	}
	return false
}

// scalar reads the next value and returns its text, unquoted, and its kind. text is valid until the next value is read. The
// text of an object or an array is nil.
func (d *decoder) scalar() (text []byte, kind byte, err error) {
	kind = d.kind()
	from := d.pos
	if kind != '"' {
		if err = d.skip(); kind != '{' && kind != '[' {
			text = d.src[from:d.pos]
		}
		return text, kind, err
	}
	verbatim, err := d.quoted()
	if err != nil {
		return nil, kind, err
	}
	if text = d.src[from+1 : d.pos-1]; !verbatim {
		text = d.unquote(d.src[from:d.pos])
	}
	return text, kind, nil
}

func (d *decoder) text(f *Text) error {
	s, kind, err := d.scalar()
	switch {
	case err != nil:
		return err
	case kind == '{' || kind == '[':
		*f = wrongKind[string](kind, "a text")
	case kind == 'n':
		*f = Text{}
	default:
		if bytes.IndexByte(s, 0) >= 0 { // Postgres cannot hold U+0000
			s = bytes.ReplaceAll(s, []byte{0}, nil)
		}
		*f = fieldOf(d.texts.add(s))
	}
	return nil
}

func (d *decoder) integer(f *Integer) error {
	if n, ok := d.plainInteger(); ok {
		*f = fieldOf(n)
		return nil
	}
	s, kind, err := d.scalar()
	if err != nil {
		return err
	}
	switch kind {
	case 'n':
		*f = Integer{}
	case '0':
		*f = parseInteger(string(s))
	case '"':
		if s := strings.TrimSpace(string(s)); isNone(s) {
			*f = Integer{}
		} else {
			*f = parseInteger(s)
		}
	default:
		*f = wrongKind[int64](kind, "a number")
	}
	return nil
}

// plainInteger reads what nearly every number is: a few digits. Anything else it leaves where it stands.
func (d *decoder) plainInteger() (n int64, ok bool) {
	d.peek()
	digits := d.src[d.pos:min(d.pos+18, len(d.src))] // as many as fit
	for i, c := range digits {
		if c-'0' <= 9 {
			n = 10*n + int64(c-'0')
			continue
		}
		ok = i == 1 || i > 1 && digits[0] != '0'
		if ok = ok && c != '.' && c != 'e' && c != 'E'; ok {
			d.pos += i
		}
		return n, ok
	}
	return 0, false // perhaps there are more
}

func parseInteger(s string) Integer {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return fieldOf(n)
	}
	f := parseNumber(s)
	switch {
	case !f.Valid:
		return problem[int64](f.Problem)
	case f.V != math.Trunc(f.V):
		return problem[int64]("a fraction where a whole number belongs")
	// From 2^53 on, a float no longer stands for a single whole number.
	case math.Abs(f.V) >= 1<<53:
		return problem[int64]("a number too large")
	}
	return fieldOf(int64(f.V))
}

func (d *decoder) number(f *Number) error {
	s, kind, err := d.scalar()
	if err != nil {
		return err
	}
	switch kind {
	case 'n':
		*f = Number{}
	case '0':
		*f = parseNumber(string(s))
	case '"':
		if s := strings.TrimSpace(string(s)); isNone(s) {
			*f = Number{}
		} else {
			*f = parseNumber(s)
		}
	default:
		*f = wrongKind[float64](kind, "a number")
	}
	return nil
}

// parseNumber reads a number in JSON's syntax. strconv alone would accept more: 0x1p3, 1_000, Inf, NaN.
func parseNumber(s string) Number {
	if !jsontext.Value(s).IsValid() || (s[0] != '-' && (s[0] < '0' || s[0] > '9')) {
		return problem[float64]("text where a number belongs")
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return problem[float64]("a number too large")
	}
	return fieldOf(n)
}

func (d *decoder) boolean(f *BoolOrNA) error {
	s, kind, err := d.scalar()
	if err != nil {
		return err
	}
	switch kind {
	case 'n':
		*f = BoolOrNA{}
	case 't', 'f':
		*f = fieldOf(kind == 't')
	case '"':
		switch s := strings.ToLower(strings.TrimSpace(string(s))); {
		case isNone(s):
			*f = BoolOrNA{}
		case s == "true" || s == "false":
			*f = fieldOf(s == "true")
		default:
			*f = problem[bool]("text where true or false belongs")
		}
	default:
		*f = wrongKind[bool](kind, "true or false")
	}
	return nil
}

func (d *decoder) instant(f *Instant) error {
	s, kind, err := d.scalar()
	if err != nil {
		return err
	}
	switch kind {
	case 'n':
		*f = Instant{}
	case '"':
		*f = parseInstant(s)
	default:
		*f = wrongKind[time.Time](kind, "a time")
	}
	return nil
}
