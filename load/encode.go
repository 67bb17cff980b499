package load

import (
	"database/sql"
	"encoding/binary"
	"math"
	"time"
)

// COPY's binary format: a signature; for each row the count of its fields, and each field after its length (-1: NULL); a count
// of -1.
var (
	copyHeader  = append([]byte("PGCOPY\n\xff\r\n\x00"), make([]byte, 8)...)
	copyTrailer = []byte{0xff, 0xff}
)

// postgresEpoch is the moment from which Postgres counts microseconds.
const postgresEpoch = 946_684_800_000_000 // 2000-01-01 in microseconds since 1970

// encoder appends values as fields of COPY's binary format: the length in four bytes, and the value.
type encoder struct {
	b    []byte
	zone *time.Location // of localDay and localHour; nil: UTC
}

// field appends an encoded value; nil is NULL.
func (e *encoder) field(v []byte) {
	if v == nil {
		e.null()
	} else {
		e.bytea(v)
	}
}

func (e *encoder) size(n int)      { e.b = binary.BigEndian.AppendUint32(e.b, uint32(n)) }
func (e *encoder) null()           { e.b = append(e.b, 0xff, 0xff, 0xff, 0xff) }
func (e *encoder) uint16(n int)    { e.b = binary.BigEndian.AppendUint16(e.b, uint16(n)) }
func (e *encoder) uint32(v uint32) { e.b = binary.BigEndian.AppendUint32(e.b, v) }
func (e *encoder) uint64(v uint64) { e.b = binary.BigEndian.AppendUint64(e.b, v) }

func (e *encoder) int2(v int16) {
	e.b = append(e.b, 0, 0, 0, 2, byte(v>>8), byte(v))
}

func (e *encoder) int4(v int32) {
	e.b = append(e.b, 0, 0, 0, 4, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
}

func (e *encoder) int8(v int64) {
	e.b = append(e.b, 0, 0, 0, 8,
		byte(v>>56), byte(v>>48), byte(v>>40), byte(v>>32), byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
}

func (e *encoder) text(s string)  { e.size(len(s)); e.b = append(e.b, s...) }
func (e *encoder) bytea(p []byte) { e.size(len(p)); e.b = append(e.b, p...) }

func (e *encoder) boolean(v bool) {
	if v {
		e.b = append(e.b, 0, 0, 0, 1, 1)
	} else {
		e.b = append(e.b, 0, 0, 0, 1, 0)
	}
}

func (e *encoder) float8(v float64) { e.size(8); e.uint64(math.Float64bits(v)) }

func (e *encoder) timestamptz(v time.Time) { e.int8(v.UnixMicro() - postgresEpoch) }

// dayZero is the day from which Postgres counts days.
var dayZero = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// date appends a day, given as its midnight in UTC.
func (e *encoder) date(day time.Time) { e.int4(int32((day.Unix() - dayZero.Unix()) / (24 * 60 * 60))) }

// local returns a moment in the account's zone.
func (e *encoder) local(v time.Time) time.Time {
	if e.zone == nil {
		return v.UTC()
	}
	return v.In(e.zone)
}

func (e *encoder) localDay(v time.Time) {
	year, month, day := e.local(v).Date()
	e.date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

func (e *encoder) localHour(v time.Time) { e.int2(int16(e.local(v).Hour())) }

// jsonb appends JSON as version 1 of the binary format of jsonb, which is text. nil is NULL.
func (e *encoder) jsonb(json []byte) {
	if json == nil {
		e.null()
		return
	}
	e.size(1 + len(json))
	e.b = append(append(e.b, 1), json...)
}

const textOID = 25

func (e *encoder) textArray(v sql.Null[[]string]) {
	if !v.Valid {
		e.null()
		return
	}
	at := len(e.b)
	e.size(0)
	dimensions := uint32(0)
	if len(v.V) > 0 {
		dimensions = 1
	}
	e.uint32(dimensions)
	e.uint32(0) // no NULL inside
	e.uint32(textOID)
	if dimensions == 1 {
		e.uint32(uint32(len(v.V)))
		e.uint32(1) // the first subscript
		for _, s := range v.V {
			e.text(s)
		}
	}
	binary.BigEndian.PutUint32(e.b[at:], uint32(len(e.b)-at-4))
}

func (e *encoder) nullInt4(v sql.Null[int32])            { orNull(e, v, e.int4) }
func (e *encoder) nullInt8(v sql.Null[int64])            { orNull(e, v, e.int8) }
func (e *encoder) nullText(v sql.Null[string])           { orNull(e, v, e.text) }
func (e *encoder) nullBool(v sql.Null[bool])             { orNull(e, v, e.boolean) }
func (e *encoder) nullFloat8(v sql.Null[float64])        { orNull(e, v, e.float8) }
func (e *encoder) nullTimestamptz(v sql.Null[time.Time]) { orNull(e, v, e.timestamptz) }

func orNull[T any](e *encoder, v sql.Null[T], put func(T)) {
	if v.Valid {
		put(v.V)
	} else {
		e.null()
	}
}
