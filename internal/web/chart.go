package web

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// chart is a picture of figures, with a table of the same figures. Marks have their value as data-value and in their title,
// so that tests can compare the picture with the table.
type chart struct {
	Name  string // unique on its page
	Title string
	Desc  string // for screen readers
	Kind  string // the template that draws it
	Table *table
	Data  any
	W, H  int
	Note  string // under the picture; may be empty
}

// Box is the picture's size for its viewBox.
func (c *chart) Box() string { return fmt.Sprintf("0 0 %d %d", c.W, c.H) }

// rect is a bar or a cell.
type rect struct {
	X, Y, W, H float64
	Class      string
	Value      string // for programs
	Title      string // for people
	Mark       string // a letter in the middle; may be empty
}

// rects are drawn without a template: a year of eight streams has thousands of them, for which a template needs 0.1 s.
type rects []rect

// Draw is the rectangles as SVG, with their texts escaped.
func (rs rects) Draw() template.HTML {
	var b strings.Builder
	for _, r := range rs {
		fmt.Fprintf(&b, `<rect x="%s" y="%s" width="%s" height="%s" rx="2" class="%s"`, point(r.X), point(r.Y), point(math.Max(r.W, 0)), point(math.Max(r.H, 0)),
			template.HTMLEscapeString(r.Class))
		if r.Title == "" {
			b.WriteString("/>")
			continue
		}
		fmt.Fprintf(&b, ` data-value="%s"><title>%s</title></rect>`, template.HTMLEscapeString(r.Value), template.HTMLEscapeString(r.Title))
		if r.Mark != "" {
			fmt.Fprintf(&b, `<text class="letter" x="%s" y="%s" text-anchor="middle" dominant-baseline="central" aria-hidden="true">%s</text>`,
				point(r.X+r.W/2), point(r.Y+r.H/2), template.HTMLEscapeString(r.Mark))
		}
	}
	return template.HTML(b.String()) // escaped above
}

// Circles is a dot at the corner of each rectangle, for lines.
func (rs rects) Circles() template.HTML {
	var b strings.Builder
	for _, r := range rs {
		fmt.Fprintf(&b, `<circle cx="%s" cy="%s" r="2.2" data-value="%s"><title>%s</title></circle>`, point(r.X), point(r.Y),
			template.HTMLEscapeString(r.Value), template.HTMLEscapeString(r.Title))
	}
	return template.HTML(b.String()) // escaped above
}

// label is a text in a picture.
type label struct {
	X, Y   float64
	Anchor string // start, middle or end
	Text   string
}

// At is the label's position as attributes.
func (l label) At() template.HTMLAttr {
	return template.HTMLAttr(fmt.Sprintf(`x="%s" y="%s" text-anchor="%s"`, point(l.X), point(l.Y), l.Anchor)) // safe: numbers, and one of three words
}

func point(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		x = 0
	}
	return strings.TrimSuffix(strconv.FormatFloat(x, 'f', 1, 64), ".0")
}

func exact(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// niceTop is the top of an axis: a round number not below x, and the number of even steps to it.
func niceTop(x float64) (top float64, steps int) {
	if x <= 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return 1, 1
	}
	size := math.Pow(10, math.Floor(math.Log10(x)))
	for _, c := range []struct {
		top   float64
		steps int
	}{{1, 2}, {1.5, 3}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {6, 3}, {8, 4}, {10, 5}} {
		if c.top*size >= x*(1-1e-9) {
			return c.top * size, c.steps
		}
	}
	return 10 * size, 5
}
