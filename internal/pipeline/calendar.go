package pipeline

import (
	"time"

	"wheelhouse/internal/ledger"
)

// A day is a time.Time: its midnight in UTC, whatever its zone.

// dayOf returns the day of a moment in a zone.
func dayOf(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// startOf returns the first moment of a day in a zone. Some zones have a day without a midnight (the clock goes from 23:59:59 to
// 01:00:00). One zone left out a date: the start of that date is the start of the next one. Days tile time without gap or overlap,
// and most have 23, 24 or 25 hours.
func startOf(day time.Time, zone *time.Location) time.Time {
	y, m, d := day.Date()
	// Bisect between a moment before the day and a moment in the day or later.
	early := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Add(-40 * time.Hour)
	late := early.Add(80 * time.Hour)
	for late.Sub(early) > time.Second {
		mid := early.Add(late.Sub(early) / 2).Truncate(time.Second)
		if dayOf(mid, zone).Before(day) {
			early = mid
		} else {
			late = mid
		}
	}
	return late
}

// lastDay returns the last day of a window.
func lastDay(w ledger.Window) time.Time { return dayOf(w.To.Add(-time.Second), w.Zone) }

// span is some days that make one window.
type span struct {
	day      time.Time // the first
	from, to time.Time
}

// cut cuts the days from first to last, both included, into spans of size days in a zone. Spans begin on multiples of size,
// counted from 1970, so that every range has the same spans.
func cut(first, last time.Time, size int, zone *time.Location) []span {
	var spans []span
	for day := first; !day.After(last); {
		n := int(day.Unix() / 86400)
		next := day.AddDate(0, 0, size-n%size)
		if after := last.AddDate(0, 0, 1); next.After(after) {
			next = after
		}
		s := span{day, startOf(day, zone), startOf(next, zone)}
		if s.from.Before(s.to) { // a date that the zone left out has no window
			spans = append(spans, s)
		}
		day = next
	}
	return spans
}
