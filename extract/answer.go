package extract

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// answer reads the body of one 200 as JSON while it arrives.
type answer struct {
	decoder
	body   io.Reader
	buf    []byte         // decoder.src is the filled part of buf
	hashed *hashingReader // part of body where the answer's Sum is wanted; else nil
	date   string         // the header Date: the server's clock
	rows   int64          // records so far
	beside beside
	paged  bool // a page of a list, which is complete only with the other pages
}

// bodyReader reads a body, unpacked, and enforces the bounds on its size.
type bodyReader struct {
	io.Reader
	total, limit int64       // unpacked bytes
	packed       *idleReader // counts the bytes as they came
}

func newAnswer(resp *http.Response, cfg Config, cancel context.CancelCauseFunc) (*answer, error) {
	packed := &idleReader{r: resp.Body, idle: cfg.Idle, cancel: cancel}
	body := &bodyReader{Reader: packed, limit: cfg.MaxAnswer, packed: packed}
	zipped, err := isGzip(resp.Header)
	if err != nil {
		return nil, err
	}
	if zipped {
		unpacked, err := gzip.NewReader(bufio.NewReaderSize(packed, 64<<10))
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		body.Reader = unpacked
	}
	return &answer{body: body, date: resp.Header.Get("Date")}, nil
}

func (b *bodyReader) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.total += int64(n)
	switch {
	case b.total > b.limit:
		return n, errAnswerTooLarge
	// gzip shrinks data at most about 1032 times. JSON of rows shrinks 10 to 40 times.
	case b.total > 8<<20 && b.total > 500*b.packed.total:
		return n, errBomb
	}
	return n, err
}

// idleReader cancels the request with a timeoutError if one Read takes longer than idle.
type idleReader struct {
	r      io.Reader
	idle   time.Duration
	cancel context.CancelCauseFunc
	total  int64 // bytes read
}

func (i *idleReader) Read(p []byte) (int, error) {
	timer := time.AfterFunc(i.idle, func() { i.cancel(&timeoutError{"a pause in the answer", i.idle}) })
	n, err := i.r.Read(p)
	timer.Stop()
	i.total += int64(n)
	return n, err
}
