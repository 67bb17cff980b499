// Package rollup keeps the sums by day beside the rows that they sum: wheelhouse.agent_daily, request_hours and video_daily.
//
// A day of an account is clean or dirty. The marks in wheelhouse.dirty_days tell, and nothing else:
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
//	     │ the marks that it saw                       │
//	     └─────────────────────────────────────────────┘
//
// Promised: views of schema bi say the same before, during and after a refresh. A load that commits during a refresh leaves its mark,
// so its days stay dirty. A refresh writes only rows that differ: where a load changed nothing that is summed, it removes marks and
// writes nothing else. One process at a time refreshes an account; another one passes the account over.
//
// Not promised: that a day is ever clean. Rollups save time only, and a warehouse without any shows the same figures later.
// Rows that somebody changes by hand without a mark (wheelhouse.mark_dirty) are not noticed.
//
// On failure the transaction's days stay dirty, and days of transactions before it stay refreshed. Conflicts with a load or with a change of
// the zone are tried again within bounds. One account's failure does not keep the others from being refreshed.
package rollup
