// Package rollup refreshes the rollups: tables with sums by day, kept beside the rows that they sum. They are
// wheelhouse.agent_daily, request_hours and video_daily.
//
// A day of an account is clean or dirty. Only the marks in wheelhouse.dirty_days say which:
//
//	         a load changes rows of the day, the zone changes,
//	         or somebody deletes its rollups: a mark
//	     ┌─────────────────────────────────────────────┐
//	     │                                             ▼
//	┌─────────┐                                   ┌─────────┐  another load:
//	│  clean  │ views read the rollup             │  dirty  │◄─┐ another mark
//	│ no mark │                                   │ 1 or    │──┘
//	└─────────┘                                   │ more    │ views sum the rows
//	     ▲                                        └─────────┘
//	     │ Refresh: writes the rollup, removes         │
//	     │ the marks that it read                      │
//	     └─────────────────────────────────────────────┘
//
// Promised: views of schema bi show the same figures before, during and after a refresh. If a load commits during a refresh, its
// marks stay, and its days are dirty. A refresh writes only rows that differ. If a load changed nothing that a rollup sums, the
// refresh only removes the marks. One process at a time refreshes an account; another process leaves the account to it.
//
// Not promised: that a day ever becomes clean. Rollups only save time: a warehouse without any shows the same figures, but more
// slowly. Changes by hand are not noticed unless their days are marked (wheelhouse.mark_dirty).
//
// On failure, the days of the failed transaction stay dirty, and days of earlier transactions stay clean. A transaction that
// conflicts with a load or with a change of the zone is tried again, up to 6 times. If one account fails, the others are still
// refreshed.
package rollup
