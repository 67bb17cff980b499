// Package report shows results to people and to programs: tables, a run's summary, progress bars.
//
// Tables for people are aligned and safe for a terminal: characters that do not print are escaped. Output for programs
// is JSON with stable snake_case keys and the same values, not rounded. JSON is safe for a terminal, too.
//
// The package redacts nothing: it shows everything that a caller passes.
package report
