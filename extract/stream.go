package extract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

const (
	// maxRecord bounds the text that must be in memory at once: a record (a session with all its logs), or a member
	// beside the records. The API sends a few kilobytes.
	maxRecord = 16 << 20

	// firstBuffer holds some hundred records. Only the last of them is decoded twice, because the buffer ends in it.
	firstBuffer = 64 << 10
)

var errRecordTooLarge = fmt.Errorf("a record is larger than %d bytes", maxRecord)

// readAll reads the whole answer: one JSON value, and nothing after it. An error that does not come from the row callback is a
// BodyError.
func (a *answer) readAll(read func(*answer) error) error {
	if err := a.skipMark(); err != nil {
		return &BodyError{err}
	}
	err := read(a)
	var row rowError
	switch {
	case errors.As(err, &row):
		return err
	case err != nil:
		return &BodyError{err}
	}
	switch _, err := a.next(); {
	case err == nil:
		return &BodyError{errors.New("more text after the JSON")}
	case a.final && a.pos == len(a.src):
		return nil
	default:
		return &BodyError{fmt.Errorf("after the JSON: %w", err)}
	}
}

// byteOrderMark may stand before a text in UTF-8.
var byteOrderMark = []byte("\ufeff")

// skipMark skips a byte order mark at the beginning of the answer.
func (a *answer) skipMark() error {
	for len(a.src) < len(byteOrderMark) && !a.final {
		if err := a.more(); err != nil {
			return err
		}
	}
	if bytes.HasPrefix(a.src, byteOrderMark) {
		a.pos = len(byteOrderMark)
	}
	return nil
}

// buffered calls read with all of the text that it needs in the buffer: if the buffer ends too early, buffered gets more and
// calls read again from the same position. Records are small, so few are decoded twice. A decoder that can continue inside a
// value would make all of them slower.
func (a *answer) buffered(read func() error) error {
	pos, depth := a.pos, a.depth
	for {
		err := read()
		if err != errIncomplete {
			return err
		}
		a.pos, a.depth = pos, depth
		if err := a.more(); err != nil {
			return err
		}
		pos = a.pos
	}
}

// more drops what was decoded from the buffer and reads more of the body: at least as much as remains in the buffer, so that
// a body that arrives byte by byte is not decoded again for each byte.
func (a *answer) more() error {
	rest := a.src[a.pos:]
	if len(rest) >= maxRecord {
		return errRecordTooLarge
	}
	want := min(max(2*len(rest), 1), maxRecord)
	if want > len(a.buf) {
		a.buf = make([]byte, max(want, firstBuffer))
	}
	n := copy(a.buf, rest)
	a.base, a.pos = a.base+int64(a.pos), 0
	for n < want && !a.final {
		m, err := a.body.Read(a.buf[n:])
		n += m
		if err == io.EOF {
			a.final = true
		} else if err != nil && m == 0 { // an error that comes with bytes comes again with the next Read
			return err
		}
	}
	a.src = a.buf[:n]
	return nil
}

// next skips white space and returns the byte after it without reading that byte. At the end of the answer it returns
// io.ErrUnexpectedEOF.
func (a *answer) next() (c byte, err error) {
	err = a.buffered(func() error {
		if c = a.peek(); a.pos == len(a.src) {
			return a.fail("")
		}
		return nil
	})
	return c, err
}

// wholeValue reads the next value and returns a decoder of it.
func (a *answer) wholeValue() (*decoder, error) {
	var text []byte
	err := a.buffered(func() (err error) {
		text, err = a.value()
		return err
	})
	d := decoderOf(text)
	d.base = a.base + int64(a.pos-len(text))
	return d, err
}

// members reads an object that may be larger than the buffer, and calls member for each name. member must read the value.
// what names the object in errors.
func (a *answer) members(what string, member func(name string) error) error {
	return a.each(what, '{', '}', func() error {
		var name string
		err := a.buffered(func() error {
			n, err := a.name()
			name = string(n)
			return err
		})
		if err != nil {
			return err
		}
		return member(name)
	})
}

// elements reads an array that may be larger than the buffer, and calls element before each element. element must read one
// value. what names the array in errors.
func (a *answer) elements(what string, element func() error) error {
	return a.each(what, '[', ']', element)
}

func (a *answer) each(what string, begin, end byte, one func() error) error {
	if _, err := a.next(); err != nil {
		return err
	}
	if kind := a.kind(); kind != begin {
		return fmt.Errorf("%s is %s where %s belongs", what, kindName(kind), kindName(begin))
	}
	if err := a.enter(begin); err != nil {
		return err
	}
	for first := true; ; first = false {
		c, err := a.next()
		switch {
		case err != nil:
			return err
		case c == end:
			return a.leave()
		case first:
		case c == ',':
			a.pos++
		default:
			return a.fail("after a value")
		}
		if err := one(); err != nil {
			return err
		}
	}
}
