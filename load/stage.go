package load

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed rejects.sql
var rejectsSQL string

var rejects = parseSQL(rejectsSQL)

// stageRows makes the staging tables and copies the batch into them. It returns how many main rows
// were copied.
func stageRows(ctx context.Context, tx pgx.Tx, s Stream, b *Batch) (main int64, err error) {
	conn := tx.Conn().PgConn()
	// Temporary tables stay with their connection, and PgBouncer may hand us any: made where missing,
	// emptied by each commit.
	if _, err := conn.Exec(ctx, rejects["stage"]+";"+s.sql["stage"]).ReadAll(); err != nil {
		return 0, fmt.Errorf("stage: %w", err)
	}
	for i, stage := range b.stages {
		if b.settled.rows[i] == 0 {
			continue
		}
		rows, err := stage.spool.reader()
		if err != nil {
			return 0, err
		}
		tag, err := conn.CopyFrom(ctx, io.MultiReader(bytes.NewReader(copyHeader), rows, bytes.NewReader(copyTrailer)),
			fmt.Sprintf("COPY pg_temp.%s (%s) FROM STDIN BINARY", stage.table, strings.Join(stage.columns, ", ")))
		if err != nil {
			return 0, fmt.Errorf("copy into %s: %w", stage.table, err)
		}
		if i == rowsStage {
			main = tag.RowsAffected()
		}
	}
	return main, nil
}
