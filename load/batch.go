package load

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/bits"
	"time"

	"github.com/zeebo/xxh3"

	"wheelhouse/extract"
	"wheelhouse/transform"
)

// Batch holds one window's rows, encoded as Postgres takes them, until the window's answers are
// complete. It implements extract.Answers: Begin forgets what came since the last Commit.
type Batch struct {
	account  string
	asked    time.Time // not after the first request
	stages   []*stage
	state    mark
	settled  mark
	tuple    tuple
	hashed   []byte // what of the record its hash is made of
	sum      sum    // that hash
	err      error
	Canceled transform.Null[int32] // demo_usage: the window's count of cancelled requests
	Known    extract.Sum           // of the answer that the warehouse holds: if it comes again, its rows need not; zero: they do

	sessions sessionIndex // usage_new: where its sessions stand
}

// mark is where a batch stands; Begin goes back to the last one.
type mark struct {
	records  int64 // that came, rejects included
	rejected int64
	sum      [2]uint64 // sum of the records' hashes: the order of rows does not matter
	part     int16     // answers committed
	offsets  []int64
	rows     []int64
	sessions sessionMark
}

// stage is one staging table, and the rows that wait for it.
type stage struct {
	table   string
	columns []string
	spool   spool
}

// NewBatch makes an empty batch for one window of a stream. It is made before the window is asked for: what
// was loaded from a request after this moment, the batch does not overwrite.
func NewBatch(account string, s Stream) *Batch {
	b := &Batch{account: account, asked: time.Now(), sessions: sessionIndex{size: chunkSessions}}
	for _, t := range append([]stageTable{stageRejects}, s.stages...) {
		b.stages = append(b.stages, &stage{table: t.table, columns: t.columns})
	}
	b.state.offsets = make([]int64, len(b.stages))
	b.state.rows = make([]int64, len(b.stages))
	b.settled = b.state.clone()
	return b
}

func (m mark) clone() mark {
	m.offsets = append([]int64(nil), m.offsets...)
	m.rows = append([]int64(nil), m.rows...)
	return m
}

// Begin starts an answer, or another attempt at one: rows since the last Commit are void.
func (b *Batch) Begin() {
	b.state = b.settled.clone()
	b.sessions.truncate(b.state.sessions)
	for i, s := range b.stages {
		b.err = errors.Join(b.err, s.spool.truncate(b.state.offsets[i]))
	}
}

// Commit makes the rows since Begin part of the window.
func (b *Batch) Commit() {
	b.state.part++
	b.settled = b.state.clone()
}

// Close lets go of temporary files.
func (b *Batch) Close() {
	for _, s := range b.stages {
		s.spool.close()
	}
}

// Read is how many records came, rejects included.
func (b *Batch) Read() int64 { return b.settled.records }

// Rejected is how many of them were set aside whole.
func (b *Batch) Rejected() int64 { return b.settled.rejected }

// Hash names what the answers said: equal for equal rows, whatever their order and their members'.
func (b *Batch) Hash() []byte {
	h := sha256.New()
	canceled := uint64(0)
	if b.Canceled.Valid {
		canceled = 1 + uint64(b.Canceled.V)
	}
	for _, n := range []uint64{transform.Version, schemaOfHash, uint64(b.settled.records), uint64(b.settled.rejected),
		canceled, b.settled.sum[0], b.settled.sum[1]} {
		_ = binary.Write(h, binary.BigEndian, n) // a hash never fails
	}
	return h.Sum(nil)
}

// schemaOfHash changes when the staged columns do, or how they are hashed.
const schemaOfHash = 3

// record adds one record: fill appends its row and its children's.
func (b *Batch) record(fill func() error) error {
	b.hashed = b.hashed[:0]
	b.state.records++
	if err := fill(); err != nil {
		return err
	}
	b.addHash()
	return b.err
}

// addHash adds the hash of what was put since the last reset to the sum.
func (b *Batch) addHash() {
	if len(b.hashed) > 0 {
		b.takeHash()
	}
	var carry uint64
	for i := range b.state.sum {
		b.state.sum[i], carry = bits.Add64(b.state.sum[i], binary.BigEndian.Uint64(b.sum[8*i:]), carry)
	}
}

// takeHash computes the hash of what was put since the last reset, and resets.
func (b *Batch) takeHash() {
	b.sum = hashOf(b.hashed)
	b.hashed = b.hashed[:0]
}

// sum is a record's hash: XXH3, 128 bits. It tells whether the same came again, and keeps nobody out: who could make two
// answers of one hash is the API, which may say what it likes anyway. SHA-256 costs eight times as much.
type sum [16]byte

func hashOf(texts ...[]byte) sum {
	if len(texts) == 1 {
		return xxh3.Hash128(texts[0]).Bytes()
	}
	var h xxh3.Hasher
	for _, t := range texts {
		_, _ = h.Write(t)
	}
	return h.Sum128().Bytes()
}

// put appends one row to a staging table. place counts the leading bytes of the row that only tell
// where it stood; they are not part of the hash.
func (b *Batch) put(stage, place int) error {
	b.hashRow(stage, place)
	return b.keep(stage)
}

// hashRow adds the row to the record's hash.
func (b *Batch) hashRow(stage, place int) {
	b.hashed = append(append(b.hashed, byte(stage)), b.tuple.b[place:]...)
}

// keep appends the row to a staging table's.
func (b *Batch) keep(stage int) error {
	s := b.stages[stage]
	b.state.offsets[stage] += int64(len(b.tuple.b))
	b.state.rows[stage]++
	return s.spool.write(b.tuple.b)
}

// begin starts a row of a staging table with its record's number, and its answer's where parts is set.
func (b *Batch) begin(stage int, parts bool) (t *tuple, place int) {
	t = &b.tuple
	t.start(len(b.stages[stage].columns))
	t.int8(b.state.records)
	if parts {
		t.int2(b.state.part)
	}
	return t, len(t.b)
}

// stage numbers: every stream's rejects come first, then its own tables in their order.
const (
	rejectsStage = 0
	rowsStage    = 1
	childStage   = 2
)

var stageRejects = stageTable{"stage_rejects_1", []string{"n", "key", "path", "reason", "raw", "raw_text", "raw_hash", "whole"}}

// Reject sets a record aside.
func (b *Batch) Reject(r transform.Reject) error {
	return b.record(func() error {
		b.state.rejected++
		return b.reject(r, true)
	})
}

// RejectEntry sets an entry of a record aside: the record itself loads.
func (b *Batch) RejectEntry(r transform.Reject) error {
	b.hashed = b.hashed[:0]
	if err := b.reject(r, false); err != nil {
		return err
	}
	b.addHash()
	return b.err
}

func (b *Batch) reject(r transform.Reject, whole bool) error {
	t, _ := b.begin(rejectsStage, false)
	t.text(r.Key)
	t.text(r.Path)
	place := len(t.b)
	t.text(r.Reason)
	t.jsonb(r.JSON)
	if r.JSON == nil {
		t.text(r.Text)
	} else {
		t.null()
	}
	t.bytea(r.Hash[:])
	t.boolean(whole)
	return b.put(rejectsStage, place)
}
