package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Counts counts the records of a loaded window, and its deletions. Read = Inserted + Updated + Unchanged + Merged + Rejected.
type Counts struct {
	Read      int64 // records in the answers
	Inserted  int64
	Updated   int64
	Unchanged int64
	Deleted   int64 // rows that were removed, or whose deleted_at was set
	Merged    int64 // records that were the same as another one
	Rejected  int64 // records that could not be understood
	Skipped   bool  // no row was compared: the answer is the one that was loaded last, or a newer one was loaded
}

// Add adds the counts of another window.
func (n *Counts) Add(m Counts) {
	n.Read += m.Read
	n.Inserted += m.Inserted
	n.Updated += m.Updated
	n.Unchanged += m.Unchanged
	n.Deleted += m.Deleted
	n.Merged += m.Merged
	n.Rejected += m.Rejected
}

// Conserve returns an error if a record was lost or doubled on the way from the answer to the tables.
func (n Counts) Conserve() error {
	if n.Read != n.Inserted+n.Updated+n.Unchanged+n.Merged+n.Rejected {
		return fmt.Errorf("conservation: %d records read are not %d inserted, %d updated, %d unchanged, %d merged and %d rejected",
			n.Read, n.Inserted, n.Updated, n.Unchanged, n.Merged, n.Rejected)
	}
	return nil
}

// State is what the ledger says about a claimed window when the transaction that loads it begins.
type State struct {
	Leased     bool   // this process has the window's lease, locked until the transaction ends
	Superseded bool   // an answer that was asked for later is loaded, and covers all of the window
	Last       *int64 // the newest load that overlaps the window, if that load was of exactly this window; else nil
	Hash       []byte // of the answer of Last
	Rejects    bool   // the window has open rejects, which may be resolved
	Newer      []Newer
}

// QueueStates queues the first statements of a transaction that loads windows of one stream of one account. The statements lock
// the leases that this process still has until the transaction ends (invariant 2), and read the windows' states. asked are the
// moments at which the answers were asked for, by the database's clock. The states are filled in when the batch has been sent.
func QueueStates(batch *pgx.Batch, claims []Claim, asked []time.Time) []State {
	states := make([]State, len(claims))
	loads := make([]int64, len(claims))
	for i, c := range claims {
		loads[i] = c.Load
	}
	batch.Queue(ledger["fence"], pgx.NamedArgs{"loads": loads}).Query(func(rows pgx.Rows) error {
		leased, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		for i := range states {
			states[i].Leased = slices.Contains(leased, loads[i])
		}
		return err
	})
	args := spans(claims, func(c Claim) Window { return c.Window })
	args["requested"] = asked
	batch.Queue(ledger["state"], args).Query(func(rows pgx.Rows) error {
		defer rows.Close()
		for i := 0; rows.Next(); i++ {
			s := &states[i]
			if err := rows.Scan(&s.Superseded, &s.Last, &s.Hash, &s.Rejects); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	for i, c := range claims {
		batch.Queue(ledger["newer"], newerArgs(c.Window, asked[i])).Query(func(rows pgx.Rows) (err error) {
			states[i].Newer, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Newer])
			return err
		})
	}
	return states
}

// Newer is a load whose answer was asked for later than another one.
type Newer struct {
	Load     int64
	From, To time.Time
	Complete bool // no part of the window is missing
}

// NewerThan lists the loads of the window's stream and account whose answers were asked for after a moment of the database's
// clock.
func NewerThan(ctx context.Context, tx pgx.Tx, w Window, asked time.Time) ([]Newer, error) {
	rows, err := tx.Query(ctx, ledger["newer"], newerArgs(w, asked))
	if err != nil {
		return nil, fmt.Errorf("newer loads: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Newer])
}

func newerArgs(w Window, asked time.Time) pgx.NamedArgs {
	return pgx.NamedArgs{"account": w.Account, "stream": w.Stream.Name, "requested": asked}
}

// QueueLoaded queues the end of a claim in the transaction that wrote the window (invariant 2): the load's result, and the end of
// the lease. asked is when the answer was asked for, by the database's clock. When the batch has been sent, noticed holds the unknown
// members that no earlier load of the stream had. ErrFenced: the lease has passed to another process.
func (c Claim) QueueLoaded(batch *pgx.Batch, asked time.Time, n Counts, a Asked, noticed *[]string) {
	batch.Queue(ledger["loaded"], pgx.NamedArgs{
		"load": c.Load, "requested": asked, "request_ids": a.RequestIDs, "attempts": a.Attempts,
		"read": n.Read, "inserted": n.Inserted, "updated": n.Updated, "unchanged": n.Unchanged, "deleted": n.Deleted,
		"rejected": n.Rejected, "merged": n.Merged, "source_count": a.SourceCount, "source_seconds": a.SourceSeconds,
		"reconciled": a.Reconciled, "missing": a.Missing, "response_hash": a.Hash,
	}).Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() != 1 {
			return ErrFenced
		}
		return nil
	})
	if len(a.Unknown) > 0 {
		args := c.Args()
		args["load"], args["members"] = c.Load, a.Unknown
		batch.Queue(ledger["unknown_members"], args).Query(func(rows pgx.Rows) (err error) {
			*noticed, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	}
	batch.Queue(ledger["release"], pgx.NamedArgs{"load": c.Load})
}

// QueueSame queues the end of a claim whose answer came again byte for byte. The load gets the counts and totals of the load last.
// n and reconciled are filled in when the batch has been sent. ErrFenced: the lease has passed to another process.
func (c Claim) QueueSame(batch *pgx.Batch, asked time.Time, last int64, a Asked, n *Counts, reconciled **bool) {
	batch.Queue(ledger["loaded_same"], pgx.NamedArgs{
		"load": c.Load, "requested": asked, "request_ids": a.RequestIDs, "attempts": a.Attempts, "last": last,
	}).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&n.Read, &n.Rejected, reconciled)
		n.Unchanged = n.Read - n.Rejected
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrFenced
		}
		return err
	})
	batch.Queue(ledger["release"], pgx.NamedArgs{"load": c.Load})
}

// Loaded tells whether a load has committed.
func (l *Ledger) Loaded(ctx context.Context, load int64) (bool, error) {
	var status string
	err := l.db.Once(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, ledger["outcome"], pgx.NamedArgs{"load": load}).Scan(&status)
	})
	return status == "loaded", err
}

// LoadedSince tells whether a load that overlaps a window committed after a moment of the database's clock.
func LoadedSince(ctx context.Context, tx pgx.Tx, w Window, since time.Time) (loaded bool, err error) {
	args := w.Args()
	args["since"] = since
	err = tx.QueryRow(ctx, ledger["loaded_since"], args).Scan(&loaded)
	return loaded, err
}

// Totals returns the API's own totals of the newest load of exactly this window. pgx.ErrNoRows: there is no such load.
func Totals(ctx context.Context, tx pgx.Tx, w Window) (count, seconds *int64, err error) {
	err = tx.QueryRow(ctx, ledger["totals"], w.Args()).Scan(&count, &seconds)
	return count, seconds, err
}
