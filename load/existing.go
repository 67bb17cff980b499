package load

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"

	"wheelhouse/internal/ledger"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// existingLimit is the number of existing rows that are read at a time. A window with more is compared in several stretches of
// keys.
const existingLimit = 8192

// existingReader reads the existing rows of one table for one window.
type existingReader struct {
	tx     pgx.Tx
	table  *Table
	window ledger.Window
	limit  int
	memory arena // of the rows that were read last
	found  []stored
}

// stretch is an interval of keys.
type stretch struct {
	after   []byte // begins after this key; nil: with the first key
	through []byte // ends with this key, for sessions with the last key of its start; nil: with the last key
}

// read reads the rows of a stretch for which the window speaks, and the rows with the keys of incoming, with their children and
// in the order of keys. If it reached the limit, end is the key of the last row: rows of that group and of later ones may be
// missing.
func (r *existingReader) read(ctx context.Context, s stretch, incoming []record) (found []stored, end []byte, err error) {
	r.memory.release()
	if r.table.sessionKeys {
		return r.readSessions(ctx, s, incoming)
	}
	args := r.window.Args()
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
	family := r.family(found)
	err = eachRaw(ctx, r.tx, query{statements.existingChildren, args, family.addChild})
	return family.end(), end, err
}

// missing returns the incoming records whose keys were not found, one for each key.
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

// cutOff returns the key of the last row if there may be more rows, and nil if not.
func (r *existingReader) cutOff(found []stored) []byte {
	if len(found) < r.limit {
		return nil
	}
	return found[len(found)-1].key
}

// readSessions reads sessions by intervals of their ids, which begin with their starts. It reads the sessions that began in the
// window, and those that began together with an incoming session from outside of the window.
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
	within, outside := r.family(nil), r.family(nil)
	var queries []query // sent in one round trip
	if bytes.Compare(low[:], high[:]) < 0 {
		if within.found, err = r.rows(ctx, statements.existing, args); err != nil {
			return nil, nil, err
		}
		if end = r.cutOff(within.found); end != nil { // leave out events of later sessions
			past := firstID(startOf(end) + 1)
			args["high"] = uuidText(past[:])
		}
		queries = append(queries, query{statements.existingChildren, args, within.addChild})
	}
	if len(lows) > 0 {
		args := pgx.NamedArgs{"account": r.window.Account, "lows": lows, "highs": highs}
		queries = append(queries, query{statements.outside, args, outside.add}, query{statements.outsideChildren, args, outside.addChild})
	}
	if len(queries) > 0 {
		if err := eachRaw(ctx, r.tx, queries...); err != nil {
			return nil, nil, err
		}
	}
	found = within.end()
	if more := outside.end(); len(more) > 0 {
		found = append(found, more...)
		slices.SortStableFunc(found, func(a, b stored) int { return r.table.compare(a.key, b.key) })
	}
	return found, end, nil
}

// rows reads rows without their children.
func (r *existingReader) rows(ctx context.Context, sql string, args pgx.NamedArgs) ([]stored, error) {
	all := r.family(r.found[:0])
	r.found = nil // the first statement has its memory
	err := eachRaw(ctx, r.tx, query{sql, args, all.add})
	return all.found, err
}

// family collects existing rows and then their children, both in the order of keys.
type family struct {
	*existingReader
	found    []stored
	orphans  []stored // children without a parent: each is a row without columns
	next     int      // index of the first row that may be the parent of the next child
	key      []byte   // of the parent of the current children; nil: there are none
	children encoder  // the current children
}

func (r *existingReader) family(found []stored) *family {
	return &family{existingReader: r, found: found}
}

// add adds a row.
func (f *family) add(v [][]byte) {
	keys, columns := len(f.table.Key), len(f.table.Columns)
	s := stored{load: int64(binary.BigEndian.Uint64(v[keys+columns])), deleted: v[keys+columns+1][0] == 1}
	s.key, s.row = f.encode(v[:keys]), f.encode(v[keys:keys+columns])
	f.found = append(f.found, s)
}

