// Package pipeline takes windows from the plan to the commit, and compares them (Verify).
//
// Plan asks the ledger which windows are due. A worker loads the due windows of one stream of one account:
//
//	due ─► claimed ─► asking ─► ready ─► committing ─► loaded, unreconciled or failed
//	  ▲        │ up to 4 at once   │ up to 4 share a transaction
//	  └────────┘ another process is loading the window: tried again once that one is done
//
// A worker claims some windows, asks the API for as many at once as the stream's parallel allows, and commits in one goroutine: one
// transaction of a stream and account at a time, since neighbouring windows show the same rows. All workers of a run
// share Workers places for asking and two for committing. So asking, reading and loading overlap, and what waits is bounded.
//
// A window has five types on its way: ledger.Window (what), ledger.Due (and why), ledger.Claim (and the right to load it), load.Ready (and its
// answer) and Outcome.
//
// Promised: a window is loaded whole or not at all, by one process at a time, whoever asked for it. A plan asks for what the ledger lacks,
// for what may have changed and for what failed, lacks parts or did not reconcile, and for no more. A run goes on past a window that
// fails. After five failures in a row a worker goes on from the other end of what is due. After five more, or after an error that every window
// would meet (a key that is refused, no right in the database, a full disk), it leaves the rest to the next run.
//
// Not promised: an order of windows. Those that another process is loading come last.
//
// On failure of a window the ledger keeps the error, without data. A window of several days that fails is tried again day by day. When the
// context ends no window begins, and those that are claimed have Grace. A panic in a window's load is that window's error; its value is left out.
package pipeline
