package load

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"
)

// session is one session of a batch, read again: its rows as they are encoded for staging.
type session struct {
	number int // in the batch
	row    []byte
	events []byte // one row after another
	count  int    // of events
}

// Where a session's staging row holds what; the fields up to its id only matter there.
const (
	atNumber  = 2 + 4
	atID      = 2 + (4 + 8) + (4 + 2) + (4 + 32) // the field; its value is 4 bytes on
	atAgent   = atID + 4 + 16
	atEventID = 2 + (4 + 8) // an event's first field after its session's number
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

// chunkReader reads a batch's chunks again, one at a time.
type chunkReader struct {
	b        *Batch
	rows     []byte
	events   []byte
	sessions []session
}

// read returns a chunk's sessions in the order of their ids, which is that of their starts. They are valid until
// the next is read.
func (r *chunkReader) read(i int) ([]session, error) {
	from, to := r.b.sessions.chunks[i], chunk{session: len(r.b.sessions.twins), at: r.b.settled.offsets}
	if i+1 < len(r.b.sessions.chunks) {
		to = r.b.sessions.chunks[i+1]
	}
	rows, err := r.b.stages[rowsStage].spool.section(from.at[rowsStage], to.at[rowsStage], &r.rows)
	if err != nil {
		return nil, err
	}
	events, err := r.b.stages[childStage].spool.section(from.at[childStage], to.at[childStage], &r.events)
	if err != nil {
		return nil, err
	}
	r.sessions = r.sessions[:0]
	for n := from.session; n < to.session; n++ {
		s := session{number: n}
		s.row, rows = cutRow(rows, sessionFields)
		own := events
		for len(events) > 0 && bytes.Equal(events[atNumber:atNumber+8], s.row[atNumber:atNumber+8]) {
			_, events = cutRow(events, eventFields)
			s.count++
		}
		s.events = own[:len(own)-len(events)]
		r.sessions = append(r.sessions, s)
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
