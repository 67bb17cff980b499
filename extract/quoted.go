package extract

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// quoted reads past a string that begins at pos, and tells whether anything in it is escaped.
func (d *decoder) quoted() (escaped bool, err error) {
	d.pos++
	for {
		d.pos += plain(d.src[d.pos:])
		if d.pos == len(d.src) {
			return escaped, d.fail("")
		}
		switch c := d.src[d.pos]; {
		case c == '"':
			d.pos++
			return escaped, nil
		case c == '\\':
			escaped = true
			if err := d.escape(); err != nil {
				return escaped, err
			}
		case c < ' ':
			return escaped, d.fail("in a string")
		default: // not ASCII
			d.pos++
		}
	}
}

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// plain counts the leading bytes that are printable ASCII, neither quote nor backslash. Strings are
// most of an answer, so it takes eight bytes at a time. Of the marks in special only the lowest is
// sure: a borrow may add others above it.
func plain(b []byte) int {
	n := 0
	for ; n+8 <= len(b); n += 8 {
		w := binary.LittleEndian.Uint64(b[n:])
		quotes, slashes := w^('"'*ones), w^('\\'*ones)
		special := (quotes-ones)&^quotes | (slashes-ones)&^slashes | (w-' '*ones)&^w | w
		if special &= highs; special != 0 {
			return n + bits.TrailingZeros64(special)/8
		}
	}
	for n < len(b) && ' ' <= b[n] && b[n] < utf8.RuneSelf && b[n] != '"' && b[n] != '\\' {
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
