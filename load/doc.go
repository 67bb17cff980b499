// Package load brings answers of the API into the warehouse. A window's rows, deletions, totals, rejects and ledger row commit in
// one transaction. Package ledger has the claims and leases that such a transaction needs.
//
// # The way in
//
// A Batch takes a window's rows while the answer is read. It encodes them in COPY's binary format and sorts them by key. Commit
// compares the batch with the tables and writes what differs. There is one diff for all streams and all sizes:
//
//	incoming rows, by key ─┐                 ┌─ insert     COPY into the table
//	                       ├─► merge join ──►├─ update     COPY into a staging table, UPDATE from there
//	existing rows, by key ─┘                 ├─ unchanged  nothing
//	                                         ├─ remove     soft delete; in daily tables DELETE
//	                                         ├─ keep       nothing: a later answer has the row, or a reject may be the row
//	                                         └─ merge      nothing: the record is the same as another one
//
// Both sides are bytes in Postgres's binary format, a row with its children. Rows are equal if their bytes are. All statements
// are made from the description of a table (Table, Column), which also says for which rows a window speaks (Scope). A stream's file
// has its descriptions, and the code that only this stream needs. Compare, behind the command verify, runs the same diff and
// returns the differences.
//
// A row of a main table goes through these states:
//
//	                                        a window that speaks for it
//	           a window has it              does not have it
//	┌────────┐ ───────────────────► ┌──────┐ ─────────────────────────────► ┌─────────────────┐
//	│ absent │                      │ live │                                │ deleted_at      │
//	└────────┘                      └──────┘ ◄───────────────────────────── │ is set          │
//	                                 │    ▲        a window has it          └─────────────────┘
//	                                 └────┘
//	                           a window has it changed
//
// A row of a daily table is removed instead. A share is deleted and restored only by its detail, never by a list.
//
// # Promised
//
//   - A row of wheelhouse.loads with status 'loaded' exists exactly when its data does (invariant 2).
//   - A row that does not differ is not written (invariant 4).
//   - A process whose lease on a window has passed to another one is refused (ledger.ErrFenced), and nothing of the window is
//     written (invariant 2).
//   - An answer that was asked for earlier never overwrites one that was asked for later. Each column has one stream that writes
//     it (invariant 5).
//   - An answer that would delete more than half of the rows its window speaks for, and at least 20, or all of at least
//     three, is refused (ShrinkError) until a person accepts it.
//   - A batch that is not complete (Batch.Incomplete) is loaded, but deletes nothing. Its ledger row says so: loaded, not
//     reconciled, with an error.
//   - No record is lost on the way: the records read are those inserted, updated, unchanged, merged and rejected, or the load fails.
//   - A session keeps its id for good. Loads that give the same number to the same new session collide on the primary key.
//   - Memory does not grow with the window: above 4 MiB, rows of a table wait in a temporary file without a name, and existing
//     rows are read in stretches of keys.
//   - The days that a load changes are marked in wheelhouse.dirty_days, in the load's transaction (see package rollup).
//
// # Not promised
//
//   - That every load notices a row that was changed by hand. If an answer of usage_new comes again byte for byte, its rows are not
//     compared, except by forced loads (Batch.Known is zero) and by Compare (invariant 3).
//   - Which of several equal same-second sessions has which number.
//   - That two processes never wait for each other. Postgres refuses one of two transactions that write the same rows, and that
//     transaction is tried again.
//
// # On failure
//
// Nothing of the window is written. An error that another try may avoid is retried as package postgres describes, from the
// batch, without asking the API. If one of several windows in a transaction may be the cause, each gets a transaction of its
// own. If the acknowledgement of a COMMIT is lost, the ledger tells whether the transaction has committed.
//
// The package relies on no state of a session between transactions: no prepared statements, no session locks (invariant 7). So
// PgBouncer in transaction mode works. A pooled connection may still have the staging table of another version; that table has
// another name.
package load
