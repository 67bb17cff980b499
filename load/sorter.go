package load

import (
	"bufio"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// runSize is the bytes of records that a sorter keeps in memory. More records go to a temporary file, so that memory does not
// grow with the window.
const runSize = 4 << 20

// sorter keeps a batch's records of one table until the answers are complete, and returns them in the order of their keys,
// records of one key in the order in which they came. It is a merge sort: records that do not fit into memory are sorted and
// written to a file, one run at a time. The runs are merged while they are read.
//
// rollback forgets the records since the last commit. A sorter belongs to one goroutine.
type sorter struct {
	table *Table
	limit int // bytes of records in memory

	next   encoder // the record that is being added
	index  []entry // the records in memory
	size   int     // of these records, in bytes
	memory arena   // of these records
	file   *os.File
	runs   []section // of the file

	committed struct {
		entries, size, runs int
		memory              filled
	}
}

// entry is a record in memory. Entries with different prefixes are ordered as their keys, so most comparisons need not read
// the keys. An entry has no pointers, which the garbage collector would follow.
type entry struct {
	prefix    uint64
	block, at uint32 // where the record is in the sorter's memory
}

// section is a run in the file.
type section struct {
	at, size int64
	records  int
}

// headerSize is the size of a record's header: the lengths of key, row and children, the number of the answer, the number of the
// record.
const headerSize = 4 + 4 + 4 + 4 + 8

func newSorter(t *Table) *sorter { return &sorter{table: t, limit: runSize} }

// begin starts a record. The caller appends the record's key, row and children to the encoder.
func (s *sorter) begin() *encoder {
	s.next.b = append(s.next.b[:0], make([]byte, headerSize)...)
	return &s.next
}

// end completes the record that begin started: record n of the window, in the given answer of the window. keyEnd and rowEnd are
// where in the encoder the key and the row end.
func (s *sorter) end(n int64, answer, keyEnd, rowEnd int) error {
	b := s.next.b
	binary.BigEndian.PutUint32(b, uint32(keyEnd-headerSize))
	binary.BigEndian.PutUint32(b[4:], uint32(rowEnd-keyEnd))
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)-rowEnd))
	binary.BigEndian.PutUint32(b[12:], uint32(answer))
	binary.BigEndian.PutUint64(b[16:], uint64(n))
	copy(s.memory.take(len(b)), b)
	block, at := s.memory.last(len(b))
	s.index = append(s.index, entry{s.table.prefix(b[headerSize:keyEnd]), block, at})
	if s.size += len(b); s.size > s.limit {
		return s.spill()
	}
	return nil
}

// release ends the use of the memory of all records.
func (s *sorter) release() {
	s.memory.release()
	s.index, s.size = s.index[:0], 0
}

// text returns the memory from a record on.
func (s *sorter) text(e entry) []byte { return s.memory.blocks[e.block][e.at:] }

// prefix returns a number for a key. If two keys have different numbers, the numbers are ordered as the keys.
func (t *Table) prefix(key []byte) uint64 {
	v, _ := cut(key)
	var p [8]byte
	copy(p[:], v)
	if kind := t.Key[0].kind; kind != typeUUID && kind != typeText && kind != typeBytea {
		p[0] ^= 0x80 // a signed number
	}
	return binary.BigEndian.Uint64(p[:])
}

func decodeRecord(b []byte) record {
	key, row, children := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	body := b[headerSize:]
	return record{
		answer: int(binary.BigEndian.Uint32(b[12:])), n: int64(binary.BigEndian.Uint64(b[16:])),
		key: body[:key:key], row: body[key : key+row : key+row], children: body[key+row : key+row+children : key+row+children],
	}
}

// sort sorts records in memory.
func (s *sorter) sort(entries []entry) {
	slices.SortFunc(entries, func(a, b entry) int {
		if c := cmp.Compare(a.prefix, b.prefix); c != 0 {
			return c
		}
		x, y := decodeRecord(s.text(a)), decodeRecord(s.text(b))
		return cmp.Or(s.table.compare(x.key, y.key), cmp.Compare(x.n, y.n))
	})
}

