package extract

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"sync"
)

// knowing returns the client as it asks for a window whose answer is known by its SHA-256, as it was unpacked. An answer
// that is the same, byte for byte, is not read: what it says was checked and handed on before. A zero sum knows none.
func (c *Client) knowing(sum [sha256.Size]byte) *Client {
	knowing := *c
	knowing.known = &sum
	return &knowing
}

// errSame: the answer is the one that is known.
var errSame = errors.New("the answer is the one that is known")

// knownSize bounds an answer that is held until it is known or not: a day's. A larger one is read as it comes.
const knownSize = 4 << 20

var knownBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// summer adds up what is read through it.
type summer struct {
	io.Reader
	hash hash.Hash
}

func (s *summer) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.hash.Write(p[:n])
	return n, err
}

func (s *summer) sum() (sum [sha256.Size]byte) {
	s.hash.Sum(sum[:0])
	return sum
}

// recognise begins to add an answer up, and fails with errSame where it is the known one. held is its own until it
// has been read.
func (a *answer) recognise(known [sha256.Size]byte, held *bytes.Buffer) error {
	a.added = &summer{a.body, sha256.New()}
	a.body = a.added
	if known == [sha256.Size]byte{} {
		return nil
	}
	n, err := io.CopyN(held, a.added, knownSize)
	switch {
	case err == nil || n == knownSize:
		a.body = io.MultiReader(held, a.added)
		return nil
	case !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return &BodyError{err}
	case a.added.sum() == known:
		return errSame
	}
	a.body = held
	return nil
}
