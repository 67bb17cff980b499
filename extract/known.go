package extract

import (
	"errors"
	"io"

	"github.com/zeebo/xxh3"

	"wheelhouse/internal/spare"
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

// knownSize bounds an answer that is held until it is known or not: a day's. A larger one is read as it comes.
const knownSize = 4 << 20

// summer adds up what is read through it.
type summer struct {
	io.Reader
	hash xxh3.Hasher
}

func (s *summer) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	_, _ = s.hash.Write(p[:n])
	return n, err
}

func (s *summer) sum() Sum { return s.hash.Sum128().Bytes() }

// recognise begins to add an answer up, and fails with errSame where it is the known one. held is its own until it
// has been read.
func (a *answer) recognise(known Sum, held *spare.Bytes) error {
	a.added = &summer{Reader: a.body}
	a.body = a.added
	if known == (Sum{}) {
		return nil
	}
	switch err := held.ReadUpTo(knownSize, a.added); {
	case err == nil:
		a.body = io.MultiReader(held.Reader(), a.added)
		return nil
	case !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return &BodyError{err}
	case a.added.sum() == known:
		return errSame
	}
	a.body = held.Reader()
	return nil
}
