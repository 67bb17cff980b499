package load

import (
	"io"
	"os"
	"slices"

	"wheelhouse/internal/spare"
)

const (
	// spoolMemory is what a spool keeps in memory before it moves to a temporary file: daily windows
	// stay in memory, and memory does not grow with the window.
	spoolMemory = 2 << 20
	// spoolWrite is what goes to the file at once.
	spoolWrite = 256 << 10
)

// spool holds encoded rows until the answer they came in is complete. It can forget its end, and be
// read any number of times.
type spool struct {
	memory spare.Bytes // all of it; else what is not yet in the file
	file   *os.File
	filed  int64 // bytes in the file
}

func (s *spool) size() int64 { return s.filed + int64(s.memory.Len()) }

func (s *spool) write(p []byte) error {
	if s.file == nil && s.size()+int64(len(p)) > spoolMemory {
		if err := s.spill(); err != nil {
			return err
		}
	}
	_, _ = s.memory.Write(p) // never fails
	if s.file != nil && s.memory.Len() >= spoolWrite {
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
	_, err := io.Copy(s.file, s.memory.Reader())
	s.filed = s.size()
	s.memory.Truncate(0) // nobody reads it any more: see copyRows
	return err
}

// truncate forgets what was written after the first size bytes.
func (s *spool) truncate(size int64) error {
	if s.file == nil {
		s.memory.Truncate(int(size))
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	s.filed = size
	if err := s.file.Truncate(size); err != nil {
		return err
	}
	_, err := s.file.Seek(size, io.SeekStart)
	return err
}

// reader reads all of it from the start.
func (s *spool) reader() (io.Reader, error) {
	if s.file == nil {
		return s.memory.Reader(), nil
	}
	if err := s.flush(); err != nil {
		return nil, err
	}
	return io.NewSectionReader(s.file, 0, s.filed), nil
}

// section is what stands from one offset to another. It is valid until the next one is read into the same buffer.
func (s *spool) section(from, to int64, buf *[]byte) ([]byte, error) {
	if s.file == nil {
		return s.memory.Section(int(from), int(to), buf), nil
	}
	if err := s.flush(); err != nil {
		return nil, err
	}
	*buf = slices.Grow((*buf)[:0], int(to-from))[:to-from]
	_, err := s.file.ReadAt(*buf, from)
	return *buf, err
}

// close lets go of the file, and hands the memory on.
func (s *spool) close() {
	if s.file != nil {
		s.file.Close()
	}
	s.memory.Truncate(0)
	*s = spool{}
}
