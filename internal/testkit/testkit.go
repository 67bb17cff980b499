package testkit

import (
	"flag"
	"os"
	"strconv"
	"testing"
)

// longSwitch is the environment variable that asks for the long tests.
const longSwitch = "WHEELHOUSE_LONG"

// Long tells whether every row of every table is to run, and not a sample.
func Long() bool { return os.Getenv(longSwitch) != "" }

// SkipIfShort skips a test under -short, with the reason.
func SkipIfShort(t testing.TB, reason string) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: " + reason)
	}
}

// Parallel lets n parallel tests of a package run at once where the command line does not say how many. Tests that wait for
// a server or for each other leave the processors idle when only as many of them run as there are processors. TestMain
// calls it before m.Run.
func Parallel(n int) { Default("test.parallel", strconv.Itoa(n), strconv.Itoa(n)) }

// Default sets a flag that the command line does not give, to one value in the usual tests and another in the long ones.
// TestMain calls it before m.Run.
func Default(name, usual, long string) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if given {
		return
	}
	value := usual
	if Long() {
		value = long
	}
	if err := flag.Set(name, value); err != nil {
		panic(err) // no package defines the flag
	}
}

// Sample returns every element if the tests are long, and otherwise those whose index leaves the remainder of turn
// divided by step: different tables that take different turns cover all pairs between them.
func Sample[T any](all []T, step, turn int) []T {
	if Long() {
		return all
	}
	var some []T
	for i := turn % step; i < len(all); i += step {
		some = append(some, all[i])
	}
	return some
}
