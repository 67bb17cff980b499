package extract

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// quoted reads a string that begins at pos. verbatim tells whether the bytes between the quotes are its text: ASCII without
// escapes.
func (d *decoder) quoted() (verbatim bool, err error) {
	end := d.pos + 1
	end += plain(d.src[end:])
	if end < len(d.src) && d.src[end] == '"' {
		d.pos = end + 1
		return true, nil
	}
	d.pos = end
	return false, d.quotedFromHere()
}

func (d *decoder) quotedFromHere() error {
	for ; ; d.pos += plain(d.src[d.pos:]) {
		if d.pos == len(d.src) {
			return d.fail("")
		}
		switch c := d.src[d.pos]; {
		case c == '"':
			d.pos++
			return nil
		case c == '\\':
			if err := d.escape(); err != nil {
				return err
			}
		case c < ' ':
			return d.fail("in a string")
		default: // not ASCII
			d.pos++
		}
	}
}

const (
	each  = 0x0101010101010101 // each times a byte is that byte eight times
	highs = 0x80 * each        // the high bit of each byte
)

// plain counts the leading bytes that are printable ASCII and neither a quote nor a backslash. Most of an answer is
// strings, so plain looks at eight bytes at a time. For a quote or a backslash, the exclusive or gives a zero byte, and the
// subtraction sets its high bit; the subtraction of spaces sets it for a control character; other bytes than ASCII have it
// set. Only the lowest bit that is set is exact, because a borrow may set bits above.
func plain(b []byte) (n int) {
	for ; len(b) >= 8; b, n = b[8:], n+8 {
		w := binary.LittleEndian.Uint64(b)
		special := (((w ^ '"'*each) - each) | ((w ^ '\\'*each) - each) | (w - ' '*each) | w) & highs
		if special != 0 {
			return n + bits.TrailingZeros64(special)/8
		}
	}
	for _, c := range b {
		if c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return n
		}
		n++
	}
	return n
}

// escape reads one escape sequence.
func (d *decoder) escape() error {
	d.pos++
	switch {
	case d.pos == len(d.src):
		return d.fail("")
	case strings.IndexByte(`"\\/bfnrt`, d.src[d.pos]) >= 0:
		d.pos++
		return nil
	case d.src[d.pos] != 'u':
		return d.fail("in an escape")
	}
	d.pos++
	for range 4 {
		if d.pos == len(d.src) || !isHex(d.src[d.pos]) {
			return d.fail("in an escape")
		}
		d.pos++
	}
	return nil
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// unquote returns the text of a string whose grammar quoted has checked. The text is valid until the next call. Invalid UTF-8
// and lone surrogates become U+FFFD.
func (d *decoder) unquote(quoted []byte) []byte {
	// The error could only report the invalid UTF-8 that was replaced.
	d.scratch, _ = jsontext.AppendUnquote(d.scratch[:0], quoted)
	return d.scratch
}

// texts makes strings, many in one allocation. A string keeps all of its allocation in memory: clone a string that is to
// be kept for long.
type texts struct{ chunk strings.Builder }

const textChunk = 4 << 10 // bytes of one allocation

func (t *texts) add(text []byte) string {
	if len(text) > t.chunk.Cap()-t.chunk.Len() {
		if len(text) > textChunk/8 {
			return string(text)
		}
		t.chunk.Reset()
		t.chunk.Grow(textChunk)
	}
	from := t.chunk.Len()
	t.chunk.Write(text)
	return t.chunk.String()[from:]
}
