package load

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed verify.sql
var verifySQL string

var verify = parseSQL(verifySQL)

// Difference is one thing in which the warehouse and the API disagree: a column of a row, a row that one of
// them lacks (no column), or a total of a window's (no table).
type Difference struct {
	Table     string `json:"table"`
	Key       string `json:"key"` // the primary key without the account
	Column    string `json:"column"`
	Warehouse string `json:"warehouse"` // "differs" for what may be a person's
	API       string `json:"api"`
}

// personalColumns may hold what a prospect or viewer said of themselves: their values are not shown.
var personalColumns = []string{
	"prospect_name", "prospect_email", "prospect_phone", "prospect_company", "prospect_job_title", "prospect_website",
	"prospect_location", "request_origin", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "answer",
	"viewer_locations", "recording_url", "video_url", "url", "content", "content_name", "extra",
}

// ErrMovedOn: the window was loaded by somebody between the request and the comparison, or the commit. To be asked for again.
var ErrMovedOn = errors.New("the window was loaded by another process meanwhile")

// Now is the database's clock.
func (w *Warehouse) Now(ctx context.Context) (now time.Time, err error) {
	err = w.retry(ctx, func() error { return w.pool.QueryRow(ctx, verify["start"]).Scan(&now) })
	return now, err
}

// Compare holds a complete batch, asked for after a moment of the database's clock, against what the warehouse has
// of its window. It changes nothing. ErrMovedOn if the warehouse is newer than the batch.
func (w *Warehouse) Compare(ctx context.Context, win Window, b *Batch, asked Asked, since time.Time) ([]Difference, error) {
	if b.err != nil {
		return nil, b.err
	}
	return w.undone(ctx, func(tx pgx.Tx) ([]Difference, error) { return compare(ctx, tx, win, b, asked, since) })
}

// undone runs a comparison in a transaction and rolls it back: what was staged goes with it.
func (w *Warehouse) undone(ctx context.Context, f func(pgx.Tx) ([]Difference, error)) (found []Difference, err error) {
	err = w.retry(ctx, func() error {
		tx, err := w.pool.BeginTx(ctx, oneMoment)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(ctx) }()
		found, err = f(tx)
		return err
	})
	return found, err
}

// CompareBorders holds the sums of the days from first to last, both included, against a batch that holds the same
// range asked for as one window. Streams whose rows have keys have no borders to lose a count at.
func (w *Warehouse) CompareBorders(ctx context.Context, win Window, b *Batch, first, last time.Time) ([]Difference, error) {
	if b.err != nil {
		return nil, b.err
	}
	args := win.args()
	args["first_day"], args["last_day"], args["canceled"] = first, last, nil
	if b.Canceled.Valid {
		args["canceled"] = b.Canceled.V
	}
	return w.undone(ctx, func(tx pgx.Tx) ([]Difference, error) {
		if _, err := stageRows(ctx, tx, win.Stream, b, nil); err != nil {
			return nil, err
		}
		m := merger{sql: win.Stream.sql, args: args}
		m.exec("set_aside", nil)
		m.exec("merge_twice", nil)
		if err := m.send(ctx, tx); err != nil {
			return nil, err
		}
		rows, err := tx.Query(ctx, m.sql["border"], args)
		if err != nil {
			return nil, fmt.Errorf("border: %w", err)
		}
		return pgx.CollectRows(rows, pgx.RowToStructByPos[Difference])
	})
}

// Counted tells whether a stream has counts of its windows beside rows with keys.
func (s Stream) Counted() bool { return s.sql["border"] != "" }

func compare(ctx context.Context, tx pgx.Tx, win Window, b *Batch, asked Asked, since time.Time) ([]Difference, error) {
	args := win.args()
	args["requested"], args["canceled"] = since, nil
	if b.Canceled.Valid {
		args["canceled"] = b.Canceled.V
	}
	var movedOn bool
	if err := tx.QueryRow(ctx, verify["loaded_since"], args).Scan(&movedOn); err != nil {
		return nil, err
	}
	if movedOn {
		return nil, ErrMovedOn
	}
	if _, err := stageRows(ctx, tx, win.Stream, b, nil); err != nil {
		return nil, err
	}
	m := merger{sql: win.Stream.sql, args: args}
	m.queue("rejects unprotect", rejects["unprotect"], nil)
	for _, name := range append([]string{"set_aside"}, beforeTally...) { // they settle what the answer says, and write nothing but staging
		m.exec(name, nil)
	}
	if err := m.send(ctx, tx); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, "WITH api AS (\n"+m.sql["api"]+"\n), warehouse AS (\n"+m.sql["warehouse"]+"\n)\n"+verify["differences"], args)
	if err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Difference])
	if err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	for i := range found {
		if d := &found[i]; slices.Contains(personalColumns, d.Column) {
			d.Warehouse, d.API = "differs", "differs"
		}
	}
	return compareTotals(ctx, tx, args, asked, found)
}

// compareTotals holds the API's totals of the window against those in the books, and against what came.
func compareTotals(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs, asked Asked, found []Difference) ([]Difference, error) {
	var count, seconds *int64
	err := tx.QueryRow(ctx, verify["totals"], args).Scan(&count, &seconds)
	if errors.Is(err, pgx.ErrNoRows) { // loaded in other windows than this
		count, seconds, err = asked.SourceCount, asked.SourceSeconds, nil
	}
	if err != nil {
		return nil, fmt.Errorf("totals: %w", err)
	}
	total := func(name string, ours, theirs *int64) {
		if text(ours) != text(theirs) {
			found = append(found, Difference{Key: "total", Column: name, Warehouse: text(ours), API: text(theirs)})
		}
	}
	total("source_count", count, asked.SourceCount)
	total("source_seconds", seconds, asked.SourceSeconds)
	if asked.Reconciled != nil && !*asked.Reconciled {
		found = append(found, Difference{Key: "total", Column: "reconciled", Warehouse: "true", API: "false: the answer does not add up to its own totals"})
	}
	return found, nil
}

func text(n *int64) string {
	if n == nil {
		return "NULL"
	}
	return fmt.Sprint(*n)
}
