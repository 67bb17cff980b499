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

	"github.com/go-json-experiment/json/jsontext"
)

var errNotJSON = errors.New("the content type is not JSON")

// answer is the body of one 200, read as JSON while it arrives.
type answer struct {
	*decoder
	body *bodyReader
}

// bodyReader unpacks a body and keeps its bounds.
type bodyReader struct {
	io.Reader
	total, limit int64
	record       int64 // bytes since the record began; bounds what the JSON decoder must hold
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
	return &answer{decoder: newDecoder(body), body: body}, nil
}

func (a *answer) startRecord() { a.body.record = 0 }

// take reads the whole answer: one JSON value, and nothing after it.
func (a *answer) take(read func(*answer) error) error {
	err := read(a)
	var row rowError
	switch {
	case errors.As(err, &row):
		return err
	case err != nil:
		return &BodyError{untold(unexpectedEnd(err))}
	}
	switch _, err := a.ReadToken(); {
	case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil
	case err != nil:
		return &BodyError{fmt.Errorf("after the JSON: %w", untold(err))}
	default:
		return &BodyError{errors.New("something stands after the JSON")}
	}
}

// untold leaves out of a syntax error the names of the members that lead to it: they may be people's
// addresses, or anything else.
func untold(err error) error {
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		return err
	}
	return fmt.Errorf("json: %w at byte %d", syntax.Err, syntax.ByteOffset)
}

// unexpectedEnd: a body that ends where a value should begin is cut off, not finished.
func unexpectedEnd(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (b *bodyReader) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.total += int64(n)
	b.record += int64(n)
	switch {
	case b.total > b.limit:
		return n, errAnswerTooLarge
	case b.record > maxRecord:
		return n, errRecordTooLarge
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
