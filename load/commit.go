package load

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed rejects.sql
var rejectsSQL string

var rejects = parseSQL(rejectsSQL)

// Counts is what loading a window did. Read = Inserted + Updated + Unchanged + Merged + Rejected.
type Counts struct {
	Read      int64 // records that came
	Inserted  int64
	Updated   int64
	Unchanged int64
	Deleted   int64 // rows that the window no longer brings
	Merged    int64 // records that were others again
	Rejected  int64 // records set aside
	Skipped   bool  // the answer's hash equals what is loaded, or a newer answer is: nothing was written
}

// Commit loads a complete batch: rows, deletions, rejects, totals and the ledger's entry in one
// transaction. ErrFenced: the window has passed to another process, nothing was written.
func (w *Warehouse) Commit(ctx context.Context, c Claim, b *Batch, asked Asked) (Counts, error) {
	if b.err != nil {
		return Counts{}, b.err
	}
	var counts Counts
	tried := false
	err := w.retry(ctx, func() error {
		if tried {
			// The try before may have committed without our hearing of it.
			if done, err := w.loaded(ctx, c); done || err != nil {
				return err
			}
		}
		tried = true
		// One view of the warehouse for all statements: another window's commit in between, with a row of
		// this one's, must not make them disagree. It makes this transaction fail, and it is tried again.
		return pgx.BeginTxFunc(ctx, w.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) (err error) {
			counts, err = commit(ctx, tx, c, b, asked)
			return err
		})
	})
	return counts, err
}

func (w *Warehouse) loaded(ctx context.Context, c Claim) (bool, error) {
	var status string
	err := w.pool.QueryRow(ctx, ledger["outcome"], pgx.NamedArgs{"load": c.Load}).Scan(&status)
	return status == "loaded", err
}

func commit(ctx context.Context, tx pgx.Tx, c Claim, b *Batch, asked Asked) (Counts, error) {
	args := c.args()
	args["load"] = c.Load
	args["requested"] = c.at(b.settled.requested)
	args["canceled"] = nil
	if b.Canceled.Valid {
		args["canceled"] = b.Canceled.V
	}
	var held int
	switch err := tx.QueryRow(ctx, ledger["fence"], args).Scan(&held); {
	case errors.Is(err, pgx.ErrNoRows):
		return Counts{}, ErrFenced
	case err != nil:
		return Counts{}, err
	}
	counts := Counts{Read: b.Read(), Rejected: b.Rejected()}
	skip, err := nothingNew(ctx, tx, b, args)
	if err != nil {
		return Counts{}, err
	}
	if skip {
		counts.Skipped = true
		counts.Unchanged = counts.Read - counts.Rejected
	} else if err := merge(ctx, tx, c.Stream, b, args, &counts); err != nil {
		return Counts{}, err
	}
	return counts, close(ctx, tx, b, asked, args, counts)
}

// nothingNew tells whether there is nothing to merge: the warehouse holds this very answer, or one
// that was asked for later.
func nothingNew(ctx context.Context, tx pgx.Tx, b *Batch, args pgx.NamedArgs) (bool, error) {
	var newer bool
	if err := tx.QueryRow(ctx, ledger["newer"], args).Scan(&newer); err != nil || newer {
		return newer, err
	}
	var last []byte
	err := tx.QueryRow(ctx, ledger["last_hash"], args).Scan(&last)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return last != nil && string(last) == string(b.Hash()), err
}

// close writes the ledger's entry and gives up the lease.
func close(ctx context.Context, tx pgx.Tx, b *Batch, asked Asked, args pgx.NamedArgs, n Counts) error {
	for name, v := range map[string]any{
		"read": n.Read, "inserted": n.Inserted, "updated": n.Updated, "unchanged": n.Unchanged, "deleted": n.Deleted,
		"rejected": n.Rejected, "merged": n.Merged, "source_count": asked.SourceCount, "source_seconds": asked.SourceSeconds,
		"reconciled": asked.Reconciled, "hash": b.Hash(), "request_ids": asked.RequestIDs, "attempts": asked.Attempts,
	} {
		args[name] = v
	}
	tag, err := tx.Exec(ctx, ledger["loaded"], args)
	if err == nil && tag.RowsAffected() != 1 {
		return ErrFenced
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, ledger["release"], args)
	return err
}

