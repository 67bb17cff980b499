package main

import (
	"os"
	"runtime"
	"runtime/debug"
)

// boundMemory has the collector run often enough for the rows of as many windows at a time: they are most of the memory, large
// and soon over. It is not a limit that anything fails at. GOGC and GOMEMLIMIT win.
func boundMemory(windows int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(35<<20 + int64(windows)*6<<20)
	}
}

// feedAtOnce has two more threads than there are processors. Goroutines that decode answers keep theirs for ten milliseconds
// at a time; one that could send Postgres more rows would wait for that, and Postgres for it. The kernel lets it run sooner.
func feedAtOnce() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 2)
	}
}
