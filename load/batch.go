package load

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
	"time"

	"github.com/zeebo/xxh3"

	"wheelhouse/extract"
	"wheelhouse/internal/ledger"
	"wheelhouse/internal/stream"
	"wheelhouse/transform"
)

// Stream is a stream together with the tables that it fills.
type Stream struct {
	stream.Stream
	tables []*Table // its records' own first
}

// Counted tells whether a stream has counts of days, which have a border at midnight to be lost or doubled at.
func (s Stream) Counted() bool { return slices.ContainsFunc(s.tables, (*Table).counts) }

// counts tells whether a table has columns that add up over days.
func (t *Table) counts() bool {
	return slices.ContainsFunc(t.Columns, func(c Column) bool { return c.AddsUp })
}

// Streams are all streams, in the order in which they are shown.
var Streams = []Stream{DemoUsage, UsageNew, UsageShares, Shares, ShareVisits, ShareDetails, UserAccess, CompanyContent}

// tablesOf are the tables that a stream fills, its records' own first.
func tablesOf(s stream.Stream) []*Table {
	i := slices.IndexFunc(Streams, func(known Stream) bool { return known.Name == s.Name })
	return Streams[i].tables
}

// newStream finds a stream's description. It panics if there is none of that name, or if its main table is another.
func newStream(name string, main *Table, more ...*Table) Stream {
	described, found := stream.ByName(name)
	if !found || described.MainTable != main.Name {
		panic("stream " + name + " is not described so in internal/stream")
	}
	return Stream{Stream: described, tables: append([]*Table{main}, more...)}
}

// Batch holds the rows of one window, encoded as Postgres takes them, until the window's answers are complete. It
// implements extract.Answers: Begin forgets what came since the last Commit.
type Batch struct {
	window   ledger.Window
	asked    time.Time // not after the first request
	sorters  []*sorter // by Stream.tables
	rejects  *sorter
	state    mark
	settled  mark
	err      error
	Canceled sql.Null[int32] // demo_usage: the window's count of cancelled requests
	Known    extract.Sum     // of the answer that the ledger holds: if it comes again its rows need not; zero: none
	missing  string          // parts of the window that could not be had, and why

	ids     transform.SessionIDs  // usage_new
	session keyedSession          // usage_new: the one being added
	usage   transform.ShareUsages // usage_shares: of the answer that is being read
}

// mark is where a batch stands; Begin goes back to the last one.
type mark struct {
	records  int64     // that came, rejects included
	rejected int64     // of them, set aside whole
	merged   int64     // of them, added up with others of the same key
	sum      [2]uint64 // of the records' hashes: their order does not matter
	answers  int       // committed
}

// NewBatch makes an empty batch for a window. It is made before the window is asked for: what was loaded from a request
// after this moment the batch does not overwrite.
func NewBatch(w ledger.Window) *Batch {
	b := &Batch{window: w, asked: time.Now(), rejects: newSorter(rejectRows.Table)}
	for _, t := range tablesOf(w.Stream) {
		b.sorters = append(b.sorters, newSorter(t))
	}
	return b
}

func (b *Batch) all() []*sorter { return append(slices.Clone(b.sorters), b.rejects) }

// Begin starts an answer, or another attempt at one: rows since the last Commit are void.
func (b *Batch) Begin() {
	b.state = b.settled
	b.usage.Clear()
	for _, s := range b.all() {
		b.err = errors.Join(b.err, s.rollback())
	}
}

// Commit makes the rows since Begin part of the window.
func (b *Batch) Commit() {
	b.err = errors.Join(b.err, b.addUsage())
	b.state.answers++
	b.settled = b.state
	for _, s := range b.all() {
		s.commit()
	}
}

// Incomplete says that parts of the window could not be had, and why, without data. What the batch lacks may be in those
// parts: its load deletes nothing, resolves no reject, is not reconciled and says why.
func (b *Batch) Incomplete(missing string) { b.missing = missing }

// Missing tells which parts of the window could not be had, and why. Empty: the batch is complete.
func (b *Batch) Missing() string { return b.missing }