// commit keeps the records so far: rollback no longer forgets them.
func (s *sorter) commit() {
	s.committed.entries, s.committed.size, s.committed.runs = len(s.index), s.size, len(s.runs)
	s.committed.memory = s.memory.filled()
}

// rollback forgets the records since the last commit.
func (s *sorter) rollback() error {
	s.index, s.size = s.index[:s.committed.entries], s.committed.size
	s.memory.back(s.committed.memory)
	if s.runs = s.runs[:s.committed.runs]; s.file == nil {
		return nil
	}
	end := s.fileEnd()
	if err := s.file.Truncate(end); err != nil {
		return err
	}
	_, err := s.file.Seek(end, io.SeekStart)
	return err
}

// any tells whether there are records.
func (s *sorter) any() bool { return len(s.index)+len(s.runs) > 0 }

func (s *sorter) fileEnd() int64 {
	if len(s.runs) == 0 {
		return 0
	}
	last := s.runs[len(s.runs)-1]
	return last.at + last.size
}

// spill writes the records in memory to the file: the committed ones as one run, and the others, which rollback may forget, as
// another.
func (s *sorter) spill() error {
	if s.file == nil {
		f, err := os.CreateTemp("", "wheelhouse-*.rows")
		if err != nil {
			return err
		}
		if err := os.Remove(f.Name()); err != nil { // at once: the system frees the file even if the process is killed
			f.Close()
			return err
		}
		s.file = f
	}
	kept := s.committed.entries
	if err := s.writeRun(s.index[:kept]); err != nil {
		return err
	}
	if kept > 0 {
		s.committed.runs = len(s.runs)
	}
	if err := s.writeRun(s.index[kept:]); err != nil {
		return err
	}
	s.release()
	s.committed.entries, s.committed.size, s.committed.memory = 0, 0, filled{}
	return nil
}

func (s *sorter) writeRun(entries []entry) error {
	if len(entries) == 0 {
		return nil
	}
	s.sort(entries)
	run := section{at: s.fileEnd(), records: len(entries)}
	w := bufio.NewWriterSize(s.file, 256<<10)
	for _, e := range entries {
		b := s.text(e)
		n, err := w.Write(b[:headerSize+recordSize(b)])
		if err != nil {
			return err
		}
		run.size += int64(n)
	}
	s.runs = append(s.runs, run)
	return w.Flush()
}

func recordSize(header []byte) int {
	return int(binary.BigEndian.Uint32(header)) + int(binary.BigEndian.Uint32(header[4:])) + int(binary.BigEndian.Uint32(header[8:]))
}

// close releases the file and the memory.
func (s *sorter) close() {
	if s.file != nil {
		s.file.Close()
	}
	s.release()
	*s = sorter{table: s.table, limit: s.limit}
}

// sorted reads a sorter's records in order. Nothing may be added to the sorter meanwhile.
type sorted struct {
	*sorter
	at    int        // index of the next record, if nothing was spilled
	ahead *readAhead // reads the spilled records; nil: nothing was spilled
	back  *record    // the record that untake gave back
}

// read starts reading at the first record.
func (s *sorter) read() (*sorted, error) {
	if s.file == nil {
		s.sort(s.index)
		return &sorted{sorter: s}, nil
	}
	s.committed.entries = len(s.index)
	if err := s.spill(); err != nil {
		return nil, err
	}
	merging := runHeap{table: s.table}
	for i, run := range s.runs {
		m := &merged{place: i, left: run.records, from: bufio.NewReaderSize(io.NewSectionReader(s.file, run.at, run.size), 64<<10)}
		if err := m.advance(); err != nil {
			return nil, err
		}
		merging.runs = append(merging.runs, m)
	}
	heap.Init(&merging)
	return &sorted{sorter: s, ahead: startReading(merging)}, nil
}

// stop ends the reading ahead. No record is taken after it.
func (r *sorted) stop() {
	if r.ahead != nil {
		r.ahead.stop()
	}
}

