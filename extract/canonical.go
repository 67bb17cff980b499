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

// maxDepth bounds how deep a value may nest: far more than the API sends, far less than recursion can bear here or in
// Postgres.
const maxDepth = 64

var errTooDeep = errors.New("json: nests too deep (more than 64 levels)")

// Canonical returns raw, one JSON value, in the form in which Postgres prints it once it is stored as jsonb, so that equal
// values are equal bytes. Members stand in jsonb's order, and of members with equal names the last one counts. Commas and
// colons are followed by a space. Numbers have no exponent. Canonical changes what jsonb cannot hold: it removes U+0000,
// replaces invalid UTF-8 by U+FFFD (in names that would become equal, it writes both as escapes instead), and writes a number of
// more than 1000 digits as a string. Canonical fails for a value nested deeper than 64 levels.
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
	err := d.object(func([]byte) error {
		key := d.exactName()
		v, err := appendCanonical(nil, d, depth+1)
		members[key] = v
		return err
	})
	if err != nil {
		return nil, err
	}
	return appendMembers(b, members), nil
}

// appendMembers writes an object in jsonb's order: shorter names come first, and names of one length are in order of their bytes. The
// keys of members are exact names.
func appendMembers[V ~[]byte](b []byte, members map[string]V) []byte {
	exact := slices.Collect(maps.Keys(members))
	values := make(map[string]V, len(members))
	for i, name := range distinctNames(exact, func(name string) string { return name }) {
		values[name] = members[exact[i]]
	}
	names := slices.SortedFunc(maps.Keys(values), func(x, y string) int {
		return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y))
	})
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(appendString(b, name), ": "...)
		b = append(b, values[name]...)
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
	b, _ = jsontext.AppendQuote(b, s) // never fails: cleanText has made s valid UTF-8
	return b
}

// appendNumber writes a number as jsonb prints it: without an exponent, and with all decimals that were sent. jsonb stores a
// number as numeric, which has far fewer digits than JSON can ask for with an exponent. A number of more than 1000 digits
// becomes a string.
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

// cleanText returns s without U+0000 and with U+FFFD in place of invalid UTF-8: Postgres can hold neither.
func cleanText(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return s
}
