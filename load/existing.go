package load

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"

	"github.com/jackc/pgx/v5"
)

// existingLimit is how many rows of a table are read at a time. A window that holds more is compared a stretch of keys
// after the other.
const existingLimit = 8192

// existingReader reads what is there of one table, for one window.
type existingReader struct {
	tx     pgx.Tx
	table  *Table
	window Window
	limit  int
	memory arena // of the rows that were read last
	found  []stored
}

// stretch is a stretch of keys in their order.
type stretch struct {
	after   []byte // what lies at or before this key was read before; nil: from the first
	through []byte // up to this key, and for sessions up to the last of its start; nil: up to the last
}

// read reads the rows of a stretch of keys for which the window speaks, and those whose keys it brings, all with their
// children. They come in the order of keys. Where the limit was reached, end is the key of the last row that was read: rows
// from its group on may be missing.
func (r *existingReader) read(ctx context.Context, s stretch, incoming []record) (found []stored, end []byte, err error) {
	r.memory.release()
	if r.table.sessionKeys {
		return r.readSessions(ctx, s, incoming)
	}
	args := r.window.args()
	args["limit"] = r.limit
	for i, c := range r.table.Key {
		args[param("after", i)], args[param("through", i)] = keyValue(c, s.after, i), keyValue(c, s.through, i)
	}
	statements := r.table.statements()
	if statements.existing != "" {
		if found, err = r.rows(ctx, statements.existing, args); err != nil {
			return nil, nil, err
		}
		end = r.cutOff(found)
	}
	if missing := r.missing(found, incoming); r.table.findByKey && len(missing) > 0 {
		for i, c := range r.table.Key {
			args[param("keys", i)] = keyValues(c, i, missing)
		}
		more, err := r.rows(ctx, statements.byKey, args)
		if err != nil {
			return nil, nil, err
		}
		found = append(found, more...)
		slices.SortStableFunc(found, func(a, b stored) int { return r.table.compare(a.key, b.key) })
	}
	if r.table.children == nil {
		return found, end, nil
	}
	parents := r.missing(found, incoming)
	for _, f := range found {
		parents = append(parents, f.record)
	}
	for i, c := range r.table.Key[:r.table.sharedKey] {
		args[param("keys", i)] = keyValues(c, i, parents)
	}
	found, err = r.withChildren(ctx, statements.existingChildren, args, found)
	return found, end, err
}

// missing are the records whose keys are not among what was found. A key that comes twice is there once.
func (r *existingReader) missing(found []stored, incoming []record) (missing []record) {
	next := 0
	for i := range incoming {
		if i > 0 && bytes.Equal(incoming[i].key, incoming[i-1].key) {
			continue
		}
		for next < len(found) && r.table.compare(found[next].key, incoming[i].key) < 0 {
			next++
		}
		if next == len(found) || !bytes.Equal(found[next].key, incoming[i].key) {
			missing = append(missing, incoming[i])
		}
	}
	return missing
}

// cutOff is the key of the last row where there may be more.
func (r *existingReader) cutOff(found []stored) []byte {
	if len(found) < r.limit {
		return nil
	}
	return found[len(found)-1].key
}

// readSessions reads sessions by stretches of their ids, which begin with their starts: those that began in the window,
// and those that start together with sessions of other times that the window brings.
func (r *existingReader) readSessions(ctx context.Context, s stretch, incoming []record) (found []stored, end []byte, err error) {
	low, high := firstID(r.window.From.UnixMilli()), firstID(r.window.To.UnixMilli())
	if s.after != nil {
		if next := firstID(startOf(s.after) + 1); bytes.Compare(next[:], low[:]) > 0 {
			low = next
		}
	}
	if s.through != nil {
		if next := firstID(startOf(s.through) + 1); bytes.Compare(next[:], high[:]) < 0 {
			high = next
		}
	}
	args := pgx.NamedArgs{"account": r.window.Account, "limit": r.limit, "low": uuidText(low[:]), "high": uuidText(high[:])}
	var lows, highs []string
	last := int64(-1 << 62)
	for i := range incoming {
		start := startOf(incoming[i].key)
		from, to := firstID(start), firstID(start+1)
		if start == last || bytes.Compare(from[:], low[:]) >= 0 && bytes.Compare(to[:], high[:]) <= 0 {
			continue
		}
		last = start
		lows, highs = append(lows, uuidText(from[:])), append(highs, uuidText(to[:]))
	}
	statements := r.table.statements()
	if bytes.Compare(low[:], high[:]) < 0 {
		if found, err = r.rows(ctx, statements.existing, args); err != nil {
			return nil, nil, err
		}
		if end = r.cutOff(found); end != nil { // no events of later sessions
			past := firstID(startOf(end) + 1)
			args["high"] = uuidText(past[:])
		}
		if found, err = r.withChildren(ctx, statements.existingChildren, args, found); err != nil {
			return nil, nil, err
		}
	}
	if len(lows) > 0 {
		args["lows"], args["highs"] = lows, highs
		outside, err := r.rows(ctx, statements.outside, args)
		if err != nil {
			return nil, nil, err
		}
		if outside, err = r.withChildren(ctx, statements.outsideChildren, args, outside); err != nil {
			return nil, nil, err
		}
		found = append(found, outside...)
		slices.SortStableFunc(found, func(a, b stored) int { return r.table.compare(a.key, b.key) })
	}
	return found, end, nil
}

