package faults

import (
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// LinkFaults are the faults of a BadLink, for bytes from the server to the program. The zero value has none.
type LinkFaults struct {
	Latency  time.Duration // before each piece
	Piece    int           // bytes of a piece; 0: as they arrive
	Reset    bool          // the connection is reset instead of sending the next bytes
	CutAfter int           // bytes after which the connection breaks; 0: never
}

// BadLink is a proxy before Postgres whose faults affect all its connections. (The library toxiproxy does the same, but it
// panics with an index out of range when a connection ends while a fault is removed, and so ends the test program.)
type BadLink struct {
	listener net.Listener
	server   string
	faults   atomic.Pointer[LinkFaults]

	mu    sync.Mutex
	open  map[net.Conn]bool
	ended bool
	all   sync.WaitGroup
}

// NewBadLink opens a link to the server of a DSN, without faults at first. It closes with the test. The second result is the
// DSN through the link.
func NewBadLink(t testing.TB, dsn string) (*BadLink, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	link := &BadLink{server: u.Host, open: map[net.Conn]bool{}}
	if link.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	link.Clear()
	link.all.Go(link.accept)
	t.Cleanup(link.close)
	u.Host = link.listener.Addr().String()
	return link, u.String()
}

// Set gives the link these faults until the next Set or Clear.
func (l *BadLink) Set(f LinkFaults) { l.faults.Store(&f) }

// Clear ends the faults.
func (l *BadLink) Clear() { l.faults.Store(&LinkFaults{}) }

func (l *BadLink) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", l.server)
		if err != nil || !l.add(client, server) {
			client.Close()
			continue
		}
		l.all.Go(func() { l.forward(server, client, false) })
		l.all.Go(func() { l.forward(client, server, true) })
	}
}

// add registers connections, which close with the link. It returns false once the link is closed.
func (l *BadLink) add(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		if l.ended {
			c.Close()
		} else {
			l.open[c] = true
		}
	}
	return !l.ended
}

// forward copies bytes in one direction. When it ends, it closes both connections.
func (l *BadLink) forward(to, from net.Conn, fromServer bool) {
	defer func() {
		to.Close()
		from.Close()
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.open, to)
		delete(l.open, from)
	}()
	buffer := make([]byte, 32<<10)
	var current *LinkFaults
	sent := 0 // bytes since the faults changed
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		f := l.faults.Load()
		if !fromServer {
			f = &LinkFaults{}
		}
		if f != current {
			current, sent = f, 0
		}
		sent += n
		if !f.deliver(to, buffer[:n], sent) {
			return
		}
	}
}

// deliver writes p, with which sent bytes have been sent in all. It returns false once the connection is broken.
func (f *LinkFaults) deliver(to net.Conn, p []byte, sent int) bool {
	if f.Reset {
		if tcp, ok := to.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // sends a reset
		}
		return false
	}
	broken := f.CutAfter > 0 && sent > f.CutAfter
	if broken {
		p = p[:max(0, len(p)-(sent-f.CutAfter))]
	}
	for len(p) > 0 {
		piece := p
		if f.Piece > 0 {
			piece = p[:min(len(p), f.Piece)]
		}
		time.Sleep(f.Latency)
		if _, err := to.Write(piece); err != nil {
			return false
		}
		p = p[len(piece):]
	}
	return !broken
}

func (l *BadLink) close() {
	l.listener.Close()
	l.mu.Lock()
	l.ended = true
	for c := range l.open {
		c.Close()
	}
	l.mu.Unlock()
	l.all.Wait()
}