// addChild adds a child. All rows must have been added before.
func (f *family) addChild(v [][]byte) {
	shared := f.table.sharedKey
	if !f.isKey(f.key, v[:shared]) {
		f.endChildren()
		f.key, f.children.b = joined(f.key[:0], v[:shared]), f.children.b[:0]
	}
	at := len(f.children.b)
	f.children.uint32(0)
	for _, value := range v[shared:] {
		f.children.field(value)
	}
	binary.BigEndian.PutUint32(f.children.b[at:], uint32(len(f.children.b)-at-4))
}

// endChildren gives the current children to their parent.
func (f *family) endChildren() {
	if len(f.key) == 0 {
		return
	}
	for f.next < len(f.found) && f.compareShared(f.found[f.next].key, f.key) < 0 {
		f.next++
	}
	if f.next < len(f.found) && f.compareShared(f.found[f.next].key, f.key) == 0 {
		f.found[f.next].children = f.clone(f.children.b)
	} else {
		f.orphans = append(f.orphans, stored{record: record{key: f.orphanKey(f.key), children: f.clone(f.children.b)}})
	}
}

// end returns the rows with their children.
func (f *family) end() []stored {
	f.endChildren()
	if len(f.orphans) > 0 {
		f.found = append(f.found, f.orphans...)
		slices.SortStableFunc(f.found, func(a, b stored) int { return f.table.compare(a.key, b.key) })
	}
	return f.found
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

// joined appends the encoding of values.
func joined(b []byte, values [][]byte) []byte {
	e := encoder{b: b}
	for _, v := range values {
		e.field(v)
	}
	return e.b
}

// compareShared compares the shared columns of a row's key with those of a child's key.
func (r *existingReader) compareShared(key, shared []byte) int {
	if r.table.sessionKeys {
		return bytes.Compare(key[:len(shared)], shared)
	}
	return r.table.compare(key, shared)
}

// orphanKey makes a whole key for children without a parent.
func (r *existingReader) orphanKey(shared []byte) []byte {
	if !r.table.sessionKeys {
		return slices.Clone(shared)
	}
	e := encoder{b: slices.Clone(shared)}
	e.int2(0)
	return e.b
}

// encode encodes values into the reader's memory.
func (r *existingReader) encode(values [][]byte) []byte {
	size := 0
	for _, v := range values {
		size += 4 + len(v)
	}
	e := encoder{b: r.memory.take(size)[:0]}
	for _, v := range values {
		e.field(v)
	}
	return e.b
}

// keyValue returns a column of an encoded key as an argument of a statement; nil if key is nil.
func keyValue(c Column, key []byte, i int) any {
	if key == nil {
		return nil
	}
	return c.kind.text(fieldAt(key, i))
}

// keyValues returns a column of the keys of records as an argument of a statement.
func keyValues(c Column, i int, records []record) any {
	values := make([]string, len(records))
	for n := range records {
		values[n] = c.kind.text(fieldAt(records[n].key, i))
	}
	return values
}

// query is a statement with the function that takes each of its rows: values in Postgres's binary format, valid until row
// returns.
type query struct {
	sql  string
	args pgx.NamedArgs
	row  func(v [][]byte)
}

// eachRaw sends queries in one round trip and reads their rows, one query after another.
func eachRaw(ctx context.Context, tx pgx.Tx, queries ...query) error {
	var batch pgconn.Batch
	for _, q := range queries {
		sql, args, err := q.args.RewriteQuery(ctx, tx.Conn(), q.sql, nil)
		if err != nil {
			return err
		}
		var params pgx.ExtendedQueryBuilder
		if err := params.Build(tx.Conn().TypeMap(), nil, args); err != nil {
			return err
		}
		batch.ExecParams(sql, params.ParamValues, nil, params.ParamFormats, []int16{pgx.BinaryFormatCode})
	}
	results := tx.Conn().PgConn().ExecBatch(ctx, &batch)
	for i := 0; results.NextResult(); i++ {
		for rows := results.ResultReader(); rows.NextRow(); {
			queries[i].row(rows.Values())
		}
	}
	return results.Close()
}
