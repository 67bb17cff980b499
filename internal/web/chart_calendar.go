package web

import "time"

// calendarDay is a day of a calendar, with its state as class, letter and text.
type calendarDay struct {
	Day   time.Time
	Class string
	Mark  string // a letter, for people who cannot tell the colours apart; may be empty
	Title string
}

type calendarData struct {
	Cells  rects
	Months []label
	Days   []label
}

// calendarChart draws one column for each week, with Monday on top. It leaves out days before first.
func calendarChart(name, title, desc string, t *table, first time.Time, days []calendarDay) *chart {
	const left, top, step = 30.0, 18.0, 13.0
	d := calendarData{}
	monday := first.AddDate(0, 0, -weekday(first))
	place := func(day time.Time) (week, row int) {
		n := int(day.Sub(monday).Hours() / 24)
		return n / 7, n % 7
	}
	weeks := 0
	for _, c := range days {
		if c.Day.Before(first) {
			continue
		}
		week, row := place(c.Day)
		d.Cells = append(d.Cells, rect{X: left + float64(week)*step, Y: top + float64(row)*step, W: step - 2, H: step - 2, Class: c.Class, Mark: c.Mark,
			Value: c.Day.Format(time.DateOnly), Title: c.Title})
		weeks = max(weeks, week+1)
	}
	last := -3
	for day := first; weeks > 0; day = day.AddDate(0, 0, 1) {
		week, _ := place(day)
		if week >= weeks {
			break
		}
		if day.Day() != 1 && !day.Equal(first) || week > 0 && week == weeks-1 {
			continue // no month begins here, or its name does not fit
		}
		if week-last <= 2 { // a month with a few days only yields its place to the next month
			d.Months = d.Months[:0]
		}
		d.Months = append(d.Months, label{left + float64(week)*step, top - 6, "start", day.Format("Jan")})
		last = week
	}
	for _, i := range []int{0, 2, 4} {
		d.Days = append(d.Days, label{left - 5, top + float64(i)*step + 9, "end", weekdays[i][:3]})
	}
	return &chart{Name: name, Title: title, Desc: desc, Kind: "calendar", Table: t, Data: d, W: int(left + float64(max(weeks, 2))*step), H: int(top + 7*step)}
}

// weekday is the day of the week, counted from Monday = 0.
func weekday(t time.Time) int { return (int(t.Weekday()) + 6) % 7 }