// rows reads rows without their children.
func (r *existingReader) rows(ctx context.Context, sql string, args pgx.NamedArgs) (found []stored, err error) {
	keys, columns := len(r.table.Key), len(r.table.Columns)
	found, r.found = r.found[:0], nil // for the first of several statements
	err = eachRaw(ctx, r.tx, sql, args, func(v [][]byte) {
		s := stored{load: int64(binary.BigEndian.Uint64(v[keys+columns])), deleted: v[keys+columns+1][0] == 1}
		s.key, s.row = r.encode(v[:keys]), r.encode(v[keys:keys+columns])
		found = append(found, s)
	})
	return found, err
}

// withChildren gives rows their children. Children without a row become a row of their own, which has no columns.
func (r *existingReader) withChildren(ctx context.Context, sql string, args pgx.NamedArgs, found []stored) ([]stored, error) {
	shared, next := r.table.sharedKey, 0
	var orphans []stored
	var children encoder
	var key []byte // the parent's, of the children being gathered
	gathered := func() {
		for next < len(found) && r.compareShared(found[next].key, key) < 0 {
			next++
		}
		if next < len(found) && r.compareShared(found[next].key, key) == 0 {
			found[next].children = r.clone(children.b)
		} else {
			orphans = append(orphans, stored{record: record{key: r.orphanKey(key), children: r.clone(children.b)}})
		}
	}
	err := eachRaw(ctx, r.tx, sql, args, func(v [][]byte) {
		if !r.isKey(key, v[:shared]) {
			if key != nil {
				gathered()
			}
			key, children.b = joined(v[:shared]), children.b[:0]
		}
		at := len(children.b)
		children.uint32(0)
		for _, value := range v[shared:] {
			children.field(value)
		}
		binary.BigEndian.PutUint32(children.b[at:], uint32(len(children.b)-at-4))
	})
	if key != nil {
		gathered()
	}
	if len(orphans) > 0 {
		found = append(found, orphans...)
		slices.SortStableFunc(found, func(a, b stored) int { return r.table.compare(a.key, b.key) })
	}
	return found, err
}

// isKey tells whether an encoded key has these values.
func (r *existingReader) isKey(key []byte, values [][]byte) bool {
	for _, v := range values {
		if len(key) == 0 {
			return false
		}
		var own []byte
		if own, key = cut(key); !bytes.Equal(own, v) {
			return false
		}
	}
	return true
}

func (r *existingReader) clone(b []byte) []byte {
	piece := r.memory.take(len(b))
	copy(piece, b)
	return piece
}

// joined encodes values.
func joined(values [][]byte) []byte {
	var e encoder
	for _, v := range values {
		e.field(v)
	}
	return e.b
}

// compareShared orders by the columns of the key that children repeat.
func (r *existingReader) compareShared(key, shared []byte) int {
	if r.table.sessionKeys {
		return bytes.Compare(key[:len(shared)], shared)
	}
	return r.table.compare(key, shared)
}

// orphanKey completes the key of children without their parent.
func (r *existingReader) orphanKey(shared []byte) []byte {
	if !r.table.sessionKeys {
		return shared
	}
	e := encoder{slices.Clone(shared)}
	e.int2(0)
	return e.b
}

// encode encodes values into the reader's memory.
func (r *existingReader) encode(values [][]byte) []byte {
	size := 0
	for _, v := range values {
		size += 4 + len(v)
	}
	e := encoder{r.memory.take(size)[:0]}
	for _, v := range values {
		e.field(v)
	}
	return e.b
}

// keyValue is a column of an encoded key as an argument; nil where there is no key.
func keyValue(c Column, key []byte, i int) any {
	if key == nil {
		return nil
	}
	return c.kind.text(fieldAt(key, i))
}

// keyValues is a column of records' keys as an argument.
func keyValues(c Column, i int, records []record) any {
	values := make([]string, len(records))
	for n := range records {
		values[n] = c.kind.text(fieldAt(records[n].key, i))
	}
	return values
}

// eachRaw calls f for each row of a query, with its columns in Postgres's binary format, valid until f returns.
func eachRaw(ctx context.Context, tx pgx.Tx, sql string, named pgx.NamedArgs, f func(v [][]byte)) error {
	sql, args, err := named.RewriteQuery(ctx, tx.Conn(), sql, nil)
	if err != nil {
		return err
	}
	var params pgx.ExtendedQueryBuilder
	if err := params.Build(tx.Conn().TypeMap(), nil, args); err != nil {
		return err
	}
	rows := tx.Conn().PgConn().ExecParams(ctx, sql, params.ParamValues, nil, params.ParamFormats, []int16{pgx.BinaryFormatCode})
	for rows.NextRow() {
		f(rows.Values())
	}
	_, err = rows.Close()
	return err
}
