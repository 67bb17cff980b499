package extract

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

var errNotJSON = errors.New("the content type is not JSON")

// answer is the body of one 200, read as JSON while it arrives.
type answer struct {
	decoder
	body  io.Reader
	buf   []byte  // src is what of it is filled
	added *summer // nil: nobody wants to know
}

// bodyReader unpacks a body and keeps its bounds.
type bodyReader struct {
	io.Reader
	total, limit int64
	packed       *idleReader
}

func newAnswer(resp *http.Response, cfg Config, cancel context.CancelCauseFunc) (*answer, error) {
	packed := &idleReader{r: resp.Body, idle: cfg.Idle, cancel: cancel}
	body := &bodyReader{Reader: packed, limit: cfg.MaxAnswer, packed: packed}
	switch encoding := strings.ToLower(resp.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		unpacked, err := gzip.NewReader(bufio.NewReaderSize(packed, 64<<10))
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		body.Reader = unpacked
	default:
		return nil, errors.New("an encoding that was not asked for")
	}
	return &answer{body: body}, nil
}

func (b *bodyReader) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.total += int64(n)
	switch {
	case b.total > b.limit:
		return n, errAnswerTooLarge
	// gzip packs at most about 1:1032; JSON of rows packs 1:10 to 1:40.
	case b.total > 8<<20 && b.total > 500*b.packed.total:
		return n, errBomb
	}
	return n, err
}

// idleReader ends the request when no byte arrives for too long.
type idleReader struct {
	r      io.Reader
	idle   time.Duration
	cancel context.CancelCauseFunc
	total  int64
}

func (i *idleReader) Read(p []byte) (int, error) {
	timer := time.AfterFunc(i.idle, func() { i.cancel(&timeoutError{"a pause in the answer", i.idle}) })
	n, err := i.r.Read(p)
	timer.Stop()
	i.total += int64(n)
	return n, err
}
