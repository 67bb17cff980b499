package pipeline

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// fate is what happens to a statement on its way to the server.
type fate int

const (
	pass       fate = iota
	cutBefore       // the connection is cut before the statement arrives
	cutWhile        // the connection is cut while the statement runs
	loseAnswer      // the connection is cut after the statement, before its answer arrives
)

// link is a proxy between the warehouse and its server. It reads the protocol, and a test decides the fate of each statement.
type link struct {
	t        *testing.T
	listener net.Listener
	target   string
	open     sync.RWMutex // locked for writing: new connections wait

	mu     sync.Mutex
	decide func(n int, statement string) fate
	seen   []string // statements since the last watch
	states []string // SQLSTATEs of errors since then
	conns  map[net.Conn]bool
}

// newLink puts a link in front of the server at address, and returns the address that leads through it.
func newLink(t *testing.T, address string) (*link, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &link{t: t, listener: listener, target: u.Host, conns: map[net.Conn]bool{}}
	go l.accept()
	t.Cleanup(func() {
		listener.Close()
		l.cutAll()
	})
	u.Host = listener.Addr().String()
	return l, u.String()
}

// watch counts statements from now on, beginning with 1, and asks decide about each.
func (l *link) watch(decide func(n int, statement string) fate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.decide, l.seen, l.states = decide, nil, nil
}

// statements lists the statements since the last watch.
func (l *link) statements() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.seen...)
}

// refusals lists the SQLSTATEs that the server has answered with since the last watch.
func (l *link) refusals() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.states...)
}

func (l *link) cutAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		c.Close()
	}
}

func (l *link) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		go l.carry(client)
	}
}

// carry serves one connection until either side ends it.
func (l *link) carry(client net.Conn) {
	l.open.RLock()
	server, err := net.Dial("tcp", l.target)
	l.open.RUnlock()
	if err != nil {
		client.Close()
		return
	}
	w := &wire{l: l, client: client, server: server}
	l.mu.Lock()
	l.conns[client], l.conns[server] = true, true
	l.mu.Unlock()
	go func() {
		w.answers()
		w.cut()
	}()
	w.questions()
	if !w.losing.Load() {
		w.cut()
	}
}

// wire is one connection through a link.
type wire struct {
	l              *link
	client, server net.Conn
	losing         atomic.Bool // the next answer must be lost
}

func (w *wire) cut() {
	if tcp, ok := w.client.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset, as after a crash of the other machine
	}
	w.client.Close()
	w.server.Close()
	w.l.mu.Lock()
	defer w.l.mu.Unlock()
	delete(w.l.conns, w.client)
	delete(w.l.conns, w.server)
}

// questions passes on the client's messages. The fate of a statement is decided before it is sent.
func (w *wire) questions() {
	length := make([]byte, 4)
	if _, err := io.ReadFull(w.client, length); err != nil {
		return
	}
	// The first message has no type: a log-in, or a request to cancel.
	if _, err := w.server.Write(length); err != nil {
		return
	}
	if _, err := io.CopyN(w.server, w.client, int64(binary.BigEndian.Uint32(length))-4); err != nil {
		return
	}
	for {
		message, err := readMessage(w.client)
		if err != nil {
			return
		}
		what := pass
		if statement, is := statementOf(message); is {
			what = w.l.ask(statement)
		}
		if what == cutBefore {
			return
		}
		if what == loseAnswer {
			w.losing.Store(true)
		}
		if _, err := w.server.Write(message); err != nil || what == cutWhile {
			return
		}
	}
}

// answers passes on the server's messages. An answer that must be lost is read to its end first.
func (w *wire) answers() {
	for {
		message, err := readMessage(w.server)
		if err != nil {
			return
		}
		if message[0] == 'E' {
			w.l.refused(message[5:])
		}
		if w.losing.Load() {
			if message[0] == 'Z' { // ready for the next statement
				return
			}
			continue
		}
		if _, err := w.client.Write(message); err != nil {
			return
		}
	}
}

func (l *link) ask(statement string) fate {
	l.mu.Lock()
	l.seen = append(l.seen, statement)
	n, decide := len(l.seen), l.decide
	l.mu.Unlock()
	if decide == nil {
		return pass
	}
	return decide(n, statement)
}

// refused records the SQLSTATE of an error, which is the field C of the message.
func (l *link) refused(fields []byte) {
	for field := range strings.SplitSeq(string(fields), "\x00") {
		if state, is := strings.CutPrefix(field, "C"); is {
			l.mu.Lock()
			l.states = append(l.states, state)
			l.mu.Unlock()
		}
	}
}

func readMessage(r io.Reader) ([]byte, error) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(head[1:])
	if size < 4 || size > 1<<28 {
		return nil, errors.New("not a message of the protocol")
	}
	message := make([]byte, 1+size)
	copy(message, head)
	_, err := io.ReadFull(r, message[5:])
	return message, err
}

// loadBegins tells for one statement after another whether it begins the transaction of a load. Refreshes at the end of a run have
// transactions of their own.
func loadBegins() func(statement string) bool {
	summing := false
	return func(statement string) bool {
		summing = summing || strings.Contains(statement, "FROM wheelhouse.dirty_days")
		return !summing && strings.HasPrefix(statement, "begin isolation level repeatable read")
	}
}

// copyData stands for a piece of a COPY's data.
const copyData = "copy: data"

// statementOf returns the SQL in a message. The data of a COPY counts as a statement, too.
func statementOf(message []byte) (string, bool) {
	switch body := string(message[5:]); message[0] {
	case 'Q':
		return strings.TrimSuffix(body, "\x00"), true
	case 'P':
		_, rest, _ := strings.Cut(body, "\x00") // after the statement's name
		sql, _, _ := strings.Cut(rest, "\x00")
		return sql, true
	case 'd':
		return copyData, true
	case 'c':
		return "copy: done", true
	}
	return "", false
}
