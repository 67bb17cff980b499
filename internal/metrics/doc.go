// Package metrics exposes metrics for Prometheus: the progress of loading, and the state of the warehouse. docs/metrics.md
// lists every metric.
//
// There are two groups. The ledger's metrics (wheelhouse_ledger_…) are read from the database for a scrape. They show the
// state of the streams whichever process loaded them, and survive a restart. The process's own metrics count requests and
// windows, but never single rows, so that loading does not become slower.
//
// Promises: scrapes never overload the database. The ledger is read by one scrape at a time, in one read-only transaction
// of at most 5 seconds. The result is reused for 20 times as long as reading took, at least 5 seconds, so that scrapes use
// at most a twentieth of one core of the database. Labels are the accounts and streams of the settings, and words of closed
// sets. No metric contains an address, a secret, an error's text or loaded data.
//
// Failures: while the ledger cannot be read, wheelhouse_ledger_up is 0 and the other wheelhouse_ledger_… metrics are
// missing. The status is still 200. wheelhouse_ledger_up is also 0 before Attach.
//
// Limits: figures of the ledger may be some seconds old (see above). A `run` or a `backfill` has no metrics of its own,
// because it may end before a scrape. The ledger's metrics of a `serve` include the windows that it loads.
package metrics
