package faults

import (
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Weather is how bad a tap is for what comes from the server. The zero value is fine weather.
type Weather struct {
	Latency  time.Duration // before each piece
	Slice    int           // bytes of a piece; 0: as they come
	Reset    bool          // the connection breaks with the next bytes
	CutAfter int           // bytes after which it breaks; 0: never
}

// Tap is a link to Postgres that goes bad for all who use it. (toxiproxy as a library does the same, but its links run
// into an index out of range when a connection ends while a toxic is taken away, and that ends the test program.)
type Tap struct {
	listener net.Listener
	server   string
	weather  atomic.Pointer[Weather]

	mu    sync.Mutex
	open  map[net.Conn]bool
	ended bool
	all   sync.WaitGroup
}

// NewTap opens a tap on the server of a DSN; it closes with the test. The second result is the DSN through it.
func NewTap(t testing.TB, dsn string) (*Tap, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	tap := &Tap{server: u.Host, open: map[net.Conn]bool{}}
	if tap.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	tap.Calm()
	tap.all.Go(tap.accept)
	t.Cleanup(tap.close)
	u.Host = tap.listener.Addr().String()
	return tap, u.String()
}

// Bad changes the weather until Calm.
func (t *Tap) Bad(w Weather) { t.weather.Store(&w) }

// Calm makes the link good again.
func (t *Tap) Calm() { t.weather.Store(&Weather{}) }

func (t *Tap) accept() {
	for {
		client, err := t.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", t.server)
		if err != nil || !t.hold(client, server) {
			client.Close()
			continue
		}
		t.all.Go(func() { t.pour(server, client, false) })
		t.all.Go(func() { t.pour(client, server, true) })
	}
}

// hold keeps connections in mind, to be closed with the tap.
func (t *Tap) hold(conns ...net.Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range conns {
		if t.ended {
			c.Close()
		} else {
			t.open[c] = true
		}
	}
	return !t.ended
}

// pour hands on what comes, one way, and ends both ways when it ends.
func (t *Tap) pour(to, from net.Conn, down bool) {
	defer func() {
		to.Close()
		from.Close()
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.open, to)
		delete(t.open, from)
	}()
	buffer := make([]byte, 32<<10)
	var since *Weather
	passed := 0 // bytes since the weather changed
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		w := t.weather.Load()
		if !down {
			w = &Weather{}
		}
		if w != since {
			since, passed = w, 0
		}
		passed += n
		if !w.deliver(to, buffer[:n], passed) {
			return
		}
	}
}

// deliver writes bytes as the weather allows; false: the connection has broken.
func (w *Weather) deliver(to net.Conn, p []byte, passed int) bool {
	if w.Reset {
		if tcp, ok := to.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset instead of an end
		}
		return false
	}
	broken := w.CutAfter > 0 && passed > w.CutAfter
	if broken {
		p = p[:max(0, len(p)-(passed-w.CutAfter))]
	}
	for len(p) > 0 {
		piece := p
		if w.Slice > 0 {
			piece = p[:min(len(p), w.Slice)]
		}
		time.Sleep(w.Latency)
		if _, err := to.Write(piece); err != nil {
			return false
		}
		p = p[len(piece):]
	}
	return !broken
}

func (t *Tap) close() {
	t.listener.Close()
	t.mu.Lock()
	t.ended = true
	for c := range t.open {
		c.Close()
	}
	t.mu.Unlock()
	t.all.Wait()
}
