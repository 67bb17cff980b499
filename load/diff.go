package load

import (
	"bytes"
	"slices"
	"time"
)

// action is what a diff says of a row.
type action int

const (
	insert    action = iota // the row is new
	update                  // the row, or its children, differ from what is there
	unchanged               // the same is there
	remove                  // the window speaks for the row and does not bring it
	keep                    // what is there stays: a later answer told of it
	merge                   // the record is another one again
)

// change is one row of a diff.
type change struct {
	action
	incoming *record // nil: the window does not bring the row
	existing *stored // nil: the row is not there

	// staleChildren: there are children of a row that is not there. They are removed, whatever becomes of the row.
	staleChildren bool
}

// key is the key of the row.
func (c *change) key() []byte {
	if c.incoming != nil {
		return c.incoming.key
	}
	return c.existing.key
}

// differ compares what a window brings of one table with what is there. It is a pure function of its fields and of the
// rows: it asks neither the database nor the clock.
type differ struct {
	*Table
	account  string
	from, to time.Time // the window
	now      time.Time // for rows whose own time is the load's

	newer     map[int64]bool  // loads whose answers were asked for later than this one
	newerSpan []span          // the windows of those that are complete
	rejected  map[string]bool // keys of records that were set aside: they may be rows that are missing
	suspect   bool            // any row may be missing: parts could not be had, or a record without a key was set aside for the first time

	changes []change
	held    int64 // rows that are there and for which the window speaks
}

type span struct{ from, to time.Time }

// matcher pairs the rows that are there with those that a window brings, of one group: rows of one key or, for sessions,
// of one start. Rows are in the order of keys, and incoming ones of one key in the order in which they came.
type matcher func(d *differ, existing []stored, incoming []record)

// diff is a merge join of both sides, each in the order of its keys, group by group.
func (d *differ) diff(existing []stored, incoming []record) {
	for len(existing) > 0 || len(incoming) > 0 {
		first := d.firstKey(existing, incoming)
		i := slices.IndexFunc(existing, func(s stored) bool { return !d.sameGroup(first, s.key) })
		j := slices.IndexFunc(incoming, func(r record) bool { return !d.sameGroup(first, r.key) })
		if i < 0 {
			i = len(existing)
		}
		if j < 0 {
			j = len(incoming)
		}
		d.match(d, existing[:i], incoming[:j])
		existing, incoming = existing[i:], incoming[j:]
	}
}

func (d *differ) firstKey(existing []stored, incoming []record) []byte {
	switch {
	case len(existing) == 0:
		return incoming[0].key
	case len(incoming) == 0 || d.compare(existing[0].key, incoming[0].key) <= 0:
		return existing[0].key
	}
	return incoming[0].key
}

// sameGroup tells whether two keys are of one group.
func (t *Table) sameGroup(a, b []byte) bool {
	if t.sessionKeys {
		return startOf(a) == startOf(b)
	}
	return bytes.Equal(a, b)
}

// matchByKey is the matcher of tables whose rows the API itself gives a key. The last record of a key is the row.
func matchByKey(d *differ, existing []stored, incoming []record) {
	for i := range incoming[:max(0, len(incoming)-1)] {
		d.add(change{action: merge, incoming: &incoming[i]})
	}
	var ours *stored
	if len(existing) > 0 {
		ours = &existing[0]
	}
	if len(incoming) > 0 {
		d.pair(ours, &incoming[len(incoming)-1])
	} else {
		d.lacks(ours)
	}
}

func (d *differ) add(c change) { d.changes = append(d.changes, c) }

// pair says what becomes of a row that the window brings. existing is the row that is there, nil if there is none; its
// key is the incoming one's.
func (d *differ) pair(existing *stored, incoming *record) {
	c := change{incoming: incoming, existing: existing}
	if existing != nil && existing.row == nil { // children without their parent
		c.existing, c.staleChildren, existing = nil, true, nil
	}
	if existing != nil && d.speaksFor(existing) {
		d.held++
	}
	switch {
	case existing == nil && d.toldOtherwise(incoming):
		c.action = merge
	case existing == nil:
		c.action = insert
	case d.newer[existing.load]:
		c.action = keep
	case !existing.deleted && bytes.Equal(existing.key, incoming.key) && bytes.Equal(existing.row, incoming.row) && bytes.Equal(existing.children, incoming.children):
		c.action = unchanged
	default:
		c.action = update
	}
	d.add(c)
}

// toldOtherwise tells whether a later answer spoke for a row and did not bring it.
func (d *differ) toldOtherwise(r *record) bool {
	return slices.ContainsFunc(d.newerSpan, func(s span) bool { return d.within(r.row, s.from, s.to) })
}

// lacks says what becomes of a row that is there and that the window does not bring.
func (d *differ) lacks(existing *stored) {
	switch {
	case existing.row == nil:
		d.add(change{action: keep, existing: existing, staleChildren: !d.suspect})
	case d.speaksFor(existing):
		d.remove(existing)
	}
}

// remove removes a row that the window does not bring, unless there is a reason to keep it.
func (d *differ) remove(existing *stored) {
	d.held++
	if d.newer[existing.load] || d.mayBeMissing(existing) {
		d.add(change{action: keep, existing: existing})
		return
	}
	d.add(change{action: remove, existing: existing})
}

// mayBeMissing tells whether a row may be missing although the API still has it: its record was set aside, or is in a part
// that could not be had.
func (d *differ) mayBeMissing(s *stored) bool {
	return d.suspect || len(d.rejected) > 0 && d.rejected[d.rejectKey(d.Table, &s.record)]
}

// speaksFor tells whether the window would have brought a row that is there, if the API still had it.
func (d *differ) speaksFor(s *stored) bool {
	switch {
	case d.Deletion == NeverDelete || s.deleted:
		return false
	case d.Scope.All || d.Scope.Day:
		return true
	}
	return d.within(s.row, d.from, d.to)
}
