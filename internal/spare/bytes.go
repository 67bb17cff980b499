package spare

import (
	"io"
	"slices"
)

// block is a piece of memory. Pieces of one size fit every user, and none is copied because another is wanted.
type block [128 << 10]byte

var blocks = make(List[block], 96)

// Bytes are bytes in spare memory: to be written to the end of, cut, and read any number of times. The zero value is empty. They are one
// goroutine's at a time, and readers made before are not to be used after a change.
type Bytes struct {
	blocks []*block
	size   int
}

// Len is how many there are.
func (b *Bytes) Len() int { return b.size }

// room is what is free after the end, at least a byte.
func (b *Bytes) room() []byte {
	at := b.size % len(block{})
	if b.size == len(b.blocks)*len(block{}) {
		b.blocks = append(b.blocks, blocks.Get())
	}
	return b.blocks[len(b.blocks)-1][at:]
}

// Write adds p. It never fails.
func (b *Bytes) Write(p []byte) (int, error) {
	for left := p; len(left) > 0; {
		n := copy(b.room(), left)
		b.size, left = b.size+n, left[n:]
	}
	return len(p), nil
}

// ReadUpTo adds what r gives until it ends or there are most bytes: then, or where r fails, it returns why, io.EOF at the end.
func (b *Bytes) ReadUpTo(most int, r io.Reader) error {
	for b.size < most {
		room := b.room()
		n, err := r.Read(room[:min(len(room), most-b.size)])
		if b.size += n; err != nil {
			return err
		}
	}
	return nil
}

// Truncate forgets all but the first size bytes, and hands the memory on.
func (b *Bytes) Truncate(size int) {
	kept := (size + len(block{}) - 1) / len(block{})
	for _, piece := range b.blocks[kept:] {
		blocks.Put(piece)
	}
	clear(b.blocks[kept:])
	b.blocks, b.size = b.blocks[:kept], size
}

// Reader reads all of them from the start.
func (b *Bytes) Reader() io.Reader { return &reader{b.blocks, 0, b.size} }

// Section is what stands from one offset to another: in the bytes' own memory where it lies in one piece, else in buf, which grows as needed.
func (b *Bytes) Section(from, to int, buf *[]byte) []byte {
	if from == to {
		return nil
	}
	first, at := from/len(block{}), from%len(block{})
	if end := at + to - from; end <= len(block{}) {
		return b.blocks[first][at:end:end]
	}
	*buf = (*buf)[:0]
	for r := (reader{b.blocks, from, to}); r.from < r.to; {
		p := r.next()
		*buf = append(slices.Grow(*buf, to-from-len(*buf)), p...)
		r.from += len(p)
	}
	return *buf
}

// reader reads from one offset in blocks to another.
type reader struct {
	blocks   []*block
	from, to int
}

func (r *reader) next() []byte {
	at := r.from % len(block{})
	return r.blocks[r.from/len(block{})][at:min(len(block{}), at+r.to-r.from)]
}

func (r *reader) Read(p []byte) (int, error) {
	if r.from == r.to {
		return 0, io.EOF
	}
	n := copy(p, r.next())
	r.from += n
	return n, nil
}

// WriteTo spares io.Copy its buffer.
func (r *reader) WriteTo(w io.Writer) (written int64, err error) {
	for r.from < r.to {
		n, err := w.Write(r.next())
		written += int64(n)
		if r.from += n; err != nil {
			return written, err
		}
	}
	return written, nil
}
