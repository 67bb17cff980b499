package load

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
)

// columnType is a Postgres type, whose values are in Postgres's binary format.
type columnType struct {
	sql  string                // the name in SQL
	text func(v []byte) string // formats a value that is not NULL
	// compare orders two values that are not NULL as Postgres does, texts as with COLLATE "C". nil: no key has this type.
	compare func(a, b []byte) int
}

var (
	typeText        = &columnType{"text", func(v []byte) string { return string(v) }, bytes.Compare}
	typeBytea       = &columnType{"bytea", func(v []byte) string { return `\x` + hex.EncodeToString(v) }, bytes.Compare}
	typeUUID        = &columnType{"uuid", uuidText, bytes.Compare}
	typeSmallint    = &columnType{"smallint", integerText, compareSigned}
	typeInteger     = &columnType{"integer", integerText, compareSigned}
	typeBigint      = &columnType{"bigint", integerText, compareSigned}
	typeDate        = &columnType{"date", dateText, compareSigned}
	typeTimestamptz = &columnType{"timestamptz", timestamptzText, compareSigned}
	typeBoolean     = &columnType{"boolean", func(v []byte) string { return strconv.FormatBool(v[0] == 1) }, bytes.Compare}
	typeFloat       = &columnType{"double precision", floatText, nil}
	typeJSONB       = &columnType{"jsonb", func(v []byte) string { return string(v[1:]) }, nil}
	typeTextArray   = &columnType{"text[]", textArrayText, nil}
)

// Column is a column of a table as the loader writes it.
type Column struct {
	Name     string
	Personal bool // may hold data of a prospect or viewer: the values are never shown
	Additive bool // a count of a day: the count of several days is the sum of theirs

	Documented []string // all values that the API documents; nil: any value

	kind *columnType
}

// field is a column together with the function that encodes a row of type R into it. A column's name, type and value are
// brought together only here.
type field[R any] struct {
	Column
	encode func(*encoder, *R)
}

// personal marks a column whose values are never shown.
func personal[R any](f field[R]) field[R] {
	f.Personal = true
	return f
}

// documented lists all values of a column that the API documents. Other values are kept as sent, and status counts their rows.
func documented[R any](f field[R], values ...string) field[R] {
	f.Documented = values
	return f
}

// additive marks a count of a day. The count of several days is the sum of theirs.
func additive[R any](f field[R]) field[R] {
	f.Additive = true
	return f
}

func text[R any](name string, get func(*R) sql.Null[string]) field[R] {
	return field[R]{Column{Name: name, kind: typeText}, func(e *encoder, r *R) { e.nullText(get(r)) }}
}

func requiredText[R any](name string, get func(*R) string) field[R] {
	return field[R]{Column{Name: name, kind: typeText}, func(e *encoder, r *R) { e.text(get(r)) }}
}

func integer[R any](name string, get func(*R) sql.Null[int32]) field[R] {
	return field[R]{Column{Name: name, kind: typeInteger}, func(e *encoder, r *R) { e.nullInt4(get(r)) }}
}

func requiredInteger[R any](name string, get func(*R) int32) field[R] {
	return field[R]{Column{Name: name, kind: typeInteger}, func(e *encoder, r *R) { e.int4(get(r)) }}
}

func bigint[R any](name string, get func(*R) sql.Null[int64]) field[R] {
	return field[R]{Column{Name: name, kind: typeBigint}, func(e *encoder, r *R) { e.nullInt8(get(r)) }}
}

func requiredBigint[R any](name string, get func(*R) int64) field[R] {
	return field[R]{Column{Name: name, kind: typeBigint}, func(e *encoder, r *R) { e.int8(get(r)) }}
}

func float[R any](name string, get func(*R) sql.Null[float64]) field[R] {
	return field[R]{Column{Name: name, kind: typeFloat}, func(e *encoder, r *R) { e.nullFloat8(get(r)) }}
}

func boolean[R any](name string, get func(*R) sql.Null[bool]) field[R] {
	return field[R]{Column{Name: name, kind: typeBoolean}, func(e *encoder, r *R) { e.nullBool(get(r)) }}
}

