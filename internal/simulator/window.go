package simulator

import (
	"errors"
	"net/url"
	"time"
)

// window is the range a request asks for, cut off at the present: later facts do not exist yet.
type window struct {
	from, to           time.Time
	askedFrom, askedTo string // as sent, or the default written out; for answers that echo them
	bound              Bound
	now                time.Time
}

var (
	errBounds  = errors.New("from and to are required")
	errInstant = errors.New("from and to must be ISO 8601 date-times such as 2020-09-01T00:00:00Z")
	errOrder   = errors.New("from is after to")
)

// windowOf reads a request's bounds. Without both, the last back days are meant; back 0 makes both required.
func (s *Simulator) windowOf(q url.Values, now time.Time, back int) (window, error) {
	w := window{bound: s.opts.To, now: now, askedFrom: q.Get("from"), askedTo: q.Get("to")}
	if back == 0 && (w.askedFrom == "" || w.askedTo == "") {
		return w, errBounds
	}
	if w.askedFrom == "" {
		w.askedFrom = now.AddDate(0, 0, -back).Format(time.RFC3339)
	}
	var err, err2 error
	w.from, err = time.Parse(time.RFC3339, w.askedFrom)
	if w.to = now; w.askedTo == "" {
		w.askedTo = now.Format(time.RFC3339)
	} else {
		w.to, err2 = time.Parse(time.RFC3339, w.askedTo)
	}
	switch {
	case err != nil || err2 != nil:
		return w, errInstant
	case w.from.After(w.to):
		return w, errOrder
	}
	return w, nil
}

// always is the window without bounds.
func always(now time.Time) window {
	return window{from: time.Unix(0, 0), to: now, bound: Inclusive, now: now}
}

// reaches tells whether an instant lies before the window's end, by its kind of bound, and not in the future.
func (w *window) reaches(t time.Time) bool {
	if t.After(w.now) {
		return false
	}
	switch w.bound {
	case Exclusive:
		return t.Before(w.to)
	case WholeSecond:
		return t.Before(w.to.Truncate(time.Second).Add(time.Second))
	}
	return !t.After(w.to)
}

func (w *window) holds(t time.Time) bool { return !t.Before(w.from) && w.reaches(t) }

// last is a moment not before any that the window holds.
func (w *window) last() time.Time {
	t := w.to.Add(time.Second)
	if t.After(w.now) {
		return w.now
	}
	return t
}

// selects tells whether the window selects what began and ended then.
func (w *window) selects(by Selection, start, end time.Time) bool {
	switch by {
	case ByEnd:
		return w.holds(end)
	case ByOverlap:
		return w.reaches(start) && !end.Before(w.from)
	}
	return w.holds(start)
}

// daysOf are the days whose sessions and requests a window can select: by end or overlap, also those begun before it.
func (s *Simulator) daysOf(w window) (first, last int) {
	from := w.from
	if s.opts.Select != ByStart {
		from = from.Add(-maxSpan)
	}
	return max(0, s.cal.day(from)), s.cal.day(w.last())
}
