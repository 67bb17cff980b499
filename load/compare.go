package load

import (
	"bytes"
	"context"
	"sync"

	"wheelhouse/internal/ledger"

	"github.com/jackc/pgx/v5"
)

// chunkSize is the bytes of incoming rows that are compared, and then applied, at a time.
const chunkSize = 2 << 20

// comparison compares a window's batch with one table.
type comparison struct {
	differ
	existing existingReader
	incoming *sorted
	pending  []record // taken from incoming, but not compared yet
	records  []record // memory of the current chunk
	over     bool     // incoming is at its end
}

// lists are memory that later comparisons use again.
type lists struct {
	records []record
	stored  []stored
	changes []change
}

var spareLists = sync.Pool{New: func() any { return new(lists) }}

// newComparison prepares the comparison of a batch with the stream's table number table.
func newComparison(tx pgx.Tx, w ledger.Window, b *Batch, table int, d differ) (*comparison, error) {
	incoming, err := b.sorters[table].read()
	if err != nil {
		return nil, err
	}
	d.Table, d.account, d.from, d.to = tablesOf(w.Stream)[table], w.Account, w.From, w.To
	return &comparison{
		differ:   d,
		existing: existingReader{tx: tx, table: d.Table, window: w, limit: existingLimit},
		incoming: incoming,
	}, nil
}

// run compares one stretch of keys after another, and calls take with the changes of each. The changes are valid until take
// returns. take may write to the table, because run does not read a stretch of keys again.
func (c *comparison) run(ctx context.Context, take func([]change) error) error {
	spare := spareLists.Get().(*lists)
	c.records, c.existing.found, c.changes = spare.records, spare.stored, spare.changes
	defer func() {
		*spare = lists{c.records, c.existing.found, c.changes}
		spareLists.Put(spare)
		c.existing.memory.release()
		c.incoming.stop()
	}()
	var at stretch
	for {
		incoming, err := c.chunk()
		if err != nil {
			return err
		}
		at.through = nil
		if !c.over {
			at.through = incoming[len(incoming)-1].key
		}
		existing, end, err := c.existing.read(ctx, at, incoming)
		if err != nil {
			return err
		}
		if end != nil {
			var kept int
			if existing, kept = c.before(end, existing, incoming); len(existing)+kept == 0 {
				c.existing.limit *= 2 // all rows that were read are of one group, and more may follow
				c.pending = incoming
				continue
			}
			incoming, c.pending = incoming[:kept], incoming[kept:]
		} else {
			c.pending = nil
		}
		c.existing.found = existing // to use its memory again
		last := bytes.Clone(lastKey(c.Table, existing, incoming))
		c.changes = c.changes[:0]
		c.diff(existing, incoming)
		if len(c.changes) > 0 {
			if err := take(c.changes); err != nil {
				return err
			}
		}
		if end == nil && at.through == nil {
			return nil
		}
		at.after = last
	}
}

// before returns the existing rows, and the number of incoming ones, whose groups come before the group of the key end.
func (c *comparison) before(end []byte, existing []stored, incoming []record) ([]stored, int) {
	before := func(key []byte) bool { return !c.sameGroup(key, end) && c.compare(key, end) < 0 }
	i, j := 0, 0
	for i < len(existing) && before(existing[i].key) {
		i++
	}
	for j < len(incoming) && before(incoming[j].key) {
		j++
	}
	return existing[:i], j
}

// lastKey returns the greatest key of both sides.
func lastKey(t *Table, existing []stored, incoming []record) (last []byte) {
	if n := len(incoming); n > 0 {
		last = incoming[n-1].key
	}
	if n := len(existing); n > 0 && (last == nil || t.compare(existing[n-1].key, last) > 0) {
		last = existing[n-1].key
	}
	return last
}

// chunk takes the next incoming records, in whole groups. They are valid until the next call.
func (c *comparison) chunk() ([]record, error) {
	all, size := c.records[:0], 0
	for _, r := range c.pending {
		all, size = append(all, r), size+len(r.row)+len(r.children)
	}
	c.over = false
	for {
		r, more, err := c.incoming.take()
		if err != nil {
			return nil, err
		}
		if !more {
			c.over, c.records = true, all
			return all, nil
		}
		if n := len(all); size > chunkSize && !c.sameGroup(all[n-1].key, r.key) {
			c.incoming.untake(r)
			c.records = all
			return all, nil
		}
		all, size = append(all, r), size+len(r.key)+len(r.row)+len(r.children)
	}
}
