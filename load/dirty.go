package load

import (
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// dirtyDays collects the days of the rows that a window changed, as they were before and after the change. The rollups of these
// days are outdated (see package rollup).
type dirtyDays struct {
	// times has, for each quarter of an hour in which changed rows begin, the first and the last second of such a beginning, since
	// 1970. In no time zone does the date change twice in a quarter of an hour, so the two give all days. Days once began at any second.
	times map[int64][2]int64
	days  map[string]struct{} // days of changed rows of daily tables
	zoned bool                // rows with a Zoned column are inserted or updated
}

func (d *dirtyDays) add(t *Table, c *change) {
	d.zoned = d.zoned || t.zoned && (c.action == insert || c.action == update)
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
	if d.times == nil {
		d.times = map[int64][2]int64{}
	}
	second, quarter := begin.Unix(), begin.Truncate(15*time.Minute).Unix()
	switch ends, known := d.times[quarter]; {
	case !known:
		d.times[quarter] = [2]int64{second, second}
	case second < ends[0] || second > ends[1]:
		d.times[quarter] = [2]int64{min(ends[0], second), max(ends[1], second)}
	}
}

// mark queues the statement that marks the days.
func (d *dirtyDays) mark(batch *pgx.Batch, load int64, account string) {
	if len(d.times)+len(d.days) == 0 {
		return
	}
	var times []time.Time
	for _, ends := range d.times {
		times = append(times, time.Unix(ends[0], 0), time.Unix(ends[1], 0))
	}
	batch.Queue(statement["mark_dirty"], pgx.NamedArgs{"load": load, "account": account, "times": times, "days": slices.Sorted(maps.Keys(d.days))})
}
