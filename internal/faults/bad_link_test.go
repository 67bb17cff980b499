package faults

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/url"
	"syscall"
	"testing"
	"time"
)

// echo is a server that sends back what it receives.
func echo(t *testing.T) (dsn string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); c.Close() }()
		}
	}()
	return "postgres://" + l.Addr().String() + "/x"
}

func TestLinkFaultsDelayAndBreak(t *testing.T) {
	t.Parallel()
	link, dsn := NewBadLink(t, echo(t))
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	sent := bytes.Repeat([]byte("x"), 1000)
	// ask sends bytes and reads them back, over a connection that was made without faults.
	ask := func(f LinkFaults) (n int, took time.Duration, err error) {
		t.Helper()
		link.Clear()
		c, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		back := make([]byte, len(sent))
		for range 2 { // the second time with the faults
			began := time.Now()
			if _, err := c.Write(sent); err != nil {
				t.Fatal(err)
			}
			n, err = io.ReadFull(c, back)
			took = time.Since(began)
			link.Set(f)
		}
		return n, took, err
	}
	if n, _, err := ask(LinkFaults{}); n != 1000 || err != nil {
		t.Errorf("no faults: %d bytes, %v", n, err)
	}
	if n, took, err := ask(LinkFaults{Latency: 20 * time.Millisecond, Piece: 200}); n != 1000 || err != nil || took < 100*time.Millisecond {
		t.Errorf("slow: %d bytes in %s, %v", n, took, err)
	}
	if n, _, err := ask(LinkFaults{CutAfter: 300}); n != 300 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut off: %d bytes, %v", n, err)
	}
	if n, _, err := ask(LinkFaults{Reset: true}); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("reset: %d bytes, %v", n, err)
	}
	link.Clear()
}
