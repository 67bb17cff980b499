// Package load keeps the warehouse: the ledger of windows, who works on which, and the one
// transaction in which a window's rows, its deletions, its totals and its ledger row commit.
//
// It promises: a row of wheelhouse.loads with status 'loaded' exists exactly when its data does; rows
// that do not differ are not written; a writer whose lease on a window has passed on is refused; an
// answer asked for earlier never overwrites one asked for later; an answer that lacks more than half of what its
// window had, and at least 20 rows, is refused until a person accepts it.
//
// Rows come in a Batch, encoded for COPY while the answer is read and kept (in memory, and above 2 MiB
// a table in a nameless temporary file) until the answer is complete. The transaction copies them into
// staging tables and merges: it joins the tables first and writes only what is missing or distinct.
//
// On failure nothing of the window is written. Deadlocks, serialization failures, time-outs, lost
// connections and key conflicts between two windows are tried again within bounds, from the batch, without
// asking the API. A COMMIT whose acknowledgement was lost is looked up in the ledger, never sent again
// blindly. Errors carry Postgres's SQLSTATE, table and column, never its DETAIL, which can hold rows.
//
// It keeps no session state between transactions (no prepared statements, no session locks), so that
// PgBouncer may stand between in transaction mode.
package load
