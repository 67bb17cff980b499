package faults

import (
	"bufio"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Link is a proxy before Postgres. It knows where requests and responses of the protocol end, and tells its Watch.
type Link struct {
	watch    *Watch
	upstream string
	listener net.Listener

	mu    sync.Mutex
	conns map[net.Conn]bool
	done  bool
	all   sync.WaitGroup
}

// NewLink opens a link to the server of a DSN. It closes with the test. The second result is the DSN through the link.
func NewLink(t testing.TB, dsn string, w *Watch) (*Link, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &Link{watch: w, upstream: u.Host, listener: listener, conns: map[net.Conn]bool{}}
	l.all.Go(l.accept)
	t.Cleanup(l.Close)
	u.Host = listener.Addr().String()
	return l, u.String()
}

// Close closes the link and all its connections.
func (l *Link) Close() {
	l.mu.Lock()
	l.done = true
	l.mu.Unlock()
	_ = l.listener.Close()
	l.Cut()
	l.all.Wait()
}

// Cut breaks all connections. New ones can be made.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for conn := range l.conns {
		_ = conn.Close()
	}
}

func (l *Link) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return // closed
		}
		l.all.Go(func() { l.serve(client) })
	}
}

// add registers a connection. It returns false once the link is closed.
func (l *Link) add(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done {
		_ = conn.Close()
		return false
	}
	l.conns[conn] = true
	return true
}

func (l *Link) remove(conn net.Conn) {
	l.mu.Lock()
	delete(l.conns, conn)
	l.mu.Unlock()
	_ = conn.Close()
}

func (l *Link) serve(client net.Conn) {
	if !l.add(client) {
		return
	}
	defer l.remove(client)
	server, err := net.Dial("tcp", l.upstream)
	if err != nil || !l.add(server) {
		return
	}
	defer l.remove(server)
	s := &session{watch: l.watch}
	var both sync.WaitGroup
	both.Go(func() {
		s.requests(bufio.NewReader(client), server)
		_ = server.Close()
		_ = client.Close()
	})
	both.Go(func() {
		s.responses(bufio.NewReader(server), client)
		_ = client.Close()
		_ = server.Close()
	})
	both.Wait()
}
