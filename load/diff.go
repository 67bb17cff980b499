package load

import (
	"bytes"
	"slices"
	"time"
)

// action is the result of a diff for a row.
type action int

const (
	insert    action = iota // the row is new
	update                  // the row or its children differ
	unchanged               // the row and its children are equal
	remove                  // the window speaks for the row, but the batch does not have it
	keep                    // the existing row stays: a later answer has it, or it may only seem to be missing
	merge                   // the record adds nothing: it is the same as another one, or a later answer deleted its row
)

// change is one row of a diff.
type change struct {
	action
	incoming *record // nil: the batch does not have the row
	existing *stored // nil: the table does not have the row

	// staleChildren: the table of children has children of the row although the row does not exist. They are removed.
	staleChildren bool
}

// key returns the key of the row.
func (c *change) key() []byte {
	if c.incoming != nil {
		return c.incoming.key
	}
	return c.existing.key
}

// differ compares a window's rows of one table with the existing rows. The result depends on the fields and the rows only: a
// differ asks neither the database nor the clock.
type differ struct {
	*Table
	account  string
	from, to time.Time // the window
	now      time.Time // the load's time, for columns that store it

	newer     map[int64]bool  // loads whose answers were asked for later than this one
	newerSpan []span          // the windows of the complete ones among these loads
	rejected  map[string]bool // keys of rejects: each may be a row that seems to be missing
	// anyMayBeMissing: any row may only seem to be missing, because a part of the window could not be had, or because a record
	// without a key was rejected for the first time.
	anyMayBeMissing bool

	changes []change
	inScope int64 // existing rows for which the window speaks
}

type span struct{ from, to time.Time }

// matcher pairs the existing and the incoming rows of one group: rows with one key or, for sessions, with one start. Rows are
// in the order of keys, and incoming rows of one key in the order in which they came.
type matcher func(d *differ, existing []stored, incoming []record)

// diff is a merge join of both sides, group by group. Both are in the order of keys.
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

// matchByKey is the matcher of tables whose rows have a key from the API. Of several records with one key the last counts.
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
		d.unmatched(ours)
	}
}

func (d *differ) add(c change) { d.changes = append(d.changes, c) }

// pair adds the change for an incoming row and its existing row, nil if there is none. Both have the same key, or are one
// session.
func (d *differ) pair(existing *stored, incoming *record) {
	c := change{incoming: incoming, existing: existing}
	if existing != nil && existing.row == nil { // children without their parent
		c.existing, c.staleChildren, existing = nil, true, nil
	}
	if existing != nil && d.speaksFor(existing) {
		d.inScope++
	}
	switch {
	case existing == nil && d.newerOmits(incoming): // invariant 5
		c.action = merge
	case existing == nil:
		c.action = insert
	case d.newer[existing.load]: // invariant 5
		c.action = keep
	case !existing.deleted && bytes.Equal(existing.key, incoming.key) && bytes.Equal(existing.row, incoming.row) && bytes.Equal(existing.children, incoming.children):
		c.action = unchanged // invariant 4
	default:
		c.action = update
	}
	d.add(c)
}

// newerOmits tells whether a later answer speaks for a row that does not exist. That answer did not have the row.
func (d *differ) newerOmits(r *record) bool {
	return slices.ContainsFunc(d.newerSpan, func(s span) bool { return d.within(r.row, s.from, s.to) })
}

// unmatched adds the change, if any, for an existing row that the batch does not have.
func (d *differ) unmatched(existing *stored) {
	switch {
	case existing.row == nil:
		d.add(change{action: keep, existing: existing, staleChildren: !d.anyMayBeMissing})
	case d.speaksFor(existing):
		d.remove(existing)
	}
}

// remove adds the change for a row that the batch does not have although the window speaks for it.
func (d *differ) remove(existing *stored) {
	d.inScope++
	if d.newer[existing.load] || d.mayBeMissing(existing) {
		d.add(change{action: keep, existing: existing})
		return
	}
	d.add(change{action: remove, existing: existing})
}

// mayBeMissing tells whether the batch may not have a row although the API does: its record was rejected, or is in a part of the
// window that could not be had.
func (d *differ) mayBeMissing(s *stored) bool {
	return d.anyMayBeMissing || len(d.rejected) > 0 && d.rejected[d.rejectKey(d.Table, &s.record)]
}

// speaksFor tells whether the batch would have an existing row if the API still had the row.
func (d *differ) speaksFor(s *stored) bool {
	switch {
	case d.Deletion == NeverDelete || s.deleted:
		return false
	case d.Scope.All || d.Scope.Day:
		return true
	}
	return d.within(s.row, d.from, d.to)
}
