// Package sample fills a warehouse with one simulated account whose figures are the same on every machine and every
// day. It has a fixed seed, and runs the pipeline as `wheelhouse run` does at two fixed times, 06:00 UTC on 1 and on 2 July
// 2025. Documents and tests of queries use it.
//
// Promises: after Load, schemas crankwheel and bi have the same rows each time, except for the time of loading. The runs have
// the same numbers and counts. The second run loads a new day and two corrections of an old one (a session is deleted,
// another has more viewers), so that there are changes to see. Every day is reconciled, nothing fails and nothing is
// rejected. [Sample] has the facts behind the rows.
//
// Limits: the numbers of loads differ (windows are loaded in parallel), and so does everything that depends on the database's
// clock: bi.coverage has gaps from 2 July 2025 to today. Figures change when internal/simulator changes.
//
// If Load fails, the rows that are already committed stay in the warehouse.
package sample
