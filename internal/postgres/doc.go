// Package postgres opens connections to the warehouse's database and runs transactions.
//
// Promised: whatever the settings of the role, the database, the address and PGOPTIONS are, a transaction of Begin has the settings that
// Wheelhouse's statements depend on (invariant 7). Every connection of the program is made with Config, and every statement runs in
// a transaction of Begin. A database that cannot be a warehouse is refused (UnusableError). Retry and InTx try again after errors
// that another try may avoid: deadlocks, serialization failures, key conflicts, timeouts, lost connections, a server that restarts
// or is read-only after a failover. An error has Postgres's SQLSTATE, table, column and expected type, and never a value: DETAIL, the
// statement, and messages that may quote a row are left out. A failure to connect names its cause and its remedy, and never the
// password. If a setting may be the reason of an error, the error names the setting.
//
// Not promised: any state of a session between transactions (invariant 7). PgBouncer in transaction mode may stand before the
// server, so the package prepares no statements and keeps no locks.
//
// On failure: the number of tries is limited. They take about 40 s if the server is down, and a few seconds otherwise. For an
// address that never worked they take a few seconds.
package postgres
