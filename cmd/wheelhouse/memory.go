package main

import (
	"os"
	"runtime/debug"
)

// boundMemory has the collector run often enough for the rows of as many windows at a time: they are most of the memory, large
// and soon over. It is not a limit that anything fails at. GOGC and GOMEMLIMIT win.
func boundMemory(windows int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(32<<20 + int64(windows)*6<<20)
	}
}
