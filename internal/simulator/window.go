package simulator

import (
	"errors"
	"net/url"
	"time"
)

// window is the interval that a request asks for, up to the present: later facts do not exist yet.
type window struct {
	from, to           time.Time
	askedFrom, askedTo string // as sent, or the default; some answers echo them
	bound              Bound
	now                time.Time
}

var (
	errBounds  = errors.New("from and to are required")
	errInstant = errors.New("from and to must be ISO 8601 date-times such as 2020-09-01T00:00:00Z")
	errOrder   = errors.New("from is after to")
)

// windowOf reads a request's bounds. The default is the last back days up to now. If back is 0, both bounds are required.
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

// allTime is the window of everything so far.
func allTime(now time.Time) window {
	return window{from: time.Unix(0, 0), to: now, bound: Inclusive, now: now}
}

// beforeEnd reports whether an instant lies before the window's end, as its bound defines that, and not in the future.
func (w *window) beforeEnd(t time.Time) bool {
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

func (w *window) contains(t time.Time) bool { return !t.Before(w.from) && w.beforeEnd(t) }

// last is an instant at or after every instant in the window.
func (w *window) last() time.Time {
	t := w.to.Add(time.Second)
	if t.After(w.now) {
		return w.now
	}
	return t
}

// selects reports whether the window selects a fact with the given start and end.
func (w *window) selects(by Selection, start, end time.Time) bool {
	switch by {
	case ByEnd:
		return w.contains(end)
	case ByOverlap:
		return w.beforeEnd(start) && !end.Before(w.from)
	}
	return w.contains(start)
}

// daysOf is the first and the last day with sessions or requests that a window can select. Selection by end or overlap
// includes facts that began before the window.
func (s *Simulator) daysOf(w window) (first, last int) {
	from := w.from
	if s.opts.Select != ByStart {
		from = from.Add(-maxSpan)
	}
	return max(0, s.cal.day(from)), s.cal.day(w.last())
}
