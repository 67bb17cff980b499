package load

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"strings"

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

// copyRows copies encoded rows into a table and returns how many it took.
func copyRows(ctx context.Context, conn *pgconn.PgConn, table string, columns []string, rows io.Reader) (int64, error) {
	tag, err := conn.CopyFrom(ctx, io.MultiReader(bytes.NewReader(copyHeader), rows, bytes.NewReader(copyTrailer)),
		fmt.Sprintf("COPY %s (%s) FROM STDIN BINARY", table, strings.Join(columns, ", ")))
	if err != nil {
		return 0, fmt.Errorf("copy into %s: %w", table, err)
	}
	return tag.RowsAffected(), nil
}
