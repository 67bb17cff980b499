// Package report shows results to people and to programs: tables, a run's summary, progress bars.
//
// It promises that what it writes for people is aligned and can do a terminal no harm: characters that
// do not print are written as escapes. What it writes for programs is JSON with stable snake_case keys,
// the same values unrounded, and is as harmless to a terminal that it is sent to.
//
// It holds no secrets and hides nothing: what a caller hands it is shown.
package report
