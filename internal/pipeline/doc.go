// Package pipeline loads windows: the planner asks the ledger which are due, and for each stream a lane takes them from
// there to their commit. A lane claims some windows, asks the API for several at a time, and hands those whose answers
// are complete to whoever commits: up to two transactions at a time over all lanes, each with the windows that wait
// for one. So asking, reading and loading overlap, and what waits is bounded.
//
// It promises that a window is loaded whole or not at all, by one process at a time, whoever asked for
// it; that what a plan asks for is what the ledger lacks, and no more; and that a run goes on past a
// window that fails. A stream whose windows keep failing is given up for the run: what it lacks stays a
// gap, and the next run asks for it again.
package pipeline
