package web

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// table is a table of a page. The HTML and the CSV are made from the same cells.
type table struct {
	Name    string // in addresses: letters, digits and -
	Caption string
	Columns []column
	Rows    [][]cell
	Empty   string // shown if there are no rows
	CSV     string // the address
	More    string // shown under the rows, such as the number of rows left out
	Quiet   bool   // the caption is for screen readers only: a heading says the same

	csv *csvFile // rows go there instead; nil: into Rows
}

type column struct {
	Name    string
	Numeric bool
}

// col is a column of text, num a column of numbers.
func col(name string) column { return column{Name: name} }
func num(name string) column { return column{Name: name, Numeric: true} }

// cell is one value, for people and for programs.
type cell struct {
	Text   string // shown
	Value  string // in CSV; a plain number if Number
	Number bool
	Href   string
	State  string // class of a state, such as state-failed
	Title  string
	Fixed  bool // not wrapped
}

// table adds a table to the page, and makes it available as CSV.
func (q *request) table(name, caption string, columns ...column) *table {
	t := &table{Name: name, Caption: caption, Columns: columns, Empty: "Nothing.", CSV: q.Here("format", "csv", "table", name)}
	if q.csv != nil && q.csv.table == nil && q.csv.name == name {
		q.csv.table, t.csv = t, q.csv
	}
	q.tables = append(q.tables, t)
	return t
}

// add adds a row. A row of the table that is requested as CSV goes into the file at once.
func (t *table) add(cells ...cell) {
	if t.csv != nil {
		t.csv.add(cells)
		return
	}
	t.Rows = append(t.Rows, cells)
}

// text is the cell of a text. A short word, such as half_capacity, is not wrapped.
func text(s string) cell {
	return cell{Text: shorten(s, longestShown), Value: s, Fixed: len(s) <= 16 && !strings.ContainsAny(s, " -")}
}

// textOr is the cell of a text, or of another text for nil.
func textOr(s *string, otherwise string) cell {
	if s == nil {
		return cell{Text: otherwise}
	}
	return text(*s)
}

func count(n int64) cell {
	return cell{Text: showCount(n), Value: strconv.FormatInt(n, 10), Number: true}
}

func countOr(n *int64) cell {
	if n == nil {
		return cell{Text: nothing}
	}
	return count(*n)
}

// id is the cell of a number that identifies something: its thousands are not separated.
func id(n int64) cell {
	s := strconv.FormatInt(n, 10)
	return cell{Text: s, Value: s, Number: true}
}

func number(x *float64, show func(float64) string) cell {
	if x == nil || math.IsNaN(*x) || math.IsInf(*x, 0) {
		return cell{Text: nothing}
	}
	return cell{Text: show(*x), Value: strconv.FormatFloat(*x, 'f', -1, 64), Number: true}
}

// seconds is a duration in seconds, share a fraction as a percentage.
func seconds(x *float64) cell { return number(x, showSeconds) }
func share(x *float64) cell   { return number(x, showShare) }

// ratio is part as a share of whole, which may be 0.
func ratio(part, whole int64) cell {
	if whole == 0 {
		return cell{Text: nothing}
	}
	x := float64(part) / float64(whole)
	return share(&x)
}

// date is the cell of a day.
func date(t time.Time) cell {
	return cell{Text: showDay(t), Value: t.Format(time.DateOnly), Fixed: true}
}

// moment is a time in the page's zone. In CSV it has its offset.
func (q *request) moment(t *time.Time) cell {
	if t == nil || t.IsZero() {
		return cell{Text: nothing}
	}
	return cell{Text: showTime(*t, q.Zone), Value: t.In(q.Zone).Format(time.RFC3339), Fixed: true}
}

// to makes a cell a link.
func (c cell) to(href string) cell { c.Href = href; return c }

// as gives a cell the look of a state. The text must say the state, too.
func (c cell) as(state string) cell { c.State, c.Fixed = state, true; return c }