// take returns the next record, and false at the end. The record is valid until the sorter is closed.
func (r *sorted) take() (record, bool, error) {
	if back := r.back; back != nil {
		r.back = nil
		return *back, true, nil
	}
	if r.file == nil {
		if r.at == len(r.index) {
			return record{}, false, nil
		}
		r.at++
		return decodeRecord(r.text(r.index[r.at-1])), true, nil
	}
	return r.ahead.take()
}

// untake gives back the record that was taken last.
func (r *sorted) untake(rec record) { r.back = &rec }

// readAhead merges runs while earlier records are compared and copied, so that Postgres need not wait for the file.
type readAhead struct {
	groups chan []record
	quit   chan struct{}
	err    error // set before groups is closed
	group  []record
}

// aheadSize is the bytes of records in a group. One group is in use, one waits, and one is being read.
const aheadSize = 256 << 10

func startReading(runs runHeap) *readAhead {
	a := &readAhead{groups: make(chan []record, 1), quit: make(chan struct{})}
	go func() {
		defer close(a.groups)
		for {
			group, err := runs.next(aheadSize)
			if len(group) > 0 {
				select {
				case a.groups <- group:
				case <-a.quit:
					return
				}
			}
			if err != nil || len(group) == 0 {
				a.err = err
				return
			}
		}
	}()
	return a
}

// take returns the next record, and false at the end.
func (a *readAhead) take() (record, bool, error) {
	if len(a.group) == 0 {
		if a.group = <-a.groups; len(a.group) == 0 {
			return record{}, false, a.err
		}
	}
	r := a.group[0]
	a.group = a.group[1:]
	return r, true, nil
}

// stop ends the reading. After it has returned, nothing reads the file.
func (a *readAhead) stop() {
	close(a.quit)
	for range a.groups {
	}
}

// next returns the next records of the merged runs, of size bytes or a little more; none at the end.
func (h *runHeap) next(size int) (group []record, err error) {
	for len(h.runs) > 0 && size > 0 {
		first := h.runs[0]
		r := first.record
		group, size = append(group, r), size-len(r.key)-len(r.row)-len(r.children)
		switch err := first.advance(); {
		case errors.Is(err, io.EOF):
			heap.Pop(h)
		case err != nil:
			return group, err
		default:
			heap.Fix(h, 0)
		}
	}
	return group, nil
}

// merged is a run that is being merged, with its next record.
type merged struct {
	record
	place int    // among the runs
	left  int    // records after this one
	free  []byte // memory for records
	from  *bufio.Reader
}

// advance reads the run's next record. A file that was cut short gives an error of its own, because io.EOF would look like a
// lost connection, after which the transaction is tried again.
func (m *merged) advance() error {
	if m.left == 0 {
		return io.EOF
	}
	m.left--
	var header [headerSize]byte
	if _, err := io.ReadFull(m.from, header[:]); err != nil {
		return fileError(err)
	}
	size := headerSize + recordSize(header[:])
	if len(m.free) < size {
		m.free = make([]byte, max(size, 64<<10))
	}
	b := m.free[:size:size]
	m.free = m.free[size:]
	copy(b, header[:])
	if _, err := io.ReadFull(m.from, b[headerSize:]); err != nil {
		return fileError(err)
	}
	m.record = decodeRecord(b)
	return nil
}

func fileError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errShortFile
	}
	return fmt.Errorf("temporary file: %w", err)
}

var errShortFile = errors.New("temporary file: shorter than what was written to it")

// runHeap is a heap of runs, ordered by their next records.
type runHeap struct {
	table *Table
	runs  []*merged
}

func (h *runHeap) Len() int { return len(h.runs) }
func (h *runHeap) Less(i, j int) bool {
	a, b := h.runs[i], h.runs[j]
	return cmp.Or(h.table.compare(a.key, b.key), cmp.Compare(a.place, b.place)) < 0
}
func (h *runHeap) Swap(i, j int) { h.runs[i], h.runs[j] = h.runs[j], h.runs[i] }
func (h *runHeap) Push(x any)    { h.runs = append(h.runs, x.(*merged)) }
func (h *runHeap) Pop() any {
	last := h.runs[len(h.runs)-1]
	h.runs = h.runs[:len(h.runs)-1]
	return last
}
