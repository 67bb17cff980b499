// Package sample fills a warehouse with one simulated account whose figures are the same on every machine and every
// day: a seed and two fixed moments, 06:00 UTC on 1 and on 2 July 2025, at which the pipeline runs as `wheelhouse run`
// would. Documents and tests of queries are made from it.
//
// Promised: after Load, schemas crankwheel and bi hold the same rows each time, but for when they were loaded, and the runs have
// the same numbers and counts. The second run brings a new day and two corrections of an old one (a session is gone,
// another had more viewers), so that there is something to see in what changed. Every day adds up, nothing fails
// and nothing is rejected. The truth behind the rows is [Sample].
//
// Not promised: the numbers of loads (windows are loaded side by side), and anything that tells time by the database's clock:
// bi.coverage goes up to today, and the days since 2 July 2025 are gaps in it. Figures change when internal/simulator does.
//
// On failure Load says which part failed; what it had committed by then stays in the warehouse.
package sample
