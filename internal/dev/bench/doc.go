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
// made by internal/simulator for a company in New York that loads days of UTC, so that about one session in a hundred
// crosses midnight. The sessions of an answer are in random order. Each window's answer is rendered once, kept in memory
// and served by this program, uncompressed and with a Content-Length. So the source is never the bottleneck, and its CPU
// is not part of the client's. The measured program is the real binary with the built-in settings, except
// requests_per_second, which is at its maximum, and the look-back, which is a year.
//
// Postgres is a private server with the settings of initdb and full durability, the same for all measures. Each
// measurement has a database of its own, a copy of one that `wheelhouse migrate up` has made. A VACUUM (ANALYZE) before a
// reload replaces the work of autovacuum. Each measurement begins after a CHECKPOINT.
//
// 1.00 is the median of psql \copy from CSV files, sessions and then events, oldest first, on one connection, into the
// same tables with the same keys. The files are written from a warehouse that the program has loaded, so that the rows
// are the same. A ratio compares the time for a row. If a measure has as many rows as the baseline, that is the ratio
// of the times.
//
// Peers are programs that a user might write instead, in good faith. They are under peers, and run if their tools are
// installed. They are slow, and therefore load fewer sessions, with a baseline of as many sessions.
//
// Each round runs every measure once, so that other load on the machine affects all measures.
//
//   - rows/s: sessions and events by wall time.
//   - client CPU: of the program, of psql for \copy, or of the whole pipeline of a peer.
//   - Postgres CPU: of the postmaster and all its children, from /proc.
//   - WAL: the growth of pg_current_wal_insert_lsn, in 10^6 bytes.
//   - tuples written: n_tup_ins + n_tup_upd + n_tup_del of the tables in crankwheel, without staging tables.
//   - peak RSS: the program's VmHWM, read every few milliseconds.
//
// The measures:
//
//   - first: `backfill`, oldest day first, as a run loads a new account.
//   - unchanged: `run`, which loads everything again as its look-back; the answers are the same, byte for byte.
//   - force: `backfill --force`, which compares everything with the tables.
//   - changed: `run`, where one session in a hundred has one more viewer, which no other total shows.
//   - nightly: the second `run` for an account of 25 agents and 30 days whose clock does not move.
//   - slow: 150 windows of an API that takes 200 ms for an answer and refuses more than 5 requests a second and a burst
//     of 5.
//
// # Promises
//
// Only correct results count. After each measurement the rows, their totals, the ledger and its reconciliation are compared
// with the simulator's facts. A difference ends the bench with exit code 1. No process and no file is left, even after
// Ctrl-C (but not after SIGKILL). The result is Markdown on standard output; progress is on standard error.
//
// # Limits
//
// The bench does not measure the network: the source, the program and Postgres share the cores of one machine. It runs on
// Linux only.
package main
