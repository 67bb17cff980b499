package load

import (
	"database/sql"
	"errors"
	"slices"
	"time"

	"wheelhouse/extract"
	"wheelhouse/internal/ledger"
	"wheelhouse/internal/stream"
	"wheelhouse/transform"
)

// Stream is a stream together with the tables that it fills.
type Stream struct {
	stream.Stream
	tables []*Table // first the table of the records themselves
}

// Counted tells whether a stream has counts of days. The API may lose or double an event at midnight between two counts.
func (s Stream) Counted() bool { return slices.ContainsFunc(s.tables, (*Table).counts) }

// counts tells whether a table has additive columns.
func (t *Table) counts() bool {
	return slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Additive })
}

// Streams lists all streams in the order of internal/stream.
var Streams = []Stream{DemoUsage, UsageNew, UsageShares, Shares, ShareVisits, ShareDetails, UserAccess, CompanyContent}

// tablesOf returns the tables that a stream fills, first the table of the records themselves.
func tablesOf(s stream.Stream) []*Table {
	i := slices.IndexFunc(Streams, func(known Stream) bool { return known.Name == s.Name })
	return Streams[i].tables
}

// newStream finds a stream's description. It panics if internal/stream has no stream of the name, or another main table.
func newStream(name string, main *Table, more ...*Table) Stream {
	described, found := stream.ByName(name)
	if !found || described.MainTable != main.Name {
		panic("stream " + name + " with main table " + main.Name + " is not in internal/stream")
	}
	return Stream{Stream: described, tables: append([]*Table{main}, more...)}
}

// Batch holds the rows of one window, encoded in COPY's binary format, until the window's answers are complete. It implements
// extract.Answers: Begin forgets the rows since the last Commit.
type Batch struct {
	window    ledger.Window
	asked     time.Time // by this machine's clock, before the first request
	sorters   []*sorter // one for each of Stream.tables
	rejects   *sorter
	totals    totals // of the committed answers and of the one that is being read
	committed totals // of the committed answers
	err       error
	Canceled  sql.Null[int32] // demo_usage: the window's count of cancelled requests
	Known     extract.Sum     // of the answer that was loaded last: the rows of an equal answer are not read; zero: none
	missing   string          // the parts of the window that could not be had, and why

	ids     transform.SessionIDs  // usage_new
	session keyedSession          // usage_new: the session that is being added
	usage   transform.ShareUsages // usage_shares: entries of the answer that is being read
}

// totals counts what a batch holds.
type totals struct {
	records  int64 // rejects included
	rejected int64 // records that are rejects as a whole
	merged   int64 // records that were added to another one with the same key
	answers  int   // committed answers
}

// NewBatch makes an empty batch for a window. Call it before the first request for the window: the batch does not overwrite
// rows of a later request (invariant 5).
func NewBatch(w ledger.Window) *Batch {
	b := &Batch{window: w, asked: time.Now(), rejects: newSorter(rejectRows.Table)}
	for _, t := range tablesOf(w.Stream) {
		s := newSorter(t)
		s.next.zone = w.Zone
		b.sorters = append(b.sorters, s)
	}
	return b
}

func (b *Batch) all() []*sorter { return append(slices.Clone(b.sorters), b.rejects) }

// Begin starts an answer, or another attempt at an answer. It forgets the rows since the last Commit.
func (b *Batch) Begin() {
	b.totals = b.committed
	b.usage.Clear()
	for _, s := range b.all() {
		b.err = errors.Join(b.err, s.rollback())
	}
}

// Commit makes the rows since Begin part of the window.
func (b *Batch) Commit() {
	b.err = errors.Join(b.err, b.addUsage())
	b.totals.answers++
	b.committed = b.totals
	for _, s := range b.all() {
		s.commit()
	}
}

// Incomplete notes which parts of the window could not be had, and why, without data. A row that the batch does not have may be
// in those parts. So the batch's load deletes nothing, resolves no reject, and is not reconciled. missing becomes the load's
// error.
func (b *Batch) Incomplete(missing string) { b.missing = missing }

// Missing returns the parts of the window that could not be had, and why. Empty: the batch is complete.
func (b *Batch) Missing() string { return b.missing }

// Close releases memory and temporary files.
func (b *Batch) Close() {
	for _, s := range b.all() {
		s.close()
	}
}

// Read returns the number of records, rejects included.
func (b *Batch) Read() int64 { return b.committed.records }

// Size returns the bytes of rows that are in memory.
func (b *Batch) Size() (n int) {
	for _, s := range b.all() {
		n += s.size
	}
	return n
}

// Rejected returns the number of records that are rejects as a whole.
func (b *Batch) Rejected() int64 { return b.committed.rejected }

// add adds the current record's row to the table Stream.tables[table].
func add[R any](b *Batch, table int, t *rows[R], row *R) error {
	return put(b, b.sorters[table], t, row, b.totals.records)
}

// addBeside adds a row that is not a record, and so is not counted as one.
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
	return errors.Join(s.end(n, b.totals.answers, keyEnd, rowEnd), b.err)
}

// Reject adds a record that could not be understood.
func (b *Batch) Reject(r transform.Reject) error {
	b.totals.records++
	b.totals.rejected++
	return b.reject(r, true)
}

// RejectEntry adds an entry of a record that could not be understood. The record itself is loaded.
func (b *Batch) RejectEntry(r transform.Reject) error { return b.reject(r, false) }

func (b *Batch) reject(r transform.Reject, whole bool) error {
	return put(b, b.rejects, rejectRows, &rejectRow{r, whole}, b.totals.records)
}

// rejectRow is a reject in a batch.
type rejectRow struct {
	transform.Reject
	whole bool // not only an entry of a record
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
