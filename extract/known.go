package extract

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync"

	"github.com/zeebo/xxh3"
)

// Sum is the 128-bit XXH3 hash of an answer's unpacked body. Equal sums mean the same answer. XXH3 is not cryptographic, and
// need not be: only the API could make two answers with one sum, and the API decides what it answers anyway.
type Sum [16]byte

// withKnown returns a client for one window whose last answer had the given sum. Reading the same answer again fails with
// errSame before the first row. For a zero sum, the client only computes the answer's sum.
func (c *Client) withKnown(sum Sum) *Client {
	client := *c
	client.known = &sum
	return &client
}

// errSame means that the answer is the known one.
var errSame = errors.New("the answer is the known one")

// spoolMemory is how many bytes of an answer a spool keeps in memory. The rest goes to a temporary file.
const spoolMemory = 1 << 20

// hashingReader hashes the bytes that are read through it.
type hashingReader struct {
	io.Reader
	hash xxh3.Hasher
	err  error // that ended reading; nil for io.EOF
}

func (h *hashingReader) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	_, _ = h.hash.Write(p[:n])
	if err != nil && err != io.EOF {
		h.err = err
	}
	return n, err
}

func (h *hashingReader) sum() Sum { return h.hash.Sum128().Bytes() }

// spool keeps a whole body until its sum is known. Its memory comes from a pool, and goes back with release.
type spool struct {
	memory *bytes.Buffer
	file   *os.File // nil if all of the body is in memory
}

var spoolBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// read keeps all that r has. It returns errors of the temporary file; errors of r remain in r, a hashingReader.
func (s *spool) read(r io.Reader) error {
	s.memory = spoolBuffers.Get().(*bytes.Buffer)
	s.memory.Reset()
	if n, err := s.memory.ReadFrom(io.LimitReader(r, spoolMemory)); err != nil || n < spoolMemory {
		return nil
	}
	var err error
	if s.file, err = os.CreateTemp("", "wheelhouse-*.json"); err != nil {
		return err
	}
	if err := os.Remove(s.file.Name()); err != nil { // at once: the system frees the file even if the process is killed
		return err
	}
	if _, err := io.Copy(onlyWriter{s.file}, r); err != nil && isFileError(err) {
		return err
	}
	_, err = s.file.Seek(0, io.SeekStart)
	return err
}

// onlyWriter hides os.File.ReadFrom from io.Copy, which would turn an error of the reader into one of the file.
type onlyWriter struct{ io.Writer }

func isFileError(err error) bool {
	var path *os.PathError
	return errors.As(err, &path)
}

// reader returns a reader of the body from its start.
func (s *spool) reader() io.Reader {
	if s.file == nil {
		return bytes.NewReader(s.memory.Bytes())
	}
	return io.MultiReader(bytes.NewReader(s.memory.Bytes()), s.file)
}

func (s *spool) release() {
	if s.file != nil {
		s.file.Close()
	}
	if s.memory != nil {
		spoolBuffers.Put(s.memory)
	}
	*s = spool{}
}

// compare makes the answer compute its sum. Where known is not zero, compare reads the whole body into s, and fails with
// errSame if the sums are equal; if not, the answer is then decoded from s.
func (a *answer) compare(known Sum, s *spool) error {
	a.hashed = &hashingReader{Reader: a.body}
	a.body = a.hashed
	if known == (Sum{}) {
		return nil
	}
	switch err := s.read(a.hashed); {
	case err != nil:
		return err
	case a.hashed.err != nil:
		return &BodyError{a.hashed.err}
	case a.hashed.sum() == known:
		return errSame
	}
	a.body = s.reader()
	return nil
}
