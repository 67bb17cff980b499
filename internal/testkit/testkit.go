package testkit

import (
	"flag"
	"os"
	"strconv"
	"testing"
)

// longSwitch is the environment variable that switches the long tests on.
const longSwitch = "WHEELHOUSE_LONG"

// Long reports whether tests run every row of every table, and not a sample.
func Long() bool { return os.Getenv(longSwitch) != "" }

// Rounds chooses how often a test repeats itself under -short, usually, and in the long tests.
func Rounds(short, usual, long int) int {
	switch {
	case Long():
		return long
	case testing.Short():
		return short
	default:
		return usual
	}
}

// SkipIfShort skips a test under -short, with the reason.
func SkipIfShort(t testing.TB, reason string) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: " + reason)
	}
}

// Parallel lets n tests of a package run at once, unless the command line says otherwise. Go's default is the number of
// processors, which would be idle while tests wait for a server or for each other. TestMain calls it before m.Run.
func Parallel(n int) { Default("test.parallel", strconv.Itoa(n), strconv.Itoa(n)) }

// Default sets a flag to one value in the usual tests and to another in the long ones, unless the command line sets it.
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
