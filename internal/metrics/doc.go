// Package metrics tells Prometheus how loading gets on and whether the warehouse can be trusted. docs/metrics.md lists
// every metric.
//
// Two kinds. The ledger's (wheelhouse_ledger_…) are read from the database when somebody asks: they tell how streams
// stand whichever process loaded them, and survive a restart. The process's own are counted as requests and
// windows go by: never a row at a time, so that loading does not become slower.
//
// Promised: however often and by however many it is asked, the ledger is read one at a time, in one read-only
// transaction of at most 5 seconds, and what was read is told again for 20 times as long as reading took (5 seconds at
// the least): asking takes no more than a twentieth of one of the database's cores. Labels are the accounts and streams
// of the settings and words of closed sets. No metric holds an address, a secret, an error's text or anything that
// was loaded.
//
// On failure: while the ledger cannot be read, wheelhouse_ledger_up is 0 and the other wheelhouse_ledger_… are left
// out, since nothing is known. The answer is 200 all the same. Attach comes once the database is there; before that it is 0, too.
//
// Not promised: a figure of the moment (see above), and anything of a `run` or a `backfill`, which end before somebody could ask;
// what they loaded the ledger's metrics of a `serve` tell.
package metrics
