package extract

import (
	"cmp"
	"errors"
	"maps"
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

// Canonical writes a JSON value exactly as Postgres prints it once it is stored as jsonb, so that equal values are equal
// bytes, here and there: members in jsonb's order (of equal names the last wins), a space after each comma and colon,
// numbers without exponents. What jsonb cannot hold is changed: U+0000 is removed, and a number beyond its range becomes
// a string. Canonical fails only for a value nested deeper than 64 levels.
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
	return appendMembers(b, members), nil
}

// appendMembers writes an object in jsonb's order: shorter names first, those of one length by their bytes.
func appendMembers[V ~[]byte](b []byte, members map[string]V) []byte {
	names := slices.SortedFunc(maps.Keys(members), func(x, y string) int {
		return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y))
	})
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(appendString(b, name), ": "...)
		b = append(b, members[name]...)
	}
	return append(b, '}')
}

func appendArray(b []byte, d *decoder, depth int) ([]byte, error) {
	b = append(b, '[')
	first := true
	err := d.array(func() (err error) {
		if !first {
			b = append(b, ", "...)
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

// appendNumber writes a number as jsonb prints it: with as many decimals as were sent, without an exponent. jsonb holds
// numbers as numeric, whose exponent ends far below what JSON may write; a number beyond that becomes a string.
func appendNumber(b []byte, s string) []byte {
	if len(s) > 1000 {
		return appendString(b, s)
	}
	digits, exponent, _ := strings.Cut(strings.ToLower(s), "e")
	shift := 0
	if exponent != "" {
		var err error
		if shift, err = strconv.Atoi(exponent); err != nil || shift > 1000 || shift < -1000 {
			return appendString(b, s)
		}
	}
	whole, negative := strings.CutPrefix(digits, "-")
	whole, decimals, _ := strings.Cut(whole, ".")
	if shift > 0 {
		moved := min(shift, len(decimals))
		whole += decimals[:moved] + strings.Repeat("0", shift-moved)
		decimals = decimals[moved:]
	} else {
		moved := min(-shift, len(whole))
		decimals = strings.Repeat("0", -shift-moved) + whole[len(whole)-moved:] + decimals
		whole = whole[:len(whole)-moved]
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	number := whole
	if decimals != "" {
		number += "." + decimals
	}
	switch {
	case len(number) > 1000:
		return appendString(b, s)
	case negative && strings.Trim(number, "0.") != "": // numeric has no negative zero
		b = append(b, '-')
	}
	return append(b, number...)
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
