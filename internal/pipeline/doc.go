// Package pipeline loads windows: one function loads one, the planner asks the ledger which, and the
// loops around them belong to a run.
//
// It promises that a window is loaded whole or not at all, by one process at a time, whoever asked for
// it; that what a plan asks for is what the ledger lacks, and no more; and that a run goes on past a
// window that fails. A stream whose windows keep failing is given up for the run: what it lacks stays a
// gap, and the next run asks for it again.
package pipeline
