package web

import "time"

// calendarDay is a day of a calendar: its state by class, letter and words.
type calendarDay struct {
	Day   time.Time
	Class string
	Mark  string // a letter, so that colour is not all; may be empty
	Title string
}

type calendarData struct {
	Cells  []rect
	Months []label
	Days   []label
}

// calendarChart draws days in order, without holes: a column a week, Monday on top.
func calendarChart(name, title, desc string, t *table, days []calendarDay) *chart {
	const left, top, step = 30.0, 18.0, 13.0
	d := calendarData{}
	weeks := 0
	if len(days) > 0 {
		monday := days[0].Day.AddDate(0, 0, -weekday(days[0].Day))
		lastLabel := -10.0
		for i, c := range days {
			n := int(c.Day.Sub(monday).Hours() / 24)
			week, row := n/7, n%7
			x := left + float64(week)*step
			if (c.Day.Day() == 1 || i == 0) && x-lastLabel > 2*step {
				d.Months = append(d.Months, label{x, top - 6, "start", c.Day.Format("Jan")})
				lastLabel = x
			}
			d.Cells = append(d.Cells, rect{X: x, Y: top + float64(row)*step, W: step - 2, H: step - 2, Class: c.Class, Mark: c.Mark,
				Value: c.Day.Format(time.DateOnly), Title: c.Title})
			weeks = max(weeks, week+1)
		}
	}
	for _, i := range []int{0, 2, 4} {
		d.Days = append(d.Days, label{left - 5, top + float64(i)*step + 9, "end", weekdays[i][:3]})
	}
	return &chart{Name: name, Title: title, Desc: desc, Kind: "calendar", Table: t, Data: d, W: int(left + float64(weeks)*step), H: int(top + 7*step)}
}

// weekday counts from Monday, 0.
func weekday(t time.Time) int { return (int(t.Weekday()) + 6) % 7 }
