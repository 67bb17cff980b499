package main

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"slices"
)

//go:embed picture.svg.tmpl
var pictureTemplate string

// Lengths in pixels of the unscaled picture.
const (
	margin    = 24
	boxWidth  = 268
	between   = 92 // columns of boxes, room for the lines
	above     = 18 // boxes
	title     = 28 // a box's first line
	line      = 20 // the others
	caption   = 34 // a schema's name
	underfoot = 8  // within a box
)

// picture is the data of the template: boxes from left to right. A box is to the right of the boxes that it refers to.
type picture struct {
	Width, Height int
	Words         string // a description, for screen readers
	Captions      []label
	Boxes         []*box
	Lines         []string // paths
}

type label struct {
	X, Y int
	Text string
}

// box is a table with its key and its references.
type box struct {
	*relation
	X, Y, Width, Height int
	Lines               []entry
	Rest                int // the number of other columns
	level               int
}

type entry struct {
	Y      int
	Name   string
	Type   string
	Key    bool
	refers string // the box of the line's end
	column string // the column of the line's end
}

// draw makes the picture of the tables. account_id and load_id, which nearly all tables have, get no line.
func draw(c *catalogue) ([]byte, error) {
	p := &picture{Width: 2 * margin, Words: "Tables of the warehouse. "}
	y := margin
	for _, s := range c.Schemas {
		boxes := boxesOf(s)
		if len(boxes) == 0 {
			continue
		}
		p.Captions = append(p.Captions, label{margin, y + caption/2, "schema " + s.Name})
		bottom := place(boxes, y+caption)
		for _, b := range boxes {
			p.Width = max(p.Width, b.X+b.Width+margin)
			p.Words += b.text()
		}
		p.Lines = append(p.Lines, connect(boxes)...)
		p.Boxes = append(p.Boxes, boxes...)
		y = bottom + margin
	}
	p.Height = y
	t, err := template.New("picture").Parse(pictureTemplate)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, p)
	return b.Bytes(), err
}

// boxesOf makes the boxes of a schema's tables. A box comes after the boxes that it refers to.
func boxesOf(s schema) []*box {
	var boxes []*box
	byName := map[string]*box{}
	for _, r := range s.Relations {
		if r.View {
			continue
		}
		b := &box{relation: r, Width: boxWidth}
		y := title
		for _, x := range r.Columns {
			e := entry{Name: x.Name, Type: x.Type, Key: x.Key > 0}
			if x.Refers != "" && x.Name != "account_id" && (x.Name != "load_id" || s.Name == "wheelhouse") {
				e.refers, e.column = x.target()
			}
			if e.Key || e.refers != "" {
				e.Y = y + line/2
				y += line
				b.Lines = append(b.Lines, e)
			} else {
				b.Rest++
			}
		}
		b.Height = y + line + underfoot
		boxes, byName[r.full()] = append(boxes, b), b
	}
	for range boxes { // each round finds a level; there are at most as many levels as boxes
		for _, b := range boxes {
			for _, e := range b.Lines {
				if other := byName[e.refers]; other != nil {
					b.level = min(max(b.level, other.level+1), len(boxes))
				}
			}
		}
	}
	slices.SortStableFunc(boxes, func(a, b *box) int { return cmp.Compare(a.level, b.level) })
	return boxes
}

// place positions the boxes: a column for each level, and in a column by the middle of the boxes that they refer to. It returns
// the size of the picture.
func place(boxes []*box, top int) (bottom int) {
	wanted := func(b *box) int { // the middle of the ends of its lines
		sum, n := 0, 0
		for _, e := range b.Lines {
			if other := find(boxes, e.refers); other != nil {
				sum, n = sum+other.Y, n+1
			}
		}
		if n == 0 {
			return -len(referring(boxes, b)) // boxes with many references come first
		}
		return sum / n
	}
	for level := 0; ; level++ {
		var column []*box
		for _, b := range boxes {
			if b.level == level {
				column = append(column, b)
			}
		}
		if len(column) == 0 {
			return bottom
		}
		slices.SortStableFunc(column, func(a, b *box) int { return cmp.Compare(wanted(a), wanted(b)) })
		y := top
		for _, b := range column {
			b.X, b.Y = margin+level*(boxWidth+between), y
			y += b.Height + above
			bottom = max(bottom, y-above)
		}
	}
}

func find(boxes []*box, name string) *box {
	if i := slices.IndexFunc(boxes, func(b *box) bool { return b.full() == name }); i >= 0 {
		return boxes[i]
	}
	return nil
}

func referring(boxes []*box, to *box) []*box {
	return slices.DeleteFunc(slices.Clone(boxes), func(b *box) bool {
		return !slices.ContainsFunc(b.Lines, func(e entry) bool { return e.refers == to.full() })
	})
}

// connect draws the lines, from the left of a referring box to the right of the key. A line crosses a column in a gap between
// boxes.
func connect(boxes []*box) (paths []string) {
	for _, b := range boxes {
		for _, e := range b.Lines {
			other := find(boxes, e.refers)
			if other == nil {
				continue
			}
			x, y := b.X, b.Y+e.Y
			endX, endY := other.X+other.Width+4, other.Y+other.at(e.column)
			path := fmt.Sprintf("M%d %d", x, y)
			for level := b.level - 1; level > other.level; level-- {
				right, through := margin+level*(boxWidth+between)+boxWidth, gap(boxes, level, endY)
				path += bend(x, y, right, through) + fmt.Sprintf("H%d", right-boxWidth)
				x, y = right-boxWidth, through
			}
			paths = append(paths, path+bend(x, y, endX, endY))
		}
	}
	return paths
}

// bend is a curve with horizontal ends.
func bend(x1, y1, x2, y2 int) string {
	half := (x1 - x2) / 2
	return fmt.Sprintf("C%d %d %d %d %d %d", x1-half, y1, x2+half, y2, x2, y2)
}

// gap is the middle of the gap between boxes of a column that is nearest to y.
func gap(boxes []*box, level, y int) int {
	nearest := -1
	for _, b := range boxes {
		if below := b.Y + b.Height + above/2; b.level == level && (nearest < 0 || abs(below-y) < abs(nearest-y)) {
			nearest = below
		}
	}
	return nearest
}

func abs(n int) int { return max(n, -n) }

func (b *box) at(column string) int {
	for _, e := range b.Lines {
		if e.Name == column {
			return e.Y
		}
	}
	return title / 2
}

// Foot is the middle of a box's last line.
func (b *box) Foot() int { return b.Height - underfoot - line/2 }

func (b *box) text() string {
	s := b.full()
	for _, e := range b.Lines {
		if e.refers != "" {
			s += fmt.Sprintf(", its %s refers to %s", e.Name, e.refers)
		}
	}
	return s + ". "
}
