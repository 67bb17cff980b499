package extract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// decoder reads a JSON text from front to back, and checks its grammar as it goes. It takes exactly
// what jsontext takes when told to let pass invalid UTF-8 and members of equal names, at a quarter of
// the time; a fuzz target holds it to that. Every method that reads a value begins at white space or
// at the value, and ends right after it.
type decoder struct {
	src     []byte
	pos     int
	final   bool  // nothing follows src; otherwise more of the text may
	base    int64 // where in the answer src begins
	depth   int   // arrays and objects that are open
	scratch []byte
	texts   texts
}

// decoderOf reads a text that is there as a whole.
func decoderOf(text []byte) *decoder { return &decoder{src: text, final: true} }

// maxNesting is how deep a JSON text may nest.
const maxNesting = 10_000

var (
	// errBreaksOff: src ends inside a value, and more may follow. Whoever has the rest reads anew.
	errBreaksOff = errors.New("json: breaks off")
	errNesting   = errors.New("json: nests too deep to be read")
)

// fail is the error of a text that does not go on as it must at pos. It holds nothing of the text.
func (d *decoder) fail(where string) error {
	switch {
	case d.pos < len(d.src):
		return fmt.Errorf("json: invalid character %s at byte %d", where, d.base+int64(d.pos))
	case d.final:
		return io.ErrUnexpectedEOF
	default:
		return errBreaksOff
	}
}

// peek skips white space and returns the byte after it; 0 where the text ends.
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

// kind is the next value's: its first byte, and '0' for any number.
func (d *decoder) kind() byte {
	c := d.peek()
	if c == '-' || '0' <= c && c <= '9' {
		return '0'
	}
	return c
}

// object reads an object and calls member once a name; member must read the value. The name is
// valid until then; of what is not UTF-8 in it see cleanText.
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

// array reads an array and calls element once for each; element must read the value.
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
		return d.fail("where " + kindName(bracket) + " begins")
	}
	if d.depth++; d.depth > maxNesting {
		return errNesting
	}
	d.pos++
	return nil
}

// leave reads the bracket that closes it.
func (d *decoder) leave() error {
	d.depth--
	d.pos++
	return nil
}

// name reads a member's name and the colon after it.
func (d *decoder) name() ([]byte, error) {
	if d.peek() != '"' {
		return nil, d.fail("where a name begins")
	}
	from := d.pos
	verbatim, err := d.quoted()
	if err != nil {
		return nil, err
	}
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

// skip reads past a value of any kind.
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
		return d.digits()
	}
}

// value reads past a value and returns its text.
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

// digits reads past a number.
func (d *decoder) digits() error {
	if d.at('-') {
		d.pos++
	}
	if d.at('0') { // nothing may follow but a fraction
		d.pos++
	} else if !d.run() {
		return d.fail("where a value begins")
	}
	if d.at('.') {
		if d.pos++; !d.run() {
			return d.fail("in a number")
		}
	}
	if d.at('e') || d.at('E') {
		if d.pos++; d.at('+') || d.at('-') {
			d.pos++
		}
		if !d.run() {
			return d.fail("in a number")
		}
	}
	if d.pos == len(d.src) && !d.final { // there may be more of it
		return errBreaksOff
	}
	return nil
}

func (d *decoder) at(c byte) bool { return d.pos < len(d.src) && d.src[d.pos] == c }

// run reads past decimal digits and tells whether there were any.
func (d *decoder) run() bool {
	from := d.pos
	for d.pos < len(d.src) && '0' <= d.src[d.pos] && d.src[d.pos] <= '9' {
		d.pos++
	}
	return d.pos > from
}
