package extract

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// quoted reads past a string that begins at pos, and tells whether its text is what stands there: ASCII,
// with nothing escaped.
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
	each  = 0x0101010101010101 // times a byte: eight of it
	highs = 0x80 * each
)

// plain counts the leading bytes that are printable ASCII, neither quote nor backslash. Strings are
// most of an answer, so it takes eight bytes at a time: subtraction sets the high bit of a byte that was
// one of those (or has it set already). Only the lowest such bit is sure: a borrow may set others above.
func plain(b []byte) (n int) {
	for ; len(b) >= 8; b, n = b[8:], n+8 {
		w := binary.LittleEndian.Uint64(b)
		odd := (((w ^ '"'*each) - each) | ((w ^ '\\'*each) - each) | (w - ' '*each) | w) & highs
		if odd != 0 {
			return n + bits.TrailingZeros64(odd)/8
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

// escape reads past one escape sequence.
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

// unquote returns a string's text, valid until the next one is unquoted. What is not UTF-8, and a lone
// surrogate, becomes U+FFFD; of that, the text being checked already, the error tells.
func (d *decoder) unquote(quoted []byte) []byte {
	d.scratch, _ = jsontext.AppendUnquote(d.scratch[:0], quoted)
	return d.scratch
}

// texts makes strings that stay good, many out of one allocation. Whoever keeps one of them for long
// keeps its neighbours too, and better clones it.
type texts struct{ chunk strings.Builder }

const textChunk = 4 << 10

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
