package load

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
)

// copyRows copies rows, which are in COPY's binary format, into a table, and returns their number. After it has returned,
// nothing reads rows.
func copyRows(ctx context.Context, conn *pgconn.PgConn, table string, columns []string, rows io.Reader) (int64, error) {
	all := &reading{rows: rows}
	defer all.end()
	tag, err := conn.CopyFrom(ctx, all, fmt.Sprintf("COPY %s (%s) FROM STDIN BINARY", table, strings.Join(columns, ", ")))
	if err != nil {
		return 0, fmt.Errorf("copy into %s: %w", table, err)
	}
	return tag.RowsAffected(), nil
}

// copying is an io.Reader that makes rows in COPY's binary format from records.
type copying struct {
	records []*record // not read yet
	add     asRows
	made    int64  // number of rows
	rest    []byte // made, but not read yet
	over    bool   // the trailer is made
}

func newCopying(records []*record, add asRows) *copying {
	return &copying{records: records, add: add, rest: copyHeader}
}

// Read fills p, because pgx sends the result of each Read as one message. Rows are made directly in p.
func (c *copying) Read(p []byte) (n int, err error) {
	n = copy(p, c.rest)
	c.rest = c.rest[n:]
	for n < len(p) && !c.over {
		e := encoder{b: p[n:n:len(p)]}
		c.next(&e)
		size := copy(p[n:], e.b)
		n, c.rest = n+size, e.b[size:]
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// next makes the rows of the next record, or the trailer.
func (c *copying) next(e *encoder) {
	if len(c.records) == 0 {
		e.b, c.over = append(e.b, copyTrailer...), true
		return
	}
	c.made += c.add(e, c.records[0])
	c.records = c.records[1:]
}

// reading is the reader that pgx gets. If a connection fails or the context ends, CopyFrom returns while a goroutine of pgx
// still reads. By then, the memory of the rows may be in use for others.
type reading struct {
	mu   sync.Mutex
	rows io.Reader // nil: reading has ended
}

func (r *reading) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rows == nil {
		return 0, io.ErrClosedPipe
	}
	return r.rows.Read(p)
}

// end waits for a read in progress. Later reads fail.
func (r *reading) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows = nil
}
