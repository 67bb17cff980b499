package web

import (
	"bytes"
	"encoding/csv"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// csvMemory is how many bytes of a CSV are kept in memory. A larger one is kept in a file.
const csvMemory = 256 << 10

// csvFile is a table as CSV, made row by row. It is sent only when it is complete: a client cannot tell a CSV that ends early from a
// complete one. Until then it is kept in memory or in a file without a name, so that neither a long table nor a slow client costs
// memory or a connection to the database.
type csvFile struct {
	name   string // of the table
	table  *table // nil: the page has no such table
	lines  *csv.Writer
	begun  bool // the line of names is written
	record []string
	err    error // the first that occurred

	memory bytes.Buffer
	file   *os.File // nil: all is in memory
	size   int64
}

func newCSVFile(table string) *csvFile {
	f := &csvFile{name: table}
	f.lines = csv.NewWriter(f)
	return f
}

// begin writes the names of the columns, unless they are written. They are complete when the first row comes.
func (f *csvFile) begin() {
	if f.begun {
		return
	}
	f.begun = true
	for _, c := range f.table.Columns {
		f.record = append(f.record, harmless(c.Name))
	}
	f.write()
}

// add writes a row.
func (f *csvFile) add(row []cell) {
	f.begin()
	f.record = f.record[:0]
	for _, c := range row {
		if c.Number {
			f.record = append(f.record, c.Value)
		} else {
			f.record = append(f.record, harmless(c.Value))
		}
	}
	f.write()
}

func (f *csvFile) write() {
	if f.err == nil {
		f.err = f.lines.Write(f.record)
	}
}

// end completes the CSV. It returns the first error of all that was written.
func (f *csvFile) end() error {
	f.begin()
	f.lines.Flush()
	if f.err == nil {
		f.err = f.lines.Error()
	}
	return f.err
}

// Write implements io.Writer, for csv.Writer.
func (f *csvFile) Write(p []byte) (int, error) {
	f.size += int64(len(p))
	if f.file == nil && f.memory.Len()+len(p) <= csvMemory {
		return f.memory.Write(p)
	}
	if f.file == nil {
		file, err := os.CreateTemp("", "wheelhouse-*.csv")
		if err != nil {
			return 0, err
		}
		f.file = file
		if err := os.Remove(file.Name()); err != nil { // it has no name from here on, and ends with the process
			return 0, err
		}
		if _, err := f.memory.WriteTo(file); err != nil {
			return 0, err
		}
	}
	return f.file.Write(p)
}

// send writes the complete CSV to a client.
func (f *csvFile) send(to io.Writer) error {
	if f.file == nil {
		_, err := f.memory.WriteTo(to)
		return err
	}
	_, err := io.Copy(to, io.NewSectionReader(f.file, 0, f.size))
	return err
}

func (f *csvFile) close() {
	if f.file != nil {
		_ = f.file.Close() // nothing is left to lose
	}
}

// sendCSV sends one of a page's tables.
func (s *Server) sendCSV(w http.ResponseWriter, r *http.Request, q *request) {
	t := q.csv.table
	if t == nil {
		s.fail(w, r, unknown("This page has no table with this name."))
		return
	}
	if q.over > 0 { // an incomplete table could be mistaken for the complete one
		s.fail(w, r, badRequest("This table has "+showCount(csvRows+q.over)+" rows in this range, and a CSV at most "+showCount(csvRows)+". Choose a shorter range."))
		return
	}
	if err := q.csv.end(); err != nil {
		s.fail(w, r, &csvError{err})
		return
	}
	name := strings.Join([]string{"wheelhouse", q.Page.Name, t.Name, q.From.Format(time.DateOnly), q.To.Format(time.DateOnly)}, "-")
	w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
	w.Header().Set("Content-Length", strconv.FormatInt(q.csv.size, 10)) // so that a client knows a CSV that was cut off
	_ = q.csv.send(w)                                                   // the client may have disconnected
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
