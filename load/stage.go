package load

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

//go:embed rejects.sql
var rejectsSQL string

var rejects = parseSQL(rejectsSQL)

// stageRows makes the staging tables and copies the batch into them; of sifted rows only those that are to be merged. It
// returns how many main rows were copied.
func stageRows(ctx context.Context, tx pgx.Tx, s Stream, b *Batch, sifted *sifting) (main int64, err error) {
	conn := tx.Conn().PgConn()
	// Temporary tables stay with their connection, and PgBouncer may hand us any: made where missing,
	// emptied by each commit.
	if _, err := conn.Exec(ctx, rejects["stage"]+";"+s.sql["stage"]).ReadAll(); err != nil {
		return 0, fmt.Errorf("stage: %w", err)
	}
	ownStaging := s.Name == UsageNew.Name // its rows wait as its tables take them
	for i, stage := range b.stages {
		if b.settled.rows[i] == 0 || ownStaging && i != rejectsStage {
			continue
		}
		rows, err := stage.spool.reader()
		if err != nil {
			return 0, err
		}
		n, err := copyRows(ctx, conn, "pg_temp."+stage.table, stage.columns, rows)
		if err != nil {
			return 0, err
		}
		if i == rowsStage {
			main = n
		}
	}
	if ownStaging {
		return stageSessions(ctx, conn, b, sifted)
	}
	return main, nil
}

// copyRows copies encoded rows into a table and returns how many it took. When it returns nobody reads the rows any more.
func copyRows(ctx context.Context, conn *pgconn.PgConn, table string, columns []string, rows io.Reader) (int64, error) {
	all := &reading{rows: io.MultiReader(bytes.NewReader(copyHeader), rows, bytes.NewReader(copyTrailer))}
	defer all.end()
	tag, err := conn.CopyFrom(ctx, all, fmt.Sprintf("COPY %s (%s) FROM STDIN BINARY", table, strings.Join(columns, ", ")))
	if err != nil {
		return 0, fmt.Errorf("copy into %s: %w", table, err)
	}
	return tag.RowsAffected(), nil
}

// reading is rows that pgx reads. Where a connection fails, or is given up, its CopyFrom returns while a goroutine of its own
// still reads: of memory that the next window has by then, or of a batch that is tried again.
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

// end waits for who reads, and lets nobody begin.
func (r *reading) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows = nil
}
