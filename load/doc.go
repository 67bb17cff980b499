// Package load brings answers into the warehouse: a window's rows, its deletions, its totals, its rejects and its ledger row commit
// in one transaction. Package ledger has the claims and leases that such a transaction needs.
//
// # The way in
//
// A Batch takes a window's rows while the answer is read, encoded as COPY sends them, and sorts them by key. Commit
// compares the batch with the tables and writes what differs. There is one diff for all streams and all sizes:
//
//	incoming rows, by key ─┐                 ┌─ insert     COPY into the table
//	                       ├─► merge join ──►├─ update     COPY into a staging table, UPDATE from there
//	existing rows, by key ─┘                 ├─ unchanged  nothing
//	                                         ├─ remove     soft delete, or DELETE in daily tables
//	                                         ├─ keep       nothing: a later answer told of the row, or a reject may be the row
//	                                         └─ merge      nothing: the record is another one again
//
// Both sides are bytes in Postgres's binary format, a row with its children. Rows are equal if their bytes are. All statements
// are made from the description of a table (Table, Column), which also says for which rows a window speaks (Scope). A stream's file
// holds its descriptions, and what is special about the stream. Compare, behind the command verify, runs the same diff and prints it.
//
// A row of a main table goes through these states:
//
//	            a window brings it         a window that speaks for it lacks it
//	┌────────┐ ───────────────────► ┌──────┐ ─────────────────────────────► ┌─────────────────┐
//	│ absent │                      │ live │                                │ deleted_at      │
//	└────────┘                      └──────┘ ◄───────────────────────────── │ is set          │
//	                                 │    ▲        a window brings it       └─────────────────┘
//	                                 └────┘
//	                           a window brings it changed
//
// A row of a daily table is removed instead. A share is deleted and comes back by its detail alone, never by a list.
//
// # Promised
//
//   - A row of wheelhouse.loads with status 'loaded' exists exactly when its data does.
//   - Rows that do not differ are not written.
//   - A writer whose lease on a window has passed on is refused (ledger.ErrFenced), and nothing of the window is written.
//   - An answer that was asked for earlier never overwrites one that was asked for later. Each column has one stream that writes it.
//   - An answer that lacks more than half of the rows its window speaks for, and at least 20, or all of at least three, is refused
//     (ShrinkError) until a person accepts it.
//   - A batch that lacks parts which could not be had (Batch.Incomplete) is loaded, but deletes nothing, and its ledger row says
//     so: loaded, not reconciled, with an error.
//   - No record is lost on the way: those read are those inserted, updated, unchanged, merged and rejected, or the load fails.
//   - A session keeps its id for good. Loads that number the same new session at once collide on the primary key.
//   - Memory does not grow with the window: a table's rows above 4 MiB wait in a temporary file that has no name, and existing
//     rows are read in stretches of keys.
//   - The days that a load changes are marked in wheelhouse.dirty_days, in its own transaction (see package internal/rollup).
//
// # Not promised
//
//   - That a row which was changed by hand is noticed by every load. An answer of usage_new that comes again byte for byte is not
//     compared, unless it was forced (Batch.Known is zero). Compare and forced loads always compare.
//   - Which of several equal sessions of one second has which number.
//   - That two processes never wait for each other: Postgres refuses one of two transactions that write the same rows, and that one is
//     tried again.
//
// # On failure
//
// Nothing of the window is written. What can succeed on another try is tried again as package postgres does, from the batch, without asking
// the API. Windows that share a transaction
// are loaded one by one where one of them may have been the cause. A COMMIT whose acknowledgement was lost is looked up in the ledger, and
// never sent again blindly.
//
// The package keeps no session state between transactions: no prepared statements, no session locks. So PgBouncer may stand
// before the server in transaction mode. A staging table that a pooled connection still has from another version has another name.
package load
