package report

import (
	"bufio"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// Table writes rows as a table for people or as a JSON array. The json tags of the row's struct name the columns. Numbers
// are aligned on the right, with separators of thousands unless the column is an id.
func Table[Row any](w io.Writer, rows []Row, asJSON bool) error {
	if asJSON {
		if rows == nil {
			rows = []Row{} // not null
		}
		return JSON(w, rows)
	}
	columns := columnsOf(reflect.TypeFor[Row]())
	lines := make([][]string, 0, len(rows)+1)
	var head []string
	for _, c := range columns {
		head = append(head, Printable(strings.ToUpper(strings.ReplaceAll(c.name, "_", " "))))
	}
	lines = append(lines, head)
	for i := range rows {
		row := reflect.ValueOf(&rows[i]).Elem()
		var line []string
		for _, c := range columns {
			line = append(line, clip(Printable(c.text(row.FieldByIndex(c.index)))))
		}
		lines = append(lines, line)
	}
	return write(w, columns, lines)
}

// column is a field of a row.
type column struct {
	name  string
	index []int
	right bool // a number
	plain bool // an id: no separators
}

func columnsOf(row reflect.Type) []column {
	if row.Kind() != reflect.Struct {
		panic(fmt.Sprintf("report: a table's rows are structs, not %s", row))
	}
	var columns []column
	for _, f := range reflect.VisibleFields(row) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous || name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		columns = append(columns, column{
			name: name, index: f.Index, right: isNumber(f.Type), plain: name == "id" || strings.HasSuffix(name, "_id"),
		})
	}
	return columns
}

// write aligns the lines. Two spaces separate columns; no line ends with spaces.
func write(w io.Writer, columns []column, lines [][]string) error {
	widths := make([]int, len(columns))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], width(cell))
		}
	}
	out := bufio.NewWriter(w)
	for _, line := range lines {
		var b strings.Builder
		for i, cell := range line {
			pad := strings.Repeat(" ", widths[i]-width(cell))
			if i > 0 {
				b.WriteString("  ")
			}
			if columns[i].right {
				b.WriteString(pad + cell)
			} else {
				b.WriteString(cell + pad)
			}
		}
		out.WriteString(strings.TrimRight(b.String(), " "))
		out.WriteByte('\n')
	}
	return out.Flush() // also returns errors of the writes before
}
