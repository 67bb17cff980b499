package load

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
)

// copyRows copies rows into a table, in the binary format of COPY, and returns how many it took. When it returns nobody
// reads the rows any more.
func copyRows(ctx context.Context, conn *pgconn.PgConn, table string, columns []string, rows io.Reader) (int64, error) {
	all := &reading{rows: rows}
	defer all.end()
	tag, err := conn.CopyFrom(ctx, all, fmt.Sprintf("COPY %s (%s) FROM STDIN BINARY", table, strings.Join(columns, ", ")))
	if err != nil {
		return 0, fmt.Errorf("copy into %s: %w", table, err)
	}
	return tag.RowsAffected(), nil
}

// copying is records that become rows, in the binary format of COPY, while they are read.
type copying struct {
	records []*record // not read yet
	add     asRows
	made    int64  // rows
	rest    []byte // of what was made, and had no room
	over    bool
}

func newCopying(records []*record, add asRows) *copying {
	return &copying{records: records, add: add, rest: copyHeader}
}

// Read fills p, since pgx sends as one message what one Read returns. Rows are made where they are read.
func (c *copying) Read(p []byte) (n int, err error) {
	n = copy(p, c.rest)
	c.rest = c.rest[n:]
	for n < len(p) && !c.over {
		e := encoder{p[n:n:len(p)]}
		c.next(&e)
		size := copy(p[n:], e.b)
		n, c.rest = n+size, e.b[size:]
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// next makes the rows of one more record, or the end.
func (c *copying) next(e *encoder) {
	if len(c.records) == 0 {
		e.b, c.over = append(e.b, copyTrailer...), true
		return
	}
	c.made += c.add(e, c.records[0])
	c.records = c.records[1:]
}

// reading is rows that pgx reads. Where a connection fails, or is given up, CopyFrom returns while a goroutine of its
// own still reads: memory that belongs to the next rows by then.
type reading struct {
	mu   sync.Mutex
	rows io.Reader // nil: nobody is to read any more
}

func (r *reading) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rows == nil {
		return 0, io.ErrClosedPipe
	}
	return r.rows.Read(p)
}

// end waits for a read that is going on, and lets none begin.
func (r *reading) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows = nil
}
