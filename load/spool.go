package load

import (
	"bytes"
	"io"
	"os"
	"slices"
	"sync"
)

// spoolMemory is what a spool keeps in memory before it moves to a temporary file: daily windows
// stay in memory, and memory does not grow with the window.
const spoolMemory = 2 << 20

// spoolMemories are handed from window to window: else they would be most of what the process throws away.
var spoolMemories = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// spool holds encoded rows until the answer they came in is complete. It can forget its end, and be
// read any number of times.
type spool struct {
	mem  *bytes.Buffer // nil: nothing was written yet
	file *os.File
	size int64
	tail []byte // what is not yet in the file
}

func (s *spool) write(p []byte) error {
	s.size += int64(len(p))
	if s.mem == nil {
		s.mem = spoolMemories.Get().(*bytes.Buffer)
	}
	if s.file == nil && s.mem.Len()+len(p) <= spoolMemory {
		s.mem.Write(p)
		return nil
	}
	if s.file == nil {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.tail = append(s.tail, p...)
	if len(s.tail) >= 256<<10 {
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
	_, err = f.Write(s.mem.Bytes())
	s.mem.Reset()
	return err
}

func (s *spool) flush() error {
	_, err := s.file.Write(s.tail)
	s.tail = s.tail[:0]
	return err
}

// truncate forgets what was written after the first size bytes.
func (s *spool) truncate(size int64) error {
	s.size = size
	if s.mem == nil {
		return nil
	}
	if s.file == nil {
		s.mem.Truncate(int(size))
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	if err := s.file.Truncate(size); err != nil {
		return err
	}
	_, err := s.file.Seek(size, io.SeekStart)
	return err
}

// reader reads all of it from the start.
func (s *spool) reader() (io.Reader, error) {
	if s.mem == nil {
		return bytes.NewReader(nil), nil
	}
	if s.file == nil {
		return bytes.NewReader(s.mem.Bytes()), nil
	}
	if err := s.flush(); err != nil {
		return nil, err
	}
	return io.NewSectionReader(s.file, 0, s.size), nil
}

// section is what stands from one offset to another. It is valid until the next one is read into the same buffer.
func (s *spool) section(from, to int64, buf *[]byte) ([]byte, error) {
	if s.mem == nil {
		return nil, nil
	}
	if s.file == nil {
		return s.mem.Bytes()[from:to], nil
	}
	if err := s.flush(); err != nil {
		return nil, err
	}
	*buf = slices.Grow((*buf)[:0], int(to-from))[:to-from]
	_, err := s.file.ReadAt(*buf, from)
	return *buf, err
}

// close lets go of the file, and hands the memory on where nobody reads it any more.
func (s *spool) close(unread bool) {
	if s.file != nil {
		s.file.Close()
	}
	if s.mem != nil && unread {
		s.mem.Reset()
		spoolMemories.Put(s.mem)
	}
	*s = spool{}
}
