// Package pipeline loads windows, from the plan to the commit, and compares them with the API (Verify).
//
// Plan asks the ledger which windows are due. A worker loads the due windows of one stream of one account:
//
//	due ─► claimed ─► asking ─► ready ─► committing ─► loaded, unreconciled or failed
//	  ▲        │ up to 4 at once   │ up to 4 share a transaction
//	  └────────┘ another process is loading the window: tried again later
//
// A worker claims some windows, asks the API for as many at once as the stream's parallel allows, and commits in one goroutine: one
// transaction of a stream and account at a time, because neighbouring windows have the same rows. All workers of a run share
// Workers places for asking and two for committing. So asking, reading and committing overlap, and the number of claimed windows
// is limited.
//
// A window has five types on its way: ledger.Window (the interval), ledger.Due (with the reason), ledger.Claim (with the lease),
// load.Ready (with the answer) and Outcome.
//
// Promised: a window is loaded by one process at a time, whole or not at all (invariant 2), whoever asked for it. A plan has the
// windows that the ledger does not cover, that may have changed, and that failed or are not reconciled, and no others
// (invariant 1). A run goes on after a window that fails (invariant 6). After five failures in a row a worker goes on from the
// other end of the due windows. After five more, or after an error that every window would meet (a refused key, no right in the
// database, a full disk), it leaves the rest to the next run.
//
// Not promised: an order of windows. Windows that another process is loading come last.
//
// On failure of a window, the ledger keeps the error, without data. A window of several days that fails is tried again day by day.
// When the context ends, no window begins, and claimed windows have Grace to end. A panic in a window's load is an error of that
// window; the panic's value is left out.
package pipeline
