package metrics_test

import (
	"runtime"
	"strings"
	"testing"
)

// An account's API clients are made once. Computing metrics makes none: each scrape would begin limits of requests a second anew.
func TestAScrapeMakesNoClient(t *testing.T) { // not parallel: it counts all clients of the process
	defer func(rate int) { runtime.MemProfileRate = rate }(runtime.MemProfileRate)
	runtime.MemProfileRate = 1 // every allocation is in the profile
	before := clientsMade(t)
	s := newScene(t, someSchedules)
	opened := clientsMade(t)
	if opened == before {
		t.Fatal("no client of the account is counted")
	}
	for range 3 {
		mustScrape(t, s.url)
		s.fresh() // reads the ledger anew
	}
	if n := clientsMade(t) - opened; n != 0 {
		t.Errorf("six scrapes made %d objects of API clients", n)
	}
}

// clientsMade is how many objects were allocated for API clients since the process began.
func clientsMade(t *testing.T) (objects int64) {
	t.Helper()
	runtime.GC()
	runtime.GC() // the profile is that of the collection before the last
	n, _ := runtime.MemProfile(nil, true)
	records := make([]runtime.MemProfileRecord, n+1000)
	n, ok := runtime.MemProfile(records, true)
	if !ok {
		t.Fatal("the profile grew meanwhile")
	}
	for _, r := range records[:n] {
		frames := runtime.CallersFrames(r.Stack())
		for more := true; more; {
			var f runtime.Frame
			f, more = frames.Next()
			if f.Function == "wheelhouse/extract.New" || strings.HasPrefix(f.Function, "wheelhouse/extract.(*Client).Limited") {
				objects += r.AllocObjects
				break
			}
		}
	}
	return objects
}
