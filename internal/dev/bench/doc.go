//go:build linux

// Command bench measures how long the program takes from HTTP to commit, against `psql \copy` of the same rows.
//
//	go run ./internal/dev/bench                                      # everything, three rounds: about an hour
//	go run ./internal/dev/bench -shared-buffers 1GB                  # another server setting
//	go run ./internal/dev/bench -only large-first,months-force       # some measures
//	go run ./internal/dev/bench -binary ./wheelhouse                 # a program built elsewhere
//	go run ./internal/dev/bench -only large-first -rounds 1 -profile profiles
//
// -scale makes the days smaller. -profile leaves a CPU profile and one of allocations of each run of the program that
// is measured.
//
// # What is measured
//
// usage_new in three shapes: 60 days of 8,000 sessions, 180 days of 2,700, and two windows of 31 days of 8,000. They are
// made by internal/simulator for a company in New York whose days are UTC's, so that about one session in a hundred
// crosses midnight. The sessions of an answer come in a random order. Each window's answer is rendered once, kept in
// memory and served from here with a Content-Length and uncompressed: the source is never the limit, and what it costs
// is not in the client's CPU. The program is the real binary, run as a user runs it and with the settings it comes
// with, but for requests_per_second, which is at its highest, and the look-back, which is a year.
//
// Postgres is a private one with initdb's settings and everything durable, the same for all. Each measurement has a
// database of its own, a copy of one that `wheelhouse migrate up` has made. Before a reload is measured, VACUUM
// (ANALYZE) stands in for what autovacuum would have done by then; before everything, a CHECKPOINT.
//
// 1.00 is the median of psql \copy from CSV files, sessions and then events, oldest first, on one connection, into the
// same tables with the same keys. The files are written from a warehouse that the program has loaded, so that the rows
// are the same ones. A ratio compares the time for a row: where a measure's rows are as many as the baseline's, that
// is the ratio of the times.
//
// Peers are what a user might write instead, in good faith: they are under peers, and run where their tools are
// installed. They are slow, hence fewer sessions, and a baseline with as many.
//
// Rounds interleave: each runs every measure once, so that what else the machine does falls on all of them.
//
//   - rows/s: sessions and events by wall time.
//   - client CPU: the program's, of psql for \copy; of the whole pipeline of a peer.
//   - Postgres CPU: of the postmaster, its children and those it has buried, from /proc.
//   - WAL: what pg_current_wal_insert_lsn moved by, in 10^6 bytes.
//   - tuples written: n_tup_ins + n_tup_upd + n_tup_del of the tables in crankwheel. Staging is not in them.
//   - peak RSS: the program's VmHWM, read every few milliseconds.
//
// The measures:
//
//   - first: `backfill`, oldest day first, as a run loads a new account.
//   - unchanged: `run`, which reads everything again as its look-back; the answers are the same, byte for byte.
//   - force: `backfill --force`, which compares everything with the tables.
//   - changed: `run`, where one session in a hundred has a viewer more, which all other totals are blind to.
//   - nightly: `run` for the second time over an account of 25 agents and 30 days whose clock stands still.
//   - slow: 150 windows of an API that takes 200 ms for an answer and refuses what is above 5 requests a second and
//     a burst of 5.
//
// # What it promises
//
// A measurement that went wrong is no measurement: after each one the rows, their sums, the ledger and its
// reconciliation are compared with the simulator's facts, and a difference ends the bench with exit code 1. Nothing is
// left, neither process nor file, also after Ctrl-C (not after SIGKILL). The result is Markdown on standard output;
// what is going on is told on standard error.
//
// # What it does not
//
// It knows nothing about the network: all is on one machine, whose cores the source, the program and Postgres share.
// It runs on Linux only.
package main
