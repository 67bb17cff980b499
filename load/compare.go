package load

import (
	"bytes"
	"context"
	"sync"

	"wheelhouse/internal/ledger"

	"github.com/jackc/pgx/v5"
)

// chunkSize is how many bytes of incoming rows are compared, and then applied, at a time.
const chunkSize = 2 << 20

// comparison compares a window's batch with one table.
type comparison struct {
	differ
	existing existingReader
	incoming *sorted
	pending  []record // taken from incoming and not compared yet
	records  []record // memory for a chunk
	over     bool     // incoming is at its end
}

// lists are memory that comparisons hand on to each other.
type lists struct {
	records []record
	stored  []stored
	changes []change
}

var spareLists = sync.Pool{New: func() any { return new(lists) }}

// newComparison prepares the comparison of a batch with the table of a given place in its stream's.
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

// run compares a stretch of keys after the other and hands the changes of each on. The changes are valid until take
// returns. take may write to the table: nothing of what it writes is read again.
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
				c.existing.limit *= 2 // all rows that were read are of one group
				c.pending = incoming
				continue
			}
			incoming, c.pending = incoming[:kept], incoming[kept:]
		} else {
			c.pending = nil
		}
		c.existing.found = existing // its memory is used again
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

// before cuts off what lies in the group of a key or behind it.
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

// lastKey is the greatest key of both sides.
func lastKey(t *Table, existing []stored, incoming []record) (last []byte) {
	if n := len(incoming); n > 0 {
		last = incoming[n-1].key
	}
	if n := len(existing); n > 0 && (last == nil || t.compare(existing[n-1].key, last) > 0) {
		last = existing[n-1].key
	}
	return last
}

// chunk takes the next incoming records, whole groups of them. They are valid until the next chunk is taken.
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
