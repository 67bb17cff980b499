package load

import (
	"io"
	"os"
	"slices"
)

// spoolMemory is what a spool keeps in memory before it moves to a temporary file: daily windows
// stay in memory, and memory does not grow with the window.
const spoolMemory = 2 << 20

// block is a piece of a spool's memory. Pieces of one size fit every spool, and none is copied because another is wanted.
type block [128 << 10]byte

// spareBlocks are handed from window to window: else they would be most of what the process throws away.
var spareBlocks = make(spares[block], 64)

// spares holds what can be used again, no more than its capacity. A sync.Pool would forget it at each garbage collection.
type spares[T any] chan *T

func (s spares[T]) get() *T {
	select {
	case v := <-s:
		return v
	default:
		return new(T)
	}
}

func (s spares[T]) put(v *T) {
	select {
	case s <- v:
	default:
	}
}

// spool holds encoded rows until the answer they came in is complete. It can forget its end, and be
// read any number of times.
type spool struct {
	blocks []*block // in memory: all of it; else what is not yet in the file
	file   *os.File
	filed  int64 // bytes in the file
	size   int64
}

func (s *spool) write(p []byte) error {
	if s.file == nil && s.size+int64(len(p)) > spoolMemory {
		if err := s.spill(); err != nil {
			return err
		}
	}
	for len(p) > 0 {
		at := int(s.size - s.filed)
		if at == len(s.blocks)*len(block{}) {
			s.blocks = append(s.blocks, spareBlocks.get())
		}
		n := copy(s.blocks[at/len(block{})][at%len(block{}):], p)
		s.size, p = s.size+int64(n), p[n:]
	}
	if s.file != nil && s.size-s.filed >= 2*int64(len(block{})) {
		return s.flush()
	}
	return nil
}

// spill moves what is in memory to a file that has no name: it is gone with the process.
func (s *spool) spill() error {
	f, err := os.CreateTemp("", "wheelhouse-*.rows")
	if err != nil {
		return err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return err
	}
	s.file = f
	return s.flush()
}

// flush writes what is in memory to the end of the file.
func (s *spool) flush() error {
	_, err := io.Copy(s.file, s.memory())
	s.forget(0)
	s.filed = s.size
	return err
}

// memory reads what is in memory.
func (s *spool) memory() io.Reader { return &blocksReader{s.blocks, 0, int(s.size - s.filed)} }

// forget hands the blocks from the n-th on to the next spool. Nobody reads them any more: see copyRows.
func (s *spool) forget(n int) {
	for _, b := range s.blocks[n:] {
		spareBlocks.put(b)
	}
	clear(s.blocks[n:])
	s.blocks = s.blocks[:n]
}

// truncate forgets what was written after the first size bytes.
func (s *spool) truncate(size int64) error {
	if s.file == nil {
		s.size = size
		s.forget(min(len(s.blocks), blocksFor(int(size))))
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	s.size, s.filed = size, size
	if err := s.file.Truncate(size); err != nil {
		return err
	}
	_, err := s.file.Seek(size, io.SeekStart)
	return err
}

func blocksFor(size int) int { return (size + len(block{}) - 1) / len(block{}) }

// reader reads all of it from the start.
func (s *spool) reader() (io.Reader, error) {
	if s.file == nil {
		return s.memory(), nil
	}
	if err := s.flush(); err != nil {
		return nil, err
	}
	return io.NewSectionReader(s.file, 0, s.size), nil
}

// section is what stands from one offset to another. It is valid until the next one is read into the same buffer.
func (s *spool) section(from, to int64, buf *[]byte) ([]byte, error) {
	if from == to {
		return nil, nil
	}
	if s.file == nil {
		first, at := int(from)/len(block{}), int(from)%len(block{})
		if end := at + int(to-from); end <= len(block{}) {
			return s.blocks[first][at:end:end], nil
		}
		*buf = slices.Grow((*buf)[:0], int(to-from))[:to-from]
		_, err := io.ReadFull(&blocksReader{s.blocks, int(from), int(to)}, *buf)
		return *buf, err
	}
	if err := s.flush(); err != nil {
		return nil, err
	}
	*buf = slices.Grow((*buf)[:0], int(to-from))[:to-from]
	_, err := s.file.ReadAt(*buf, from)
	return *buf, err
}

// blocksReader reads from one offset in blocks to another.
type blocksReader struct {
	blocks   []*block
	from, to int
}

func (r *blocksReader) next() []byte {
	at := r.from % len(block{})
	return r.blocks[r.from/len(block{})][at:min(len(block{}), at+r.to-r.from)]
}

func (r *blocksReader) Read(p []byte) (int, error) {
	if r.from == r.to {
		return 0, io.EOF
	}
	n := copy(p, r.next())
	r.from += n
	return n, nil
}

// WriteTo spares io.Copy its buffer.
func (r *blocksReader) WriteTo(w io.Writer) (written int64, err error) {
	for r.from < r.to {
		n, err := w.Write(r.next())
		written += int64(n)
		if r.from += n; err != nil {
			return written, err
		}
	}
	return written, nil
}

// close lets go of the file, and hands the memory on.
func (s *spool) close() {
	if s.file != nil {
		s.file.Close()
	}
	s.forget(0)
	*s = spool{}
}
