// Package ledger keeps wheelhouse.loads: which windows of which stream and account were loaded, when and with what result. From it
// comes what is due, who may load it, and how each stream stands.
//
// A window's load goes through these states. Each is a row of wheelhouse.loads; a lease is a row of wheelhouse.leases beside it:
//
//	                      Claim                        Loaded, in the transaction that writes the rows
//	┌────────────────┐ ─────────► ┌──────────────────┐ ─────────► ┌──────────┐
//	│ no load        │            │ running          │            │ loaded   │──► covered; a later load of
//	│ (a gap, or due │ ◄───────── │ with a lease,    │ ─────┐     └──────────┘    the same window is a new row
//	│  once more)    │   Return   │ renewed          │ Fail │
//	└────────────────┘            └──────────────────┘      ▼
//	                                │ the lease runs out  ┌──────────┐
//	                                │ and another process │ failed   │──► tried again by the next run
//	                                └────────────────────►└──────────┘
//	                                  claims the window
//
// Promised:
//
//   - A row with status 'loaded' is written in the transaction that writes its data, so it exists exactly when the data does (invariant 2).
//   - One process at a time has the lease of a window, or of one that overlaps it. A process whose lease has passed to another one is
//     refused when it commits (ErrFenced): QueueStates locks the leases that it still has.
//   - What is due follows from the ledger alone (invariant 1). "Is this day covered?" is answered by the SQL function bi.covered.
//   - Status and Health read one statement, and cannot disagree.
//
// Not promised: that a covered row is still in its table. Somebody may have deleted it; --force and verify compare with the tables (invariant 3).
//
// On failure: what a dead process claimed is free once its lease has run out. A claim whose COMMIT was not acknowledged is looked up, not
// repeated. Statements are tried again as package postgres does.
//
// The package writes no table of schema crankwheel.
package ledger
