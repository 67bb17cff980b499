package load

import (
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// dirtyDays collects the days of the rows that a window changed, as they were before and after the change. The rollups of these
// days are outdated (see package rollup).
type dirtyDays struct {
	days  map[string]struct{} // encoded
	zoned bool                // a row was written that has its day in the account's zone
}

func (d *dirtyDays) add(t *Table, c *change) {
	if c.action != insert && c.action != update && c.action != remove {
		return
	}
	d.zoned = d.zoned || t.localDay >= 0 && c.action != remove
	if !t.rolledUp {
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
	var day []byte
	switch {
	case t.Scope.Day:
		day = fieldAt(r.key, 0)
	case r.row != nil: // else there are children without their parent
		day = fieldAt(r.row, t.localDay)
	}
	if _, known := d.days[string(day)]; known || day == nil {
		return
	}
	if d.days == nil {
		d.days = map[string]struct{}{}
	}
	d.days[string(day)] = struct{}{}
}

// mark queues the statement that marks the days.
func (d *dirtyDays) mark(batch *pgx.Batch, load int64, account string) {
	if len(d.days) == 0 {
		return
	}
	var days []string
	for _, day := range slices.Sorted(maps.Keys(d.days)) {
		days = append(days, typeDate.text([]byte(day)))
	}
	batch.Queue(statement["mark_dirty"], pgx.NamedArgs{"load": load, "account": account, "days": days})
}
