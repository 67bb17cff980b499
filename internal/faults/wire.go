package faults

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
)

// session follows one connection's messages. A question is what the program sends until it must wait: a simple query, the
// messages up to a Sync, the data of a COPY up to its end, a step of logging in. Its answer ends where the server waits.
type session struct {
	watch *Watch

	mu   sync.Mutex
	open []Point // questions that are not answered yet: a COPY and its data go out together
}

// message is one message of the protocol; the first of a connection has no kind.
type message struct {
	kind byte
	raw  []byte
}

const largest = 64 << 20

func read(r *bufio.Reader, kindless bool) (m message, err error) {
	if !kindless {
		if m.kind, err = r.ReadByte(); err != nil {
			return m, err
		}
		m.raw = append(m.raw, m.kind)
	}
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return m, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n < 4 || n > largest {
		return m, errors.New("not the protocol of Postgres")
	}
	m.raw = append(m.raw, size[:]...)
	head := len(m.raw)
	m.raw = slices.Grow(m.raw, int(n)-4)[:head+int(n)-4]
	_, err = io.ReadFull(r, m.raw[head:])
	return m, err
}

// questions passes on what the program sends, a question at a time.
func (s *session) questions(from *bufio.Reader, to io.Writer) {
	what, held := "connect", []byte(nil)
	var statements []string // of the question
	for first := true; ; first = false {
		m, err := read(from, first)
		if err != nil {
			return
		}
		held = append(held, m.raw...)
		switch m.kind {
		case 'Q':
			what = beginning(m.raw[5:])
		case 'P':
			if name := bytes.IndexByte(m.raw[5:], 0); name >= 0 {
				statements = append(statements, beginning(m.raw[5+name+1:]))
				what = strings.Join(statements, "; ")
			}
		case 'p':
			what = "log in"
		case 'c', 'f':
			what = "end of COPY"
		case 'X':
			what = "goodbye"
		}
		if first || strings.IndexByte("QScfpX", m.kind) >= 0 {
			statements = nil
			p, cut := s.watch.before(what)
			if cut {
				return
			}
			s.mu.Lock()
			s.open = append(s.open, p)
			s.mu.Unlock()
		} else if m.kind != 'd' || len(held) < 64<<10 {
			continue // more of the question comes
		}
		if _, err := to.Write(held); err != nil {
			return
		}
		held = held[:0]
	}
}

// answers passes on what the server sends, an answer's end only after the hook.
func (s *session) answers(from *bufio.Reader, to io.Writer) {
	for held := []byte(nil); ; {
		m, err := read(from, false)
		if err != nil {
			_, _ = to.Write(held) // a server that goes says why
			return
		}
		held = append(held, m.raw...)
		if ends(m) {
			if s.answered(m.kind == 'Z') {
				return
			}
		} else if from.Buffered() > 0 && len(held) < 64<<10 {
			continue
		}
		if _, err := to.Write(held); err != nil {
			return
		}
		held = held[:0]
	}
}

// answered closes the oldest question; where the server is ready for the next one, all.
func (s *session) answered(ready bool) (cut bool) {
	s.mu.Lock()
	n := min(1, len(s.open))
	if ready {
		n = len(s.open)
	}
	done := s.open[:n]
	s.open = s.open[n:]
	s.mu.Unlock()
	return n > 0 && s.watch.after(done[n-1])
}

// ends tells whether the server waits after a message: ready for a query, for data, or for a step of logging in.
func ends(m message) bool {
	const loggedIn, lastStep = 0, 12
	switch m.kind {
	case 'Z', 'G':
		return true
	case 'R':
		step := binary.BigEndian.Uint32(m.raw[5:])
		return step != loggedIn && step != lastStep
	}
	return false
}

// beginning is a statement's first words, without its comments.
func beginning(sql []byte) string {
	text, _, _ := strings.Cut(string(sql), "\x00")
	var words []string
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "--")
		words = append(words, strings.Fields(line)...)
	}
	if len(words) > 8 {
		words = words[:8]
	}
	return strings.Join(words, " ")
}
