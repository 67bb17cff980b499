package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// marks are the letters of the states, for people who cannot tell the colours apart.
var marks = map[string]string{unreconciled: "≠", failed: "×", gap: "G", due: "·"}

// calendar draws a stream's days. Its table has the stretches of days with the same state.
func (q *request) calendar(s *streamDays) *chart {
	t := q.table("days-of-"+strings.ReplaceAll(s.name, "_", "-"), s.name+": stretches of days with the same state", col("From"), col("To"), num("Days"), col("State"))
	t.Empty, t.Quiet = "Nothing is known about this stream in this range.", true
	days := make([]calendarDay, 0, len(s.days))
	begin := 0
	for i, d := range s.days {
		title := showDay(d.Day) + ": " + stateText[d.Status]
		if d.Error != nil {
			title += " (" + shorten(*d.Error, 80) + ")"
		}
		days = append(days, calendarDay{Day: d.Day, Class: "day-" + d.Status, Mark: marks[d.Status], Title: title})
		if i == len(s.days)-1 || s.days[i+1].Status != d.Status {
			from := s.days[begin].Day
			t.add(date(from).to(q.windowsOf(s.name, from, d.Day)), date(d.Day), count(int64(i-begin+1)), state(d.Status))
			begin = i + 1
		}
	}
	c := calendarChart("days-of-"+s.name, s.name, describe(s), t, q.firstDay(), days)
	c.Note = strings.TrimSuffix(describe(s), ".")
	return c
}

// firstDay is the first day of the range that the pipeline should load.
func (q *request) firstDay() time.Time {
	if q.From.Before(q.Account.HistoryFrom) {
		return q.Account.HistoryFrom
	}
	return q.From
}

// describe is a calendar as text.
func describe(s *streamDays) string {
	if len(s.days) == 0 {
		return "Nothing is known about this range."
	}
	var counts []string
	for _, status := range []string{loaded, unreconciled, failed, gap, due} {
		if n := s.counts[status]; n > 0 {
			text := stateText[status]
			if status == gap && n > 1 {
				text = "gaps"
			}
			counts = append(counts, showCount(n)+" "+text)
		}
	}
	return fmt.Sprintf("%s to %s: %s.", showDay(s.days[0].Day), showDay(s.days[len(s.days)-1].Day), strings.Join(counts, ", "))
}

// windowsOf is the address of a stream's windows over some days.
func (q *request) windowsOf(stream string, from, to time.Time) string {
	return q.Link("/pipeline/windows", "stream", stream, "days", "", "from", from.Format(time.DateOnly), "to", to.Format(time.DateOnly))
}

// attentionTable lists the days that need attention, newest first.
func (q *request) attentionTable(all []*streamDays) *table {
	t := q.table("troubled", "Days that need attention, newest first", col("Day"), col("Stream"), col("State"), col("Why"))
	t.Empty = "Every day of this range that is due is loaded and reconciled."
	var found []dayRow
	for _, s := range all {
		for _, d := range s.days {
			if d.Status != loaded && d.Status != due {
				found = append(found, d)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b dayRow) int { return cmp.Compare(b.Day.Unix(), a.Day.Unix()) })
	if len(found) > mostAttention {
		t.More = fmt.Sprintf("The newest %d of %s; the calendars show all.", mostAttention, showCount(int64(len(found))))
		found = found[:mostAttention]
	}
	for _, d := range found {
		why := map[string]string{unreconciled: "the rows differ from the API's own totals", gap: "never tried: `wheelhouse run` loads it"}[d.Status]
		t.add(date(d.Day).to(q.windowsOf(d.Stream, d.Day, d.Day)), text(d.Stream), state(d.Status), textOr(d.Error, why))
	}
	return t
}

// daysTable is every day of every stream, for the CSV.
func (q *request) daysTable(all []*streamDays) *table {
	t := q.table("days", "Every day of every stream", col("Stream"), col("Day"), col("State"), col("Why"))
	for _, s := range all {
		for _, d := range s.days {
			t.add(text(s.name), date(d.Day), state(d.Status), textOr(d.Error, ""))
		}
	}
	return t
}
