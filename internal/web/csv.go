package web

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"slices"
	"strings"
	"time"
)

// sendCSV sends one of a page's tables.
func (s *Server) sendCSV(w http.ResponseWriter, r *http.Request, q *request) {
	i := slices.IndexFunc(q.tables, func(t *table) bool { return t.Name == q.Values.Get("table") })
	if i < 0 {
		s.fail(w, r, unknown("This page has no such table."))
		return
	}
	if q.over > 0 { // part of a table is not to be taken for all of it
		s.fail(w, r, badRequest("This table has "+showCount(csvRows+q.over)+" rows in this range, and a CSV at most "+showCount(csvRows)+". Take a shorter range."))
		return
	}
	t := q.tables[i]
	var out bytes.Buffer
	lines := csv.NewWriter(&out)
	header := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		header[i] = harmless(c.Name)
	}
	_ = lines.Write(header) // a buffer takes everything
	for _, row := range t.Rows {
		record := make([]string, len(row))
		for i, c := range row {
			record[i] = c.Value
			if !c.Number {
				record[i] = harmless(c.Value)
			}
		}
		_ = lines.Write(record)
	}
	lines.Flush()
	name := strings.Join([]string{"wheelhouse", q.Page.Name, t.Name, q.From.Format(time.DateOnly), q.To.Format(time.DateOnly)}, "-")
	w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
	_, _ = w.Write(out.Bytes()) // who asked may have gone
}

// harmless keeps a spreadsheet from taking text for a formula. Where numbers have a decimal comma, spreadsheets cut a file at
// semicolons, and at the ends of lines within a text: a cell may begin behind these, too, and behind quotes that follow.
func harmless(s string) string {
	var b strings.Builder
	begins := true
	for i, r := range s {
		if begins && (strings.ContainsRune("=+-@", r) || i == 0 && strings.ContainsRune("\t\r\n", r)) {
			b.WriteByte('\'')
		}
		b.WriteRune(r)
		begins = strings.ContainsRune(";\t\r\n", r) || begins && r == '"'
	}
	return b.String()
}