// The statements of a stream's merge that change rows, in order. A stream has those it needs.
var (
	beforeTally = []string{"merge_parts", "merge_twice", "keep_twins", "keep_twins_events", "number_twins", "changed", "changed_day"}
	afterInsert = []string{"update_day", "insert_day", "day", "delete_children", "replace_children", "insert_shares", "update_shares"}
)

// merge copies the batch into staging and from there writes what is missing or differs.
func merge(ctx context.Context, tx pgx.Tx, s Stream, b *Batch, args pgx.NamedArgs, counts *Counts) error {
	copied, err := stageRows(ctx, tx, s, b)
	if err != nil {
		return err
	}
	m := merger{ctx: ctx, tx: tx, sql: s.sql, args: args}
	for _, name := range []string{"keep", "resolve", "unprotect"} {
		if _, err := tx.Exec(ctx, rejects[name], args); err != nil {
			return fmt.Errorf("rejects %s: %w", name, err)
		}
	}
	for _, name := range beforeTally {
		n := m.exec(name)
		if strings.HasPrefix(name, "merge") {
			counts.Merged += n
		}
	}
	t := m.tally()
	m.exec("insert_children")
	inserted := m.exec("insert")
	m.exec("lock")
	updated := m.exec("update")
	for _, name := range afterInsert {
		m.exec(name)
	}
	counts.Deleted = m.exec("delete")
	if m.err != nil {
		return m.err
	}
	counts.Inserted, counts.Updated, counts.Unchanged = t.own-t.ownKnown, t.ownDiffers, t.ownKnown-t.ownDiffers
	return conserve(*counts, t, copied, inserted, updated)
}

// tally is what a merge is about to do. Own rows are the answer's; others stand beside them.
type tally struct{ unknown, own, ownKnown, differs, ownDiffers int64 }

// conserve checks that no row was lost or made on the way from the answer to the tables.
func conserve(n Counts, t tally, copied, inserted, updated int64) error {
	switch {
	case copied != n.Read-n.Rejected:
		return fmt.Errorf("conservation: %d records came and %d were set aside, but %d were copied", n.Read, n.Rejected, copied)
	case t.own != copied-n.Merged:
		return fmt.Errorf("conservation: %d rows were copied and %d merged, but %d are staged", copied, n.Merged, t.own)
	case inserted != t.unknown || updated != t.differs:
		return fmt.Errorf("conservation: %d rows are new and %d differ, but %d were inserted and %d updated",
			t.unknown, t.differs, inserted, updated)
	case n.Read != n.Inserted+n.Updated+n.Unchanged+n.Merged+n.Rejected:
		return fmt.Errorf("conservation: %d records read are not %d inserted, %d updated, %d unchanged, %d merged and %d rejected",
			n.Read, n.Inserted, n.Updated, n.Unchanged, n.Merged, n.Rejected)
	}
	return nil
}

// merger runs a stream's statements until one fails.
type merger struct {
	ctx  context.Context
	tx   pgx.Tx
	sql  statements
	args pgx.NamedArgs
	err  error
}

func (m *merger) exec(name string) int64 {
	sql, has := m.sql[name]
	if !has || m.err != nil {
		return 0
	}
	tag, err := m.tx.Exec(m.ctx, sql, m.args)
	if err != nil {
		m.err = fmt.Errorf("%s: %w", name, err)
	}
	return tag.RowsAffected()
}

func (m *merger) tally() (t tally) {
	if m.err != nil {
		return t
	}
	err := m.tx.QueryRow(m.ctx, m.sql["tally"], m.args).Scan(&t.unknown, &t.own, &t.ownKnown, &t.differs, &t.ownDiffers)
	if err != nil {
		m.err = fmt.Errorf("tally: %w", err)
	}
	return t
}

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
		tag, err := conn.CopyFrom(ctx, io.MultiReader(strings.NewReader(string(copyHeader)), rows, strings.NewReader(string(copyTrailer))),
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

// Add sums the counts of several windows.
func (n *Counts) Add(m Counts) {
	n.Read += m.Read
	n.Inserted += m.Inserted
	n.Updated += m.Updated
	n.Unchanged += m.Unchanged
	n.Deleted += m.Deleted
	n.Merged += m.Merged
	n.Rejected += m.Rejected
}
