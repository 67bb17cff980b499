package load

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// LastLoad is the ledger's newest entry: what a plan made now knows of.
func (w *Warehouse) LastLoad(ctx context.Context) (id int64, err error) {
	err = w.retry(ctx, func() error { return w.pool.QueryRow(ctx, ledger["last_load"]).Scan(&id) })
	return id, err
}

// Covered tells for each window whether the ledger covers it.
func (w *Warehouse) Covered(ctx context.Context, account string, s Stream, windows []Window) ([]bool, error) {
	starts, stops := make([]time.Time, len(windows)), make([]time.Time, len(windows))
	for i, win := range windows {
		starts[i], stops[i] = win.From, win.To
	}
	args := Window{Account: account, Stream: s}.args()
	args["starts"], args["stops"] = starts, stops
	var covered []bool
	err := w.retry(ctx, func() error {
		rows, err := w.pool.Query(ctx, ledger["plan"], args)
		if err != nil {
			return err
		}
		covered, err = pgx.CollectRows(rows, pgx.RowTo[bool])
		return err
	})
	return covered, err
}

// Open lists the starts, since a moment, of what was not over when it was last seen: running sessions,
// unanswered requests. Other streams have nothing open.
func (w *Warehouse) Open(ctx context.Context, account string, s Stream, since time.Time) ([]time.Time, error) {
	statement := map[string]string{"usage_new": "open_sessions", "demo_usage": "open_requests"}[s.Name]
	if statement == "" {
		return nil, nil
	}
	var starts []time.Time
	err := w.retry(ctx, func() error {
		rows, err := w.pool.Query(ctx, ledger[statement], pgx.NamedArgs{"account": account, "since": since})
		if err != nil {
			return err
		}
		starts, err = pgx.CollectRows(rows, pgx.RowTo[time.Time])
		return err
	})
	return starts, err
}

// SnapshotSince tells whether a snapshot was taken on the day that ends at a moment, or later: it
// tells of all the days before. whole tells whether the newest of them is complete.
func (w *Warehouse) SnapshotSince(ctx context.Context, account string, s Stream, to time.Time) (taken, whole bool, err error) {
	args := Window{Account: account, Stream: s, To: to}.args()
	err = w.retry(ctx, func() error {
		err := w.pool.QueryRow(ctx, ledger["snapshot_since"], args).Scan(&whole)
		taken = err == nil
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return taken, whole, err
}

// What is wrong with a window that is covered.
const (
	AgainFailed       = "failed"
	AgainUnreconciled = "unreconciled"
)

// Trouble is a window that is loaded and had better be read again.
type Trouble struct {
	From time.Time
	Why  string
}

// Troubled lists windows whose newest reading failed, lacks a part or does not add up to the API's totals. The latter are
// listed until they were read five times: an API that says the same each night is not mended by asking.
func (w *Warehouse) Troubled(ctx context.Context, account string, s Stream) ([]Trouble, error) {
	args := Window{Account: account, Stream: s}.args()
	args["failed"], args["unreconciled"] = AgainFailed, AgainUnreconciled
	var all []Trouble
	err := w.retry(ctx, func() error {
		rows, err := w.pool.Query(ctx, ledger["troubled"], args)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Trouble])
		return err
	})
	return all, err
}
