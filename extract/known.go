package extract

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync"

	"github.com/zeebo/xxh3"
)

// Sum names an answer by what came, byte for byte, as it was unpacked: XXH3, 128 bits. It tells whether the same came again,
// and keeps nobody out: who could make two answers of one sum is the API, which may say what it likes anyway.
type Sum [16]byte

// knowing returns the client as it asks for a window whose answer is known by its sum. An answer
// that is the same, byte for byte, is not read: what it says was checked and handed on before. A zero sum knows none.
func (c *Client) knowing(sum Sum) *Client {
	knowing := *c
	knowing.known = &sum
	return &knowing
}

// errSame: the answer is the one that is known.
var errSame = errors.New("the answer is the one that is known")

// heldInMemory is how much of an answer waits in memory until it is known whether the answer is the known one. What is
// more waits in a temporary file.
const heldInMemory = 1 << 20

// summer adds up what is read through it, and keeps the error that ended reading.
type summer struct {
	io.Reader
	hash xxh3.Hasher
	err  error
}

func (s *summer) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	_, _ = s.hash.Write(p[:n])
	if err != nil && !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		s.err = err
	}
	return n, err
}

func (s *summer) sum() Sum { return s.hash.Sum128().Bytes() }

// held is an answer that waits. Its memory is used again once it is released.
type held struct {
	memory *bytes.Buffer
	file   *os.File
}

var heldMemory = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// read reads an answer to its end. Its error is one of the temporary file.
func (h *held) read(r io.Reader) error {
	h.memory = heldMemory.Get().(*bytes.Buffer)
	h.memory.Reset()
	// What reading fails with the reader keeps.
	if n, err := h.memory.ReadFrom(io.LimitReader(r, heldInMemory)); err != nil || n < heldInMemory {
		return nil
	}
	var err error
	if h.file, err = os.CreateTemp("", "wheelhouse-*.json"); err != nil {
		return err
	}
	if err := os.Remove(h.file.Name()); err != nil { // it has no name from here on, and ends with the process
		return err
	}
	if _, err := io.Copy(onlyWriter{h.file}, r); err != nil && isFileError(err) {
		return err
	}
	_, err = h.file.Seek(0, io.SeekStart)
	return err
}

// onlyWriter keeps io.Copy from handing the file the reader.
type onlyWriter struct{ io.Writer }

func isFileError(err error) bool {
	var path *os.PathError
	return errors.As(err, &path)
}

// reader reads the answer from its start.
func (h *held) reader() io.Reader {
	if h.file == nil {
		return bytes.NewReader(h.memory.Bytes())
	}
	return io.MultiReader(bytes.NewReader(h.memory.Bytes()), h.file)
}

func (h *held) release() {
	if h.file != nil {
		h.file.Close()
	}
	if h.memory != nil {
		heldMemory.Put(h.memory)
	}
	*h = held{}
}

// recognise begins to add an answer up, and fails with errSame where it is the known one. The answer is read from what
// is held, until that is released.
func (a *answer) recognise(known Sum, h *held) error {
	a.added = &summer{Reader: a.body}
	a.body = a.added
	if known == (Sum{}) {
		return nil
	}
	switch err := h.read(a.added); {
	case err != nil:
		return err
	case a.added.err != nil:
		return &BodyError{a.added.err}
	case a.added.sum() == known:
		return errSame
	}
	a.body = h.reader()
	return nil
}
