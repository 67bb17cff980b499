package web

import "math"

// bar is a bar of a bar chart or a step of a funnel.
type bar struct {
	Name  string
	Value float64
	Shown string // the value for people
	Class string // mark by default
}

type barsData struct {
	Bars   rects
	Names  []label
	Values []label
}

const (
	barStep  = 26.0
	barThick = 14.0
	namesEnd = 150.0
	barsEnd  = chartW - 70.0
)

// barsChart draws horizontal bars with their names and values.
func barsChart(name, title, desc string, t *table, bars []bar) *chart {
	biggest := 0.0
	for _, b := range bars {
		biggest = math.Max(biggest, b.Value)
	}
	return drawBars(&chart{Name: name, Title: title, Desc: desc, Kind: "bars", Table: t}, bars, biggest)
}

// funnelChart draws steps as bars, each with its percentage of the first.
func funnelChart(name, title, desc string, t *table, steps []bar) *chart {
	whole := 0.0
	if len(steps) > 0 {
		whole = steps[0].Value
	}
	for i, s := range steps {
		if i > 0 && whole > 0 {
			steps[i].Shown += " · " + showShare(s.Value/whole)
		}
	}
	return drawBars(&chart{Name: name, Title: title, Desc: desc, Kind: "bars", Table: t}, steps, whole)
}

func drawBars(c *chart, bars []bar, biggest float64) *chart {
	d := barsData{}
	if biggest <= 0 {
		biggest = 1
	}
	for i, b := range bars {
		top := float64(i)*barStep + 6
		wide := (barsEnd - namesEnd) * math.Min(1, math.Max(b.Value, 0)/biggest)
		class := b.Class
		if class == "" {
			class = "mark"
		}
		d.Bars = append(d.Bars, rect{X: namesEnd, Y: top, W: wide, H: barThick, Class: class, Value: exact(b.Value), Title: shorten(b.Name, 80) + ": " + b.Shown})
		d.Names = append(d.Names, label{namesEnd - 8, top + 11, "end", shorten(b.Name, 22)})
		d.Values = append(d.Values, label{namesEnd + wide + 6, top + 11, "start", b.Shown})
	}
	c.Data, c.W, c.H = d, chartW, int(float64(len(bars))*barStep)+4
	return c
}