func requiredBoolean[R any](name string, get func(*R) bool) field[R] {
	return field[R]{Column{Name: name, kind: typeBoolean}, func(e *encoder, r *R) { e.boolean(get(r)) }}
}

func timestamp[R any](name string, get func(*R) sql.Null[time.Time]) field[R] {
	return field[R]{Column{Name: name, kind: typeTimestamptz}, func(e *encoder, r *R) { e.nullTimestamptz(get(r)) }}
}

func requiredTimestamp[R any](name string, get func(*R) time.Time) field[R] {
	return field[R]{Column{Name: name, kind: typeTimestamptz}, func(e *encoder, r *R) { e.timestamptz(get(r)) }}
}

// date makes a column of a day, given as its midnight in UTC.
func date[R any](name string, get func(*R) time.Time) field[R] {
	return field[R]{Column{Name: name, kind: typeDate}, func(e *encoder, r *R) { e.date(get(r)) }}
}

// localDay makes the column local_day: the day of a moment in the account's zone.
func localDay[R any](at func(*R) time.Time) field[R] {
	return field[R]{Column{Name: "local_day", kind: typeDate}, func(e *encoder, r *R) { e.localDay(at(r)) }}
}

// nullLocalDay makes the column local_day of a moment that may be unknown.
func nullLocalDay[R any](at func(*R) sql.Null[time.Time]) field[R] {
	return field[R]{Column{Name: "local_day", kind: typeDate}, func(e *encoder, r *R) { orNull(e, at(r), e.localDay) }}
}

// localHour makes the column local_hour: the hour of a moment in the account's zone, 0 to 23.
func localHour[R any](at func(*R) time.Time) field[R] {
	return field[R]{Column{Name: "local_hour", kind: typeSmallint}, func(e *encoder, r *R) { e.localHour(at(r)) }}
}

func texts[R any](name string, get func(*R) sql.Null[[]string]) field[R] {
	return field[R]{Column{Name: name, kind: typeTextArray}, func(e *encoder, r *R) { e.textArray(get(r)) }}
}

// object makes a column of JSON, which must be as Postgres prints jsonb (see extract.Canonical), so that equal values are equal
// bytes.
func object[R any](name string, get func(*R) []byte) field[R] {
	return field[R]{Column{Name: name, kind: typeJSONB}, func(e *encoder, r *R) { e.jsonb(get(r)) }}
}

// extra makes the column of members that the program does not know. They may hold personal data.
func extra[R any](get func(*R) []byte) field[R] { return personal(object("extra", get)) }

func compareSigned(a, b []byte) int {
	if a[0]^b[0] >= 0x80 { // one of the two is negative
		return bytes.Compare(b[:1], a[:1])
	}
	return bytes.Compare(a, b)
}

func integerText(v []byte) string {
	switch len(v) {
	case 2:
		return strconv.Itoa(int(int16(binary.BigEndian.Uint16(v))))
	case 4:
		return strconv.Itoa(int(int32(binary.BigEndian.Uint32(v))))
	}
	return strconv.FormatInt(int64(binary.BigEndian.Uint64(v)), 10)
}

func uuidText(v []byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", v[:4], v[4:6], v[6:8], v[8:10], v[10:])
}

func floatText(v []byte) string {
	return strconv.FormatFloat(math.Float64frombits(binary.BigEndian.Uint64(v)), 'g', -1, 64)
}

func dateText(v []byte) string {
	return dayZero.AddDate(0, 0, int(int32(binary.BigEndian.Uint32(v)))).Format(time.DateOnly)
}

func timestamptzText(v []byte) string { return timeOf(v).Format("2006-01-02T15:04:05.999999-07:00") }

// timeOf decodes a timestamptz.
func timeOf(v []byte) time.Time {
	return time.UnixMicro(int64(binary.BigEndian.Uint64(v)) + postgresEpoch).UTC()
}

func textArrayText(v []byte) string {
	all := []string{}
	if binary.BigEndian.Uint32(v) > 0 {
		for v = v[20:]; len(v) > 0; {
			n := binary.BigEndian.Uint32(v)
			all, v = append(all, string(v[4:4+n])), v[4+n:]
		}
	}
	b, _ := json.Marshal(all) // of strings: never fails
	return string(b)
}
