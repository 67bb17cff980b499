package load

import (
	"encoding/binary"
	"math"
	"time"

	"wheelhouse/transform"
)

// Postgres's binary COPY format: a signature, then for each row a count of fields and each field
// with its length (-1: NULL), then a count of -1.
var (
	copyHeader  = append([]byte("PGCOPY\n\xff\r\n\x00"), make([]byte, 8)...)
	copyTrailer = []byte{0xff, 0xff}
)

// Postgres counts times in microseconds from here.
const postgresEpoch = 946_684_800_000_000 // 2000-01-01 in microseconds since 1970

// tuple is a row, or some, being encoded for COPY BINARY.
type tuple struct{ b []byte }

func (t *tuple) start(fields int) {
	t.b = t.b[:0]
	t.fields(fields)
}

// fields begins one more row.
func (t *tuple) fields(n int) { t.b = binary.BigEndian.AppendUint16(t.b, uint16(n)) }

func (t *tuple) size(n int)      { t.b = binary.BigEndian.AppendUint32(t.b, uint32(n)) }
func (t *tuple) null()           { t.b = append(t.b, 0xff, 0xff, 0xff, 0xff) }
func (t *tuple) uint32(v uint32) { t.b = binary.BigEndian.AppendUint32(t.b, v) }
func (t *tuple) uint64(v uint64) { t.b = binary.BigEndian.AppendUint64(t.b, v) }

func (t *tuple) int2(v int16) {
	t.size(2)
	t.b = binary.BigEndian.AppendUint16(t.b, uint16(v))
}

func (t *tuple) int4(v int32) { t.size(4); t.uint32(uint32(v)) }
func (t *tuple) int8(v int64) { t.size(8); t.uint64(uint64(v)) }

func (t *tuple) text(s string)  { t.size(len(s)); t.b = append(t.b, s...) }
func (t *tuple) bytea(p []byte) { t.size(len(p)); t.b = append(t.b, p...) }

func (t *tuple) boolean(v bool) {
	t.size(1)
	if v {
		t.b = append(t.b, 1)
	} else {
		t.b = append(t.b, 0)
	}
}

func (t *tuple) float8(v float64) { t.size(8); t.uint64(math.Float64bits(v)) }

func (t *tuple) timestamptz(v time.Time) { t.int8(v.UnixMicro() - postgresEpoch) }

// jsonb is version 1 of the format: JSON as text. Nil is NULL.
func (t *tuple) jsonb(json []byte) {
	if json == nil {
		t.null()
		return
	}
	t.size(1 + len(json))
	t.b = append(append(t.b, 1), json...)
}

const textOID = 25

func (t *tuple) textArray(v transform.Null[[]string]) {
	if !v.Valid {
		t.null()
		return
	}
	at := len(t.b)
	t.size(0)
	dimensions := uint32(0)
	if len(v.V) > 0 {
		dimensions = 1
	}
	t.uint32(dimensions)
	t.uint32(0) // no NULL inside
	t.uint32(textOID)
	if dimensions == 1 {
		t.uint32(uint32(len(v.V)))
		t.uint32(1) // the first subscript
		for _, s := range v.V {
			t.text(s)
		}
	}
	binary.BigEndian.PutUint32(t.b[at:], uint32(len(t.b)-at-4))
}

func (t *tuple) nullInt4(v transform.Null[int32])            { orNull(t, v, t.int4) }
func (t *tuple) nullInt8(v transform.Null[int64])            { orNull(t, v, t.int8) }
func (t *tuple) nullText(v transform.Null[string])           { orNull(t, v, t.text) }
func (t *tuple) nullBool(v transform.Null[bool])             { orNull(t, v, t.boolean) }
func (t *tuple) nullFloat8(v transform.Null[float64])        { orNull(t, v, t.float8) }
func (t *tuple) nullTimestamptz(v transform.Null[time.Time]) { orNull(t, v, t.timestamptz) }

func orNull[T any](t *tuple, v transform.Null[T], put func(T)) {
	if v.Valid {
		put(v.V)
	} else {
		t.null()
	}
}
