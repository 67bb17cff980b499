package load

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"
)

// sessionHead stands before each session's row in the spool. Nothing of it goes to Postgres.
type sessionHead struct {
	row    int   // bytes of the row
	events int   // bytes of its events' rows, in their spool
	count  int   // of events
	part   int16 // the answer it came in
}

const headSize = 4 + 4 + 4 + 2

func (h sessionHead) encode() (b [headSize]byte) {
	binary.BigEndian.PutUint32(b[0:], uint32(h.row))
	binary.BigEndian.PutUint32(b[4:], uint32(h.events))
	binary.BigEndian.PutUint32(b[8:], uint32(h.count))
	binary.BigEndian.PutUint16(b[12:], uint16(h.part))
	return b
}

func decodeHead(b []byte) sessionHead {
	n := func(at int) int { return int(binary.BigEndian.Uint32(b[at:])) }
	return sessionHead{row: n(0), events: n(4), count: n(8), part: int16(binary.BigEndian.Uint16(b[12:]))}
}

// session is one session of a batch, read again: its rows as its tables take them.
type session struct {
	number int // in the batch
	part   int16
	row    []byte
	events []byte // one row after another
	count  int    // of events
}

// Where a session's row and an event's hold what. A field is 4 bytes of length and its value.
const (
	atLoad     = 2 + 4          // load_id's value
	atLoadedAt = atLoad + 8 + 4 // loaded_at's
	atID       = atLoadedAt + 8 + (4 + 2)
	atAgent    = atID + 4 + 16
	atSeq      = 2 + (4 + 16)
)

// How many fields the rows have in staging, and after those that only matter there.
const (
	sessionFields, sessionOwn = 17, 14
	eventFields, eventOwn     = 9, 8
)

func (s *session) id() []byte { return s.row[atID+4 : atAgent] }

func (s *session) agent() []byte {
	return s.row[atAgent+4:][:binary.BigEndian.Uint32(s.row[atAgent:])]
}

// start is when it began.
func (s *session) start() time.Time {
	at := atAgent + 4 + len(s.agent()) + 4
	return time.UnixMicro(int64(binary.BigEndian.Uint64(s.row[at:])) + postgresEpoch)
}

// chunkReader reads batches' chunks again, one at a time.
type chunkReader struct {
	rows     []byte
	events   []byte
	sessions []session
}

// mostKept is how much of a chunk's memory is kept for the next. One session may have sixteen megabytes.
const mostKept = 4 * chunkBytes

// done hands the reader's memory on.
func (r *chunkReader) done() {
	if cap(r.rows)+cap(r.events) <= mostKept {
		readers.Put(r)
	}
}

// read returns a chunk's sessions in the order of their ids, which is that of their starts. They are valid until
// the next is read.
func (r *chunkReader) read(b *Batch, i int) ([]session, error) {
	from, to := b.sessions.chunks[i], chunk{session: len(b.sessions.twins), at: b.settled.offsets}
	if i+1 < len(b.sessions.chunks) {
		to = b.sessions.chunks[i+1]
	}
	rows, err := b.stages[rowsStage].spool.section(from.at[rowsStage], to.at[rowsStage], &r.rows)
	if err != nil {
		return nil, err
	}
	events, err := b.stages[childStage].spool.section(from.at[childStage], to.at[childStage], &r.events)
	if err != nil {
		return nil, err
	}
	r.sessions = slices.Grow(r.sessions[:0], to.session-from.session)
	for n := from.session; n < to.session; n++ {
		h := decodeHead(rows)
		rows = rows[headSize:]
		r.sessions = append(r.sessions, session{n, h.part, rows[:h.row:h.row], events[:h.events:h.events], h.count})
		rows, events = rows[h.row:], events[h.events:]
	}
	slices.SortFunc(r.sessions, func(a, b session) int { return bytes.Compare(a.id(), b.id()) })
	return r.sessions, nil
}

// cutRow cuts the first of several encoded rows off.
func cutRow(rows []byte, fields int) (row, rest []byte) {
	at := 2
	for range fields {
		n := int32(binary.BigEndian.Uint32(rows[at:]))
		at += 4 + int(max(0, n))
	}
	return rows[:at:at], rows[at:]
}
