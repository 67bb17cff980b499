// Package load keeps the warehouse: the ledger of windows, who works on which, and the one
// transaction in which a window's rows, its deletions, its totals and its ledger row commit.
//
// It promises: a row of wheelhouse.loads with status 'loaded' exists exactly when its data does; rows
// that do not differ are not written; a writer whose lease on a window has passed on is refused; an
// answer asked for earlier never overwrites one asked for later; an answer that lacks more than half of what its
// window had, and at least 20 rows, is refused until a person accepts it.
//
// Rows come in a Batch, encoded for COPY while the answer is read and kept (in memory, and above 2 MiB
// a table in a nameless temporary file) until the answer is complete. A merge copies them into staging tables, joins
// those with the tables and writes only what is missing or distinct.
//
// A stream's volume decides how its rows get in. usage_new has most of them by far, a million a year where other streams
// have thousands: its batches are sifted first (see sifting). What the warehouse does not know goes by COPY straight
// into the tables, oldest first; what it has already is left; and only twins and what differs are merged. Windows share
// a transaction, each with its own row in the ledger; one whose answer shows sessions of other days has its own, which waits for
// whoever loads those days (see lockSessions). An answer of up to 4 MiB, a day's, that comes again
// byte for byte is known by its hash and not even read as JSON. The other streams have few rows a window, and what they write depends on
// what is there (counts of a day, shares that several days show): a merge for each window is simple, and enough.
//
// Rollups (package internal/rollup) sum sessions, requests and visits by day. A load marks the days that it changes as dirty, in its own
// transaction: views sum those on the spot, so that they are right at any moment.
//
// On failure nothing of the window is written. Deadlocks, serialization failures, time-outs, lost
// connections and key conflicts between two windows are tried again within bounds, from the batch, without
// asking the API. A COMMIT whose acknowledgement was lost is looked up in the ledger, never sent again
// blindly. Errors carry Postgres's SQLSTATE, table and column, never its DETAIL, which can hold rows.
//
// It keeps no session state between transactions (no prepared statements, no session locks), so that
// PgBouncer may stand between in transaction mode.
package load
