package load

import (
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// dirtyDays gathers the days of rows that a window changed, before and after the change. Rollups of these days are no
// longer right (see package rollup).
type dirtyDays struct {
	times map[int64]struct{}  // when such rows begin, to the minute, in seconds since 1970
	last  int64               // of these: rows come in the order of time, and share their minute with others
	days  map[string]struct{} // of daily tables
}

func (d *dirtyDays) add(t *Table, c *change) {
	if !t.rolledUp || c.action != insert && c.action != update && c.action != remove {
		return
	}
	if c.existing != nil {
		d.addRow(t, &c.existing.record)
	}
	if c.incoming != nil {
		d.addRow(t, c.incoming)
	}
}

func (d *dirtyDays) addRow(t *Table, r *record) {
	if t.Scope.Day {
		if d.days == nil {
			d.days = map[string]struct{}{}
		}
		d.days[typeDate.text(fieldAt(r.key, 0))] = struct{}{}
		return
	}
	begin, known := t.beginning(r.row)
	if !known {
		return
	}
	minute := begin.Truncate(time.Minute).Unix()
	if d.times == nil {
		d.times = map[int64]struct{}{}
	} else if minute == d.last {
		return
	}
	d.times[minute], d.last = struct{}{}, minute
}

// mark queues the marks.
func (d *dirtyDays) mark(batch *pgx.Batch, load int64, account string) {
	if len(d.times)+len(d.days) == 0 {
		return
	}
	var times []time.Time
	for _, n := range slices.Sorted(maps.Keys(d.times)) {
		times = append(times, time.Unix(n, 0))
	}
	batch.Queue(ledger["mark_dirty"], pgx.NamedArgs{"load": load, "account": account, "times": times, "days": slices.Sorted(maps.Keys(d.days))})
}
