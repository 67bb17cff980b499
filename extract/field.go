package extract

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Field is one value of a record as the API sent it.
//
// Valid: Value holds it. Not valid and Odd empty: there was none (absent, null, or a word the API
// uses for "none", such as "never" or "n/a"). Odd not empty: something came that cannot be a T, and
// Odd says why in words that hold no data.
type Field[T any] struct {
	Value T
	Valid bool
	Odd   string
}

// The API's own ways of writing a value, each read into a Field.
type (
	Text = Field[string] // a string; a number or boolean is taken as its text

	// SecondsOrNever is a whole number of seconds, or "never".
	SecondsOrNever = Field[int64]
	// Integer is a whole number; 53.0 and "53" are taken as 53.
	Integer = Field[int64]
	// Number is any JSON number, or one in a string.
	Number = Field[float64]
	// BoolOrNA is true or false (also in a string), or "n/a".
	BoolOrNA = Field[bool]
	// Instant is a time with a zone, or without one and then UTC, to the microsecond.
	Instant = Field[time.Time]
)

func value[T any](v T) Field[T]      { return Field[T]{Value: v, Valid: true} }
func odd[T any](why string) Field[T] { return Field[T]{Odd: why} }
func oddKind[T any](kind byte, want string) Field[T] {
	return odd[T](kindName(kind) + " where " + want + " belongs")
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

// isNone tells the words the API writes where there is no value.
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

// scalar reads the next value; text is valid until the one after it is read. For a container it reads past
// it and returns its kind alone.
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
		*f = oddKind[string](kind, "a text")
	case kind == 'n':
		*f = Text{}
	default:
		if bytes.IndexByte(s, 0) >= 0 { // Postgres cannot hold U+0000
			s = bytes.ReplaceAll(s, []byte{0}, nil)
		}
		*f = value(d.texts.add(s))
	}
	return nil
}

func (d *decoder) integer(f *Integer) error {
	if n, ok := d.plainInteger(); ok {
		*f = value(n)
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
		*f = oddKind[int64](kind, "a number")
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
		return value(n)
	}
	f := parseNumber(s)
	switch {
	case !f.Valid:
		return odd[int64](f.Odd)
	case f.Value != math.Trunc(f.Value):
		return odd[int64]("a fraction where a whole number belongs")
	// From 2^53 on a float no longer names one whole number.
	case math.Abs(f.Value) >= 1<<53:
		return odd[int64]("a number too large")
	}
	return value(int64(f.Value))
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
		*f = oddKind[float64](kind, "a number")
	}
	return nil
}

// parseNumber takes what JSON takes for a number. Go's own syntax is wider (0x1p3, 1_000, Inf, NaN).
func parseNumber(s string) Number {
	if !jsontext.Value(s).IsValid() || (s[0] != '-' && (s[0] < '0' || s[0] > '9')) {
		return odd[float64]("text where a number belongs")
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return odd[float64]("a number too large")
	}
	return value(n)
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
		*f = value(kind == 't')
	case '"':
		switch s := strings.ToLower(strings.TrimSpace(string(s))); {
		case isNone(s):
			*f = BoolOrNA{}
		case s == "true" || s == "false":
			*f = value(s == "true")
		default:
			*f = odd[bool]("text where true or false belongs")
		}
	default:
		*f = oddKind[bool](kind, "true or false")
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
		if t, ok := recordedInstant(s); ok {
			*f = value(t)
		} else {
			*f = anyInstant(string(s))
		}
	default:
		*f = oddKind[time.Time](kind, "a time")
	}
	return nil
}