// Close lets go of memory and of temporary files.
func (b *Batch) Close() {
	for _, s := range b.all() {
		s.close()
	}
}

// Read is how many records came, rejects included.
func (b *Batch) Read() int64 { return b.settled.records }

// Size is how many bytes of rows are in memory.
func (b *Batch) Size() (n int) {
	for _, s := range b.all() {
		n += s.size
	}
	return n
}

// Rejected is how many of them were set aside whole.
func (b *Batch) Rejected() int64 { return b.settled.rejected }

// Hash names what the answers said: equal for equal rows, whatever their order and the order of their members.
func (b *Batch) Hash() []byte {
	h := sha256.New()
	canceled := uint64(0)
	if b.Canceled.Valid {
		canceled = 1 + uint64(b.Canceled.V)
	}
	for _, n := range []uint64{transform.Version, rowsVersion, uint64(b.settled.records), uint64(b.settled.rejected),
		canceled, b.settled.sum[0], b.settled.sum[1]} {
		_ = binary.Write(h, binary.BigEndian, n) // a hash never fails
	}
	if b.missing != "" { // not the hash of a complete batch of the same rows
		h.Write([]byte("incomplete"))
	}
	return h.Sum(nil)
}

// rowsVersion changes when rows are encoded or hashed in another way.
const rowsVersion = 4

// add adds the current record's row to the table of a given place in Stream.tables.
func add[R any](b *Batch, table int, t *rows[R], row *R) error {
	return put(b, b.sorters[table], t, row, b.state.records)
}

// addBeside adds a row that is no record of its own, so that it is not counted.
func addBeside[R any](b *Batch, table int, t *rows[R], row *R) error {
	return put(b, b.sorters[table], t, row, 0)
}

func put[R any](b *Batch, s *sorter, t *rows[R], row *R, n int64) error {
	e := s.begin()
	keyEnd := t.encode(e, row)
	rowEnd := len(e.b)
	if t.addChildren != nil {
		t.addChildren(e, row)
	}
	encoded, err := s.end(n, b.state.answers, keyEnd, rowEnd)
	b.addHash(encoded)
	return errors.Join(err, b.err)
}

// addHash adds the hash of an encoded row to the sum. XXH3 tells whether the same came again, and keeps nobody out: who
// could make two answers of one hash is the API, which may say what it likes anyway.
func (b *Batch) addHash(encoded []byte) {
	sum := xxh3.Hash128(encoded)
	var carry uint64
	b.state.sum[1], carry = bits.Add64(b.state.sum[1], sum.Lo, 0)
	b.state.sum[0], _ = bits.Add64(b.state.sum[0], sum.Hi, carry)
}

// Reject sets a record aside.
func (b *Batch) Reject(r transform.Reject) error {
	b.state.records++
	b.state.rejected++
	return b.reject(r, true)
}

// RejectEntry sets an entry of a record aside: the record itself loads.
func (b *Batch) RejectEntry(r transform.Reject) error { return b.reject(r, false) }

func (b *Batch) reject(r transform.Reject, whole bool) error {
	return put(b, b.rejects, rejectRows, &rejectRow{r, whole}, b.state.records)
}

// rejectRow is a reject in a batch.
type rejectRow struct {
	transform.Reject
	whole bool // the whole record is set aside
}

var rejectRows = newRows(Table{Name: "rejects"},
	[]field[rejectRow]{
		{Column{Name: "raw_hash", kind: typeBytea}, func(e *encoder, r *rejectRow) { e.bytea(r.Hash[:]) }},
	},
	[]field[rejectRow]{
		requiredText("key", func(r *rejectRow) string { return r.Key }),
		requiredBoolean("whole", func(r *rejectRow) bool { return r.whole }),
		requiredText("path", func(r *rejectRow) string { return r.Path }),
		requiredText("reason", func(r *rejectRow) string { return r.Reason }),
		text("raw", func(r *rejectRow) sql.Null[string] {
			return sql.Null[string]{V: string(r.JSON), Valid: r.JSON != nil}
		}),
		text("raw_text", func(r *rejectRow) sql.Null[string] {
			return sql.Null[string]{V: r.Text, Valid: r.JSON == nil}
		}),
	})
