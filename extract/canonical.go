package extract

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth bounds how deep a value may nest: far above what the API sends, far below what would
// trouble a recursive reader here or in Postgres.
const maxDepth = 64

var errTooDeep = errors.New("json nests too deep")

// Canonical writes a JSON value so that equal values are equal bytes and jsonb can hold them:
// members sorted by name (the last of equal names wins), no white space, no U+0000, numbers that
// jsonb cannot hold as strings. It fails only for a value nested deeper than 64 levels.
func Canonical(raw jsontext.Value) (jsontext.Value, error) {
	return appendCanonical(nil, decoderOf(raw), 0)
}

func appendCanonical(b []byte, d *decoder, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	switch d.kind() {
	case '{':
		return appendObject(b, d, depth)
	case '[':
		return appendArray(b, d, depth)
	}
	text, kind, err := d.scalar()
	switch {
	case err != nil:
		return nil, err
	case kind == '"':
		return appendString(b, cleanText(string(text))), nil
	case kind == '0':
		return appendNumber(b, string(text)), nil
	default:
		return append(b, text...), nil
	}
}

func appendObject(b []byte, d *decoder, depth int) ([]byte, error) {
	members := map[string][]byte{}
	err := d.object(func(name []byte) error {
		key := cleanText(string(name))
		v, err := appendCanonical(nil, d, depth+1)
		members[key] = v
		return err
	})
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, name), ':')
		b = append(b, members[name]...)
	}
	return append(b, '}'), nil
}

func appendArray(b []byte, d *decoder, depth int) ([]byte, error) {
	b = append(b, '[')
	first := true
	err := d.array(func() (err error) {
		if !first {
			b = append(b, ',')
		}
		first = false
		b, err = appendCanonical(b, d, depth+1)
		return err
	})
	return append(b, ']'), err
}

func appendString(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s) // s is valid UTF-8: cleanText has seen to it
	return b
}

// appendNumber keeps a number's text. jsonb holds numbers as numeric, whose exponent ends far below
// what JSON may write; such a number is kept as a string.
func appendNumber(b []byte, s string) []byte {
	if len(s) > 1000 {
		return appendString(b, s)
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		if exp, err := strconv.Atoi(s[i+1:]); err != nil || exp > 1000 || exp < -1000 {
			return appendString(b, s)
		}
	}
	return append(b, s...)
}

// cleanText makes a text that Postgres can hold: U+0000 is removed, what is not UTF-8 becomes U+FFFD.
func cleanText(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return s
}
