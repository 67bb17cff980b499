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
		s.fail(w, r, unknown("This page has no table with this name."))
		return
	}
	if q.over > 0 { // an incomplete table could be mistaken for the complete one
		s.fail(w, r, badRequest("This table has "+showCount(csvRows+q.over)+" rows in this range, and a CSV at most "+showCount(csvRows)+". Choose a shorter range."))
		return
	}
	t := q.tables[i]
	var out bytes.Buffer
	lines := csv.NewWriter(&out)
	header := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		header[i] = harmless(c.Name)
	}
	_ = lines.Write(header) // a buffer accepts everything
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
	_, _ = w.Write(out.Bytes()) // the client may have disconnected
}

// harmless prevents a spreadsheet from reading a text as a formula. In locales with a decimal comma, spreadsheets split a file
// at semicolons and at line ends within a text. A cell may therefore begin after these, too, and after following quotes.
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
