package simulator

import (
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"sync"
)

const (
	chunk       = 32 << 10 // bytes buffered before anything is sent
	gzipMinimum = 1 << 10  // smaller answers are not worth compressing
)

var (
	buffers     = sync.Pool{New: func() any { b := make([]byte, 0, chunk+8<<10); return &b }}
	gzipWriters = sync.Pool{New: func() any { z, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed); return z }}
)

// answer is a response under construction: endpoints append JSON to buf and call spill now and then. A body under one
// chunk is sent with its length; a longer one is streamed.
type answer struct {
	w      http.ResponseWriter
	out    io.Writer // nil until the header is sent
	zip    *gzip.Writer
	gzip   bool // the client accepts it
	buf    []byte
	pooled *[]byte
	err    error // the client has disconnected: nothing more to do
}

func newAnswer(w http.ResponseWriter, compress bool) *answer {
	b := buffers.Get().(*[]byte)
	return &answer{w: w, gzip: compress, buf: (*b)[:0], pooled: b}
}

// spill sends the buffer once it is a full chunk, and reports whether to go on.
func (a *answer) spill() bool {
	if len(a.buf) >= chunk {
		a.send(http.StatusOK)
	}
	return a.err == nil
}

// fail turns the answer into an error; nothing may have been sent.
func (a *answer) fail(status int, message string) {
	a.buf = appendString(append(a.buf[:0], `{"error":`...), message)
	a.buf = append(a.buf, '}')
	a.gzip = false
	a.w.Header().Set("Content-Length", strconv.Itoa(len(a.buf)))
	a.send(status)
}

func (a *answer) send(status int) {
	if a.out == nil {
		h := a.w.Header()
		h.Set("Content-Type", "application/json; charset=utf-8")
		h.Set("Cache-Control", "max-age=0, private, must-revalidate")
		h.Set("Vary", "Accept-Encoding")
		a.out = a.w
		if a.gzip {
			h.Set("Content-Encoding", "gzip")
			a.zip = gzipWriters.Get().(*gzip.Writer)
			a.zip.Reset(a.w)
			a.out = a.zip
		}
		a.w.WriteHeader(status)
	}
	if a.err == nil {
		_, a.err = a.out.Write(a.buf)
	}
	a.buf = a.buf[:0]
}

func (a *answer) close() {
	if a.out == nil {
		if len(a.buf) < gzipMinimum {
			a.gzip = false
		}
		if !a.gzip {
			a.w.Header().Set("Content-Length", strconv.Itoa(len(a.buf)))
		}
	}
	if a.out == nil || len(a.buf) > 0 {
		a.send(http.StatusOK)
	}
	if a.zip != nil {
		a.err = a.zip.Close()
		gzipWriters.Put(a.zip)
	}
	*a.pooled = a.buf[:0]
	buffers.Put(a.pooled)
}
