package extract

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"
)

const (
	// maxRecord bounds the text of what is read at once: a record (a session with all its logs), or a
	// member beside the records. What the API sends is a few kilobytes; 16 MiB holds any honest text
	// and is no trouble to hold.
	maxRecord = 16 << 20

	// firstBuffer holds some hundred records: one in as many is read twice because the text breaks
	// off in it.
	firstBuffer = 64 << 10
)

var errRecordTooLarge = fmt.Errorf("a record is larger than %d bytes", maxRecord)

// decoding has a place for each answer that is decoded at the same time: one fewer than Go runs threads. Decoders keep a
// thread for as long as there is anything to decode, and whoever loads the rows of earlier answers must not wait for one.
var decoding = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1))

// takeInTurn takes the answer as soon as there is a place to decode it. While the answer waits for more of its body, another
// has the place. Answers that come fast are decoded one after the other: the rows of the first can be loaded the sooner.
func (a *answer) takeInTurn(read func(*answer) error) error {
	decoding <- struct{}{}
	defer func() { <-decoding }()
	a.body = waitingBody{a.body}
	return a.take(read)
}

// waitingBody gives the place up while it waits.
type waitingBody struct{ io.Reader }

func (w waitingBody) Read(p []byte) (int, error) {
	timer := time.AfterFunc(time.Millisecond, func() { <-decoding })
	defer func() {
		if !timer.Stop() { // the place was given up, or is at this moment
			decoding <- struct{}{}
		}
	}()
	return w.Reader.Read(p)
}

// take reads the whole answer: one JSON value, and nothing after it.
func (a *answer) take(read func(*answer) error) error {
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
		return &BodyError{errors.New("something stands after the JSON")}
	case a.final && a.pos == len(a.src):
		return nil
	default:
		return &BodyError{fmt.Errorf("after the JSON: %w", err)}
	}
}

// atOnce reads something with all of its text in the buffer: where the text breaks off, it gets more
// and reads anew. (Records are small; a text that can be taken up anywhere would cost each of them more
// than the few that are read twice.)
func (a *answer) atOnce(read func() error) error {
	pos, depth := a.pos, a.depth
	for {
		err := read()
		if err != errBreaksOff {
			return err
		}
		a.pos, a.depth = pos, depth
		if err := a.more(); err != nil {
			return err
		}
		pos = a.pos
	}
}

// more gets more of the body; what was read leaves the buffer. It gets as much again as is there, so
// that even what arrives byte by byte is not read anew for each.
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
		} else if err != nil && m == 0 { // with bytes before it, it will be said again
			return err
		}
	}
	a.src = a.buf[:n]
	return nil
}

// next skips white space and returns the byte after it. Where the answer ends it is io.ErrUnexpectedEOF.
func (a *answer) next() (c byte, err error) {
	err = a.atOnce(func() error {
		if c = a.peek(); a.pos == len(a.src) {
			return a.fail("")
		}
		return nil
	})
	return c, err
}

// held reads the next value as a whole and returns what reads it.
func (a *answer) held() (*decoder, error) {
	var text []byte
	err := a.atOnce(func() (err error) {
		text, err = a.value()
		return err
	})
	d := decoderOf(text)
	d.base = a.base + int64(a.pos-len(text))
	return d, err
}

// members reads an object of any length; member must read the value.
func (a *answer) members(what string, member func(name string) error) error {
	return a.each(what, '{', '}', func() error {
		var name string
		err := a.atOnce(func() error {
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

// elements reads an array of any length; element must read one.
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
