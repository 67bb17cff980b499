package load

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// TableCount is how many live rows a table of schema crankwheel has.
type TableCount struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

// TableCounts counts each table's live rows, in the order of the streams.
func (w *Warehouse) TableCounts(ctx context.Context) ([]TableCount, error) {
	var counts []TableCount
	err := w.retry(ctx, func() error {
		rows, err := w.pool.Query(ctx, countRows())
		if err != nil {
			return err
		}
		counts, err = pgx.CollectRows(rows, pgx.RowToStructByPos[TableCount])
		return err
	})
	return counts, err
}

// countRows is the statement that counts, made from the descriptions of the tables.
func countRows() string {
	var all, counted []string
	count := func(t *Table, condition string) {
		if !slices.Contains(counted, t.Name) { // two streams write crankwheel.shares
			counted = append(counted, t.Name)
			all = append(all, fmt.Sprintf("SELECT '%s', count(*) FROM crankwheel.%[1]s%s", t.Name, condition))
		}
	}
	for _, s := range Streams {
		for _, t := range s.tables {
			condition := ""
			if t.Deletion == SoftDelete || t == listedShares.Table {
				condition = " WHERE deleted_at IS NULL"
			}
			count(t, condition)
			if t.children != nil {
				count(t.children, "")
			}
		}
	}
	return strings.Join(all, "\nUNION ALL ")
}
