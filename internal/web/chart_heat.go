package web

import "fmt"

// heat is one hour of a week. A nil value means none.
type heat struct {
	Value *float64
	Shown string
}

type heatData struct {
	Cells  rects
	Hours  []label
	Days   []label
	Legend rects
	Low    label
	High   label
}

var weekdays = [7]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

const heatSteps = 5

// heatChart draws a week: seven rows of 24 hours, with Monday first. There are five colours, up to the largest value.
func heatChart(name, title, desc string, t *table, show func(float64) string, week [7][24]heat) *chart {
	const left, top, wide, high = 40.0, 6.0, 18.0, 18.0
	biggest := 0.0
	for _, hours := range week {
		for _, h := range hours {
			if h.Value != nil {
				biggest = max(biggest, *h.Value)
			}
		}
	}
	d := heatData{}
	for i, hours := range week {
		d.Days = append(d.Days, label{left - 6, top + float64(i)*high + 13, "end", weekdays[i][:3]})
		for j, h := range hours {
			r := rect{X: left + float64(j)*wide, Y: top + float64(i)*high, W: wide - 2, H: high - 2, Class: "heat-0", Title: fmt.Sprintf("%s %02d:00: nothing", weekdays[i], j)}
			if h.Value != nil {
				r.Class, r.Value = fmt.Sprintf("heat-%d", heatStep(*h.Value, biggest)), exact(*h.Value)
				r.Title = fmt.Sprintf("%s %02d:00: %s", weekdays[i], j, h.Shown)
			}
			d.Cells = append(d.Cells, r)
		}
	}
	for j := 0; j < 24; j += 3 {
		d.Hours = append(d.Hours, label{left + float64(j)*wide + wide/2 - 1, top + 7*high + 14, "middle", fmt.Sprintf("%02d", j)})
	}
	below := top + 7*high + 26
	for i := range heatSteps {
		d.Legend = append(d.Legend, rect{X: left + 60 + float64(i)*wide, Y: below, W: wide - 2, H: 10, Class: fmt.Sprintf("heat-%d", i+1)})
	}
	d.Low, d.High = label{left + 54, below + 9, "end", "few"}, label{left + 64 + heatSteps*wide, below + 9, "start", "up to " + show(biggest)}
	return &chart{Name: name, Title: title, Desc: desc, Kind: "heat", Table: t, Data: d, W: chartW, H: int(below) + 18}
}

func heatStep(v, biggest float64) int {
	if v <= 0 || biggest <= 0 {
		return 1
	}
	return min(heatSteps, 1+int(v/biggest*heatSteps*0.9999))
}
