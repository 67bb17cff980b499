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

// session follows the messages of one connection. A request is what the program sends until it must wait: a simple query,
// the messages up to a Sync, the data of a COPY up to its end, a step of the login. Its response ends where the server
// waits.
type session struct {
	watch *Watch

	mu   sync.Mutex
	open []Point // requests without a response yet: a COPY and its data are sent together
}

// message is one message of the protocol. The first message of a connection has no tag.
type message struct {
	tag byte
	raw []byte
}

const largest = 64 << 20 // bytes of a message

func read(r *bufio.Reader, first bool) (m message, err error) {
	if !first {
		if m.tag, err = r.ReadByte(); err != nil {
			return m, err
		}
		m.raw = append(m.raw, m.tag)
	}
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return m, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n < 4 || n > largest {
		return m, errors.New("not a message of the Postgres protocol")
	}
	m.raw = append(m.raw, size[:]...)
	head := len(m.raw)
	m.raw = slices.Grow(m.raw, int(n)-4)[:head+int(n)-4]
	_, err = io.ReadFull(r, m.raw[head:])
	return m, err
}

// requests forwards what the program sends, one request at a time.
func (s *session) requests(from *bufio.Reader, to io.Writer) {
	what, waiting := "connect", []byte(nil)
	var statements []string // of the request
	for first := true; ; first = false {
		m, err := read(from, first)
		if err != nil {
			return
		}
		waiting = append(waiting, m.raw...)
		switch m.tag {
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
		if first || strings.IndexByte("QScfpX", m.tag) >= 0 {
			statements = nil
			p, cut := s.watch.before(what)
			if cut {
				return
			}
			s.mu.Lock()
			s.open = append(s.open, p)
			s.mu.Unlock()
		} else if m.tag != 'd' || len(waiting) < 64<<10 {
			continue // the request is not complete
		}
		if _, err := to.Write(waiting); err != nil {
			return
		}
		waiting = waiting[:0]
	}
}

// responses forwards what the server sends, the end of each response only after the hook.
func (s *session) responses(from *bufio.Reader, to io.Writer) {
	for waiting := []byte(nil); ; {
		m, err := read(from, false)
		if err != nil {
			_, _ = to.Write(waiting) // a server that closes the connection says why
			return
		}
		waiting = append(waiting, m.raw...)
		if ends(m) {
			if s.answered(m.tag == 'Z') {
				return
			}
		} else if from.Buffered() > 0 && len(waiting) < 64<<10 {
			continue
		}
		if _, err := to.Write(waiting); err != nil {
			return
		}
		waiting = waiting[:0]
	}
}

// answered closes the oldest open request, or all of them once the server is ready for the next one.
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

// ends reports whether the server waits after a message: for a query, for data, or for a step of the login.
func ends(m message) bool {
	const loggedIn, lastStep = 0, 12
	switch m.tag {
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
