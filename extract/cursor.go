package extract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// decoder reads a JSON text from front to back and checks its grammar. It accepts exactly the texts that jsontext
// accepts with AllowInvalidUTF8 and AllowDuplicateNames, in a quarter of the time; FuzzCursor compares the two. Every
// method that reads a value starts at the value or at white space before it, and ends directly after it.
type decoder struct {
	src     []byte
	pos     int    // of the next byte in src
	final   bool   // the text ends where src ends; if false, more may follow
	base    int64  // offset of src in the answer
	depth   int    // number of open arrays and objects
	scratch []byte // memory of unquote

	lastName []byte // the name that was read last, with its quotes; a part of src
	texts    texts
}

// decoderOf returns a decoder of a complete text.
func decoderOf(text []byte) *decoder { return &decoder{src: text, final: true} }

// maxNesting is how deep a JSON text may nest, as in jsontext.
const maxNesting = 10_000

var (
	// errIncomplete means that src ends inside a value and more of the text may follow. answer.buffered then gets more
	// and decodes the value again.
	errIncomplete = errors.New("json: incomplete")
	errNesting    = errors.New("json: nests too deep (more than 10000 levels)")
)

// fail returns the error of a text that is wrong, or ends, at pos. The error quotes nothing of the text.
func (d *decoder) fail(where string) error {
	switch {
	case d.pos < len(d.src):
		return fmt.Errorf("json: invalid character %s at byte %d", where, d.base+int64(d.pos))
	case d.final:
		return io.ErrUnexpectedEOF
	default:
		return errIncomplete
	}
}

// peek skips white space and returns the byte after it without reading that byte; 0 at the end of src.
func (d *decoder) peek() byte {
	for d.pos < len(d.src) {
		c := d.src[d.pos]
		if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
		d.pos++
	}
	return 0
}

// kind returns the kind of the next value: its first byte, or '0' for any number.
func (d *decoder) kind() byte {
	c := d.peek()
	if c == '-' || '0' <= c && c <= '9' {
		return '0'
	}
	return c
}

// object reads an object and calls member for each name. member must read the member's value. name is valid until then,
// and may hold invalid UTF-8. Names that become equal there, or in Postgres, are distinguished by exactName.
func (d *decoder) object(member func(name []byte) error) error {
	if err := d.enter('{'); err != nil {
		return err
	}
	if d.peek() == '}' {
		return d.leave()
	}
	for {
		name, err := d.name()
		if err != nil {
			return err
		}
		if err := member(name); err != nil {
			return err
		}
		switch d.peek() {
		case ',':
			d.pos++
		case '}':
			return d.leave()
		default:
			return d.fail("after a member")
		}
	}
}

// array reads an array and calls element before each element. element must read one value.
func (d *decoder) array(element func() error) error {
	if err := d.enter('['); err != nil {
		return err
	}
	if d.peek() == ']' {
		return d.leave()
	}
	for {
		if err := element(); err != nil {
			return err
		}
		switch d.peek() {
		case ',':
			d.pos++
		case ']':
			return d.leave()
		default:
			return d.fail("after an element")
		}
	}
}

// enter reads the bracket that opens an array or an object.
func (d *decoder) enter(bracket byte) error {
	if d.peek() != bracket {
		return d.fail("where " + kindName(bracket) + " should begin")
	}
	if d.depth++; d.depth > maxNesting {
		return errNesting
	}
	d.pos++
	return nil
}

// leave reads the bracket that closes an array or an object.
func (d *decoder) leave() error {
	d.depth--
	d.pos++
	return nil
}

// name reads a member's name and the colon after it. The name is valid until the next value is read.
func (d *decoder) name() ([]byte, error) {
	if d.peek() != '"' {
		return nil, d.fail("where a name should begin")
	}
	from := d.pos
	verbatim, err := d.quoted()
	if err != nil {
		return nil, err
	}
	d.lastName = d.src[from:d.pos]
	name := d.src[from+1 : d.pos-1]
	if !verbatim && bytes.IndexByte(name, '\\') >= 0 {
		name = d.unquote(d.src[from:d.pos])
	}
	if d.peek() != ':' {
		return nil, d.fail("after a name")
	}
	d.pos++
	return name, nil
}

// skip reads a value of any kind and drops it.
func (d *decoder) skip() error {
	switch d.peek() {
	case '{':
		return d.object(func([]byte) error { return d.skip() })
	case '[':
		return d.array(d.skip)
	case '"':
		_, err := d.quoted()
		return err
	case 'n':
		return d.literal("null")
	case 't':
		return d.literal("true")
	case 'f':
		return d.literal("false")
	default:
		return d.skipNumber()
	}
}

// value reads a value of any kind and returns its text, a part of src.
func (d *decoder) value() ([]byte, error) {
	d.peek()
	from := d.pos
	err := d.skip()
	return d.src[from:d.pos:d.pos], err
}

func (d *decoder) literal(word string) error {
	for i := range len(word) {
		if d.pos == len(d.src) || d.src[d.pos] != word[i] {
			return d.fail("in a literal")
		}
		d.pos++
	}
	return nil
}

// skipNumber reads a number and drops it.
func (d *decoder) skipNumber() error {
	if d.at('-') {
		d.pos++
	}
	if d.at('0') { // no digit may follow
		d.pos++
	} else if !d.skipDigits() {
		return d.fail("where a value should begin")
	}
	if d.at('.') {
		if d.pos++; !d.skipDigits() {
			return d.fail("in a number")
		}
	}
	if d.at('e') || d.at('E') {
		if d.pos++; d.at('+') || d.at('-') {
			d.pos++
		}
		if !d.skipDigits() {
			return d.fail("in a number")
		}
	}
	if d.pos == len(d.src) && !d.final { // more digits may follow
		return errIncomplete
	}
	return nil
}

func (d *decoder) at(c byte) bool { return d.pos < len(d.src) && d.src[d.pos] == c }

// skipDigits reads decimal digits and tells whether there were any.
func (d *decoder) skipDigits() bool {
	from := d.pos
	for d.pos < len(d.src) && '0' <= d.src[d.pos] && d.src[d.pos] <= '9' {
		d.pos++
	}
	return d.pos > from
}
