package extract

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// exactName returns the exact form of the name that the decoder read last. Call it before the name's value is read; the name that the
// decoder passed to its callback is not valid after the call. Two names are the same if their exact forms are equal: an escape and the
// character that it stands for have one form. An exact name may contain U+0000 and invalid UTF-8. A lone surrogate, which is not a
// character, becomes three bytes of invalid UTF-8.
func (d *decoder) exactName() string { return d.exact(d.lastName) }

// exact returns the exact text of a string that is given with its quotes.
func (d *decoder) exact(quoted []byte) string {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	text := string(d.unquote(quoted))
	if !strings.ContainsRune(text, utf8.RuneError) {
		return text
	}
	var exact []byte
	for len(inner) > 0 {
		n := 1
		switch {
		case inner[0] != '\\':
			exact = append(exact, inner[0])
		case inner[1] != 'u':
			n = 2
			exact = append(exact, d.unquote(fmt.Appendf(nil, `"%s"`, inner[:n]))...)
		default:
			n = 6
			unit, _ := strconv.ParseUint(string(inner[2:n]), 16, 16) // the decoder has checked the digits
			if unit&^0x3ff == 0xd800 && len(inner) >= 12 && string(inner[6:8]) == `\u` {
				if low, _ := strconv.ParseUint(string(inner[8:12]), 16, 16); low&^0x3ff == 0xdc00 {
					n = 12
				}
			}
			if n == 6 && unit&^0x7ff == 0xd800 {
				exact = append(exact, byte(0xe0|unit>>12), byte(0x80|unit>>6&0x3f), byte(0x80|unit&0x3f))
			} else {
				exact = append(exact, d.unquote(fmt.Appendf(nil, `"%s"`, inner[:n]))...)
			}
		}
		inner = inner[n:]
	}
	return string(exact)
}

// key reads a text that identifies a row. What Postgres cannot hold is written as an escape. If it were removed, the text could equal
// another row's.
func (d *decoder) key(f *Text) error {
	d.peek()
	from := d.pos
	if err := d.text(f); err != nil || d.src[from] != '"' {
		return err
	}
	if exact := d.exact(d.src[from:d.pos]); cleanName(exact) != exact {
		*f = fieldOf(escapedName(exact))
	}
	return nil
}

// isSurrogate tells whether an exact name begins with a lone surrogate.
func isSurrogate(exact string) bool {
	return len(exact) >= 3 && exact[0] == 0xed && exact[1] >= 0xa0 && exact[1] <= 0xbf && exact[2] >= 0x80 && exact[2] <= 0xbf
}

// cleanName returns an exact name as Postgres can hold it: see cleanText.
func cleanName(exact string) string {
	if utf8.ValidString(exact) {
		return cleanText(exact)
	}
	var b strings.Builder
	for exact != "" {
		n := 1
		if isSurrogate(exact) {
			n = 3
			b.WriteRune(utf8.RuneError)
		} else {
			b.WriteByte(exact[0])
		}
		exact = exact[n:]
	}
	return cleanText(b.String())
}

// escapedName returns an exact name with what Postgres cannot hold written as an escape.
func escapedName(exact string) string {
	var b strings.Builder
	for exact != "" {
		r, n := utf8.DecodeRuneInString(exact)
		switch {
		case isSurrogate(exact):
			n = 3
			fmt.Fprintf(&b, `\u%04x`, 0xd000|int(exact[1]&0x3f)<<6|int(exact[2]&0x3f))
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, exact[0])
		case r == 0:
			b.WriteString(`\u0000`)
		default:
			b.WriteString(exact[:n])
		}
		exact = exact[n:]
	}
	return b.String()
}

// distinctNames returns a name that Postgres can hold for each exact name of one object's members, in their order. cut returns the part of
// a name that counts. No two results are equal: a clean name that another member already has is replaced by the name with its escapes. The
// results do not depend on the order in which the members were sent.
func distinctNames(exact []string, cut func(string) string) []string {
	names := make([]string, len(exact))
	taken := map[string]bool{}
	var unclean []int
	for i, name := range exact {
		if cleanName(name) != name {
			unclean = append(unclean, i)
			continue
		}
		names[i] = cut(name)
		taken[names[i]] = true
	}
	slices.SortFunc(unclean, func(i, j int) int { return strings.Compare(exact[i], exact[j]) })
	for _, i := range unclean {
		name := cut(cleanName(exact[i]))
		if taken[name] {
			name = cut(escapedName(exact[i]))
		}
		for taken[name] { // another member is named like the escape
			name += "'"
		}
		names[i] = name
		taken[name] = true
	}
	return names
}
