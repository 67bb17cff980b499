// Package postgres opens connections to the warehouse's database and runs transactions on them.
//
// Promised: each session sets what Wheelhouse depends on (invariant 7: encoding, date style, standard strings), whatever the
// database, the role or the address say. Retry and InTx try again what can succeed on another try: deadlocks, serialization failures, key
// conflicts, time-outs, lost connections, a server that restarts or is read-only after a failover. Errors carry Postgres's SQLSTATE,
// table and column, and never a value: DETAIL, the statement and what could quote a row are left out.
//
// Not promised: any state of a session between transactions. PgBouncer may stand before the server in transaction mode, so nothing is
// prepared and no lock outlives its transaction.
//
// On failure: tries are bounded, about 40 s where the server is gone, a few seconds otherwise. An address that never worked is tried for a
// few seconds only.
package postgres
