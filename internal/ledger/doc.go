// Package ledger keeps wheelhouse.loads: which windows of which stream and account were loaded, when and with what result. The
// ledger decides which windows are due, which process may load a window, and the status of each stream.
//
// A window's load goes through these states. A load is a row of wheelhouse.loads. Its lease is a row of wheelhouse.leases:
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
//   - A row with status 'loaded' is written in the transaction that writes its data, so the row exists exactly when the data does
//     (invariant 2).
//   - One process at a time has the lease of a window, or of a window that overlaps it. A process whose lease has passed to another
//     one is refused when it commits (ErrFenced): QueueStates locks the leases that the process still has (invariant 2).
//   - The ledger alone decides what is due (invariant 1). The SQL function bi.covered answers whether a day is covered.
//   - Status and Health use the same statement, so they agree.
//
// Not promised: that a covered row is still in its table. Somebody may have deleted the row. backfill --force and verify compare with
// the tables (invariant 3).
//
// On failure: the windows of a dead process are free once its leases have run out. If the acknowledgement of a claim's COMMIT is
// lost, Claim looks the claim up before it claims again. Statements are tried again as package postgres describes.
//
// The package writes no table of schema crankwheel.
package ledger
