// Package pipeline takes windows from the plan to the commit, and compares them (Verify).
//
// Plan asks the ledger which windows are due. A lane is one stream of one account on its way through them:
//
//	due ─► claimed ─► asking ─► ready ─► committing ─► loaded, unreconciled or failed
//	  ▲        │ up to 4 at once   │ up to 4 share a transaction
//	  └────────┘ another process has the window: tried again once that one is done
//
// A lane claims some windows, asks the API for as many at once as the stream's parallel allows, and commits in one goroutine: one
// transaction of a stream and account at a time, since neighbouring windows show the same rows. All lanes of a run
// share Workers places for asking and two for committing. So asking, reading and loading overlap, and what waits is bounded.
//
// It promises that a window is loaded whole or not at all, by one process at a time, whoever asked for it; that a plan
// asks for what the ledger lacks, for what may have changed and for what failed, lacks parts or does not add up, and for no more; and that a run goes on past a window that
// fails. After five failures in a row a lane goes on from the other end of what is due. After five more, or after an error that every window
// would meet (a key that is refused, no right in the database, a full disk), it leaves the rest to the next run.
//
// It does not promise an order of windows: those that another process holds come last.
//
// On failure of a window the ledger keeps the error, without data. When the context ends no window begins, and those in hand have Grace.
// A panic in a window's load is that window's error, its value withheld.
package pipeline
