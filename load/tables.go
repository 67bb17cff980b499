package load

import (
	"context"
	_ "embed"

	"github.com/jackc/pgx/v5"
)

//go:embed tables.sql
var tablesSQL string

var tables = parseSQL(tablesSQL)

// TableCount is how many live rows a table of schema crankwheel has.
type TableCount struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

// TableCounts counts each table's live rows.
func (w *Warehouse) TableCounts(ctx context.Context) ([]TableCount, error) {
	var counts []TableCount
	err := w.retry(ctx, func() error {
		rows, err := w.pool.Query(ctx, tables["counts"])
		if err != nil {
			return err
		}
		counts, err = pgx.CollectRows(rows, pgx.RowToStructByPos[TableCount])
		return err
	})
	return counts, err
}
