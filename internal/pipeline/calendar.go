package pipeline

import "time"

// A day is named by its midnight in UTC, whatever the zone it is a day of.

// dayOf is the day of a moment in a zone.
func dayOf(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// startOf is the first moment of a day in a zone: where the calendar there has turned to it. Some zones
// have dates without a midnight (the clock goes from 23:59:59 to 01:00:00), and one has lacked a date: its start
// is the next one's. Days so started tile time without gap or overlap, and have 23, 24 or 25 hours.
func startOf(day time.Time, zone *time.Location) time.Time {
	y, m, d := day.Date()
	// Between a moment of the day before, at the latest, and one of the day itself or later.
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

// span is a stretch of days cut as one window.
type span struct {
	day      time.Time // the first
	from, to time.Time
}

// cut cuts the days from first to last, both included, into spans of so many days, in a zone. Spans begin
// on multiples of size counted from 1970, so that they are the same whatever range is asked for.
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
