package load

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// TableCount is the number of live rows of a table of schema crankwheel.
type TableCount struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

// TableCounts counts each table's live rows, in the order of the streams.
func (w *Warehouse) TableCounts(ctx context.Context) ([]TableCount, error) {
	var counts []TableCount
	err := w.db.InTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, countTables())
		if err != nil {
			return err
		}
		counts, err = pgx.CollectRows(rows, pgx.RowToStructByPos[TableCount])
		return err
	})
	return counts, err
}

// countTables is the statement that counts the rows of each table, made from the descriptions.
func countTables() string {
	var all, counted []string
	for _, s := range Streams {
		for _, t := range s.tables {
			for _, t := range []*Table{t, t.children} {
				if t != nil && !slices.Contains(counted, t.Name) { // two streams write crankwheel.shares
					counted = append(counted, t.Name)
					all = append(all, fmt.Sprintf("SELECT '%s', count(*) FROM crankwheel.%[1]s WHERE %s", t.Name, t.live()))
				}
			}
		}
	}
	return strings.Join(all, "\nUNION ALL ")
}

// CountRows counts an account's live rows by stream. rows are those of the stream's main table. unknown are those of all its tables
// that have a value which the API does not document.
func (w *Warehouse) CountRows(ctx context.Context, tx pgx.Tx, account string) (rows, unknown map[string]int64, err error) {
	rows, unknown = map[string]int64{}, map[string]int64{}
	found, err := tx.Query(ctx, countStreams(), pgx.NamedArgs{"account": account})
	if err != nil {
		return nil, nil, err
	}
	var stream string
	var all, undocumented int64
	_, err = pgx.ForEachRow(found, []any{&stream, &all, &undocumented}, func() error {
		rows[stream], unknown[stream] = all, undocumented
		return nil
	})
	return rows, unknown, err
}

// countStreams is the statement that counts the rows of each stream, made from the descriptions.
func countStreams() string {
	var streams []string
	for _, s := range Streams {
		var unknown []string
		for _, t := range s.tables {
			for _, t := range []*Table{t, t.children} {
				if t != nil && t.undocumented() != "" {
					unknown = append(unknown, fmt.Sprintf("(SELECT count(*) FROM crankwheel.%s WHERE account_id = @account AND %s AND (%s))", t.Name, t.live(), t.undocumented()))
				}
			}
		}
		streams = append(streams, fmt.Sprintf("SELECT '%s', (SELECT count(*) FROM crankwheel.%s WHERE account_id = @account AND %s), %s",
			s.Name, s.MainTable, s.tables[0].live(), strings.Join(append(unknown, "0::bigint"), " + ")))
	}
	return strings.Join(streams, "\nUNION ALL\n")
}

// live returns the condition of a live row. Daily tables and children have no deleted_at.
func (t *Table) live() string {
	if t.LoadID != "" && t.Deletion == SoftDelete || t == listedShares.Table {
		return "deleted_at IS NULL"
	}
	return "true"
}

// undocumented returns the condition of a row with a value that the API does not document; "" if no column has documented values.
// An index of migration 0006 has exactly these rows, which may be a few of millions. The index's condition must be this one.
func (t *Table) undocumented() string {
	var conditions []string
	for _, c := range t.Columns {
		if len(c.Documented) > 0 {
			conditions = append(conditions, fmt.Sprintf("%s NOT IN ('%s')", c.Name, strings.Join(c.Documented, "', '")))
		}
	}
	return strings.Join(conditions, " OR ")
}
