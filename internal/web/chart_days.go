package web

import (
	"fmt"
	"html/template"
	"strings"
	"time"
)

// series is a line over days. Missing days are nil; no value is NaN.
type series struct {
	Name   string
	Values []*float64
}

type drawnLine struct {
	Class, Name string
	Path, Area  string
	Dots        rects
}

type daysData struct {
	Lines  []drawnLine
	Grid   []label // one for each line of the grid, at its height
	Labels []label
	Left   float64
	Right  float64
	Legend bool
}

// GridAt is the position of a line of the grid.
func (d daysData) GridAt(l label) template.HTMLAttr {
	return template.HTMLAttr(fmt.Sprintf(`x1="%s" x2="%s" y1="%s" y2="%s"`, point(d.Left), point(d.Right), point(l.Y-4), point(l.Y-4))) // safe: numbers only
}

const (
	chartW, chartH             = 480, 190
	plotLeft, plotTop, plotEnd = 44.0, 10.0, 160.0
)

// daysChart draws one to three series over days from first on, one value for each day. The first series is filled. show
// formats the numbers.
func daysChart(name, title, desc string, first time.Time, show func(float64) string, t *table, all ...series) *chart {
	n, biggest := 0, 0.0
	for _, s := range all {
		n = max(n, len(s.Values))
		for _, v := range s.Values {
			if v != nil {
				biggest = max(biggest, *v)
			}
		}
	}
	top, steps := niceTop(biggest)
	d := daysData{Left: plotLeft, Right: chartW - 8, Legend: len(all) > 1}
	x := func(i int) float64 {
		if n < 2 {
			return (d.Left + d.Right) / 2
		}
		return d.Left + (d.Right-d.Left)*float64(i)/float64(n-1)
	}
	y := func(v float64) float64 { return plotEnd - (plotEnd-plotTop)*v/top }
	for i := range steps + 1 {
		v := top * float64(i) / float64(steps)
		d.Grid = append(d.Grid, label{d.Left - 6, y(v) + 4, "end", show(v)})
	}
	for i, s := range all {
		d.Lines = append(d.Lines, drawLine(fmt.Sprintf("series-%d", i+1), s, first, x, y, show, i == 0))
	}
	d.Labels = dayLabels(first, n, x)
	return &chart{Name: name, Title: title, Desc: desc, Kind: "days", Table: t, Data: d, W: chartW, H: chartH}
}

// drawLine interrupts the line where values are missing. A single value is a dot.
func drawLine(class string, s series, first time.Time, x func(int) float64, y func(float64) float64, show func(float64) string, filled bool) drawnLine {
	l := drawnLine{Class: class, Name: s.Name}
	var path, area strings.Builder
	begun := -1
	end := func(last int) {
		if begun >= 0 && filled && last > begun {
			fmt.Fprintf(&area, "L%s %sL%s %sZ", point(x(last)), point(plotEnd), point(x(begun)), point(plotEnd))
		}
		begun = -1
	}
	for i, v := range s.Values {
		if v == nil {
			end(i - 1)
			continue
		}
		step := "L"
		if begun < 0 {
			step, begun = "M", i
		}
		fmt.Fprintf(&path, "%s%s %s", step, point(x(i)), point(y(*v)))
		fmt.Fprintf(&area, "%s%s %s", step, point(x(i)), point(y(*v)))
		l.Dots = append(l.Dots, rect{X: x(i), Y: y(*v), Value: exact(*v), Title: showDay(first.AddDate(0, 0, i)) + ", " + s.Name + ": " + show(*v)})
	}
	end(len(s.Values) - 1)
	l.Path = path.String()
	if filled {
		l.Area = area.String()
	}
	return l
}

// dayLabels labels as many days along the axis as fit.
func dayLabels(first time.Time, n int, x func(int) float64) []label {
	var labels []label
	if n == 0 {
		return nil
	}
	step := max(1, (n+4)/5)
	for i := 0; i < n; i += step {
		anchor := "middle"
		if i == 0 {
			anchor = "start"
		}
		if x(i) > chartW-30 {
			anchor = "end"
		}
		labels = append(labels, label{x(i), plotEnd + 18, anchor, first.AddDate(0, 0, i).Format("2 Jan")})
	}
	return labels
}
