package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/stream"
	"wheelhouse/internal/testdb"
	"wheelhouse/load"
)

// dayOf returns the window of a day of the stream usage_new.
func dayOf(day time.Time) ledger.Window {
	s, _ := stream.ByName("usage_new")
	return ledger.Window{Account: "acme", Stream: s, From: day, To: day.AddDate(0, 0, 1), Day: day}
}

// check keeps the examples short.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

// One process at a time has the lease of a window.
func ExampleLedger_Claim() {
	ctx := context.Background()
	dsn, drop := testdb.ForExample()
	defer drop()
	warehouse, err := load.Open(ctx, dsn, load.Options{})
	check(err)
	defer warehouse.Close()
	l := warehouse.Ledger

	due := ledger.Due{Window: dayOf(time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)), Why: ledger.WhyGap}
	first, err := l.StartRun(ctx, "run", "v1", "one machine")
	check(err)
	second, err := l.StartRun(ctx, "run", "v1", "another machine")
	check(err)

	mine, err := l.Claim(ctx, first, due)
	check(err)
	theirs, err := l.Claim(ctx, second, due)
	check(err)
	fmt.Println("first: ", mine[0].Err)
	fmt.Println("second:", theirs[0].Err)

	check(l.Fail(ctx, mine[0], ledger.Asked{Attempts: 5}, errors.New("503 Service Unavailable")))
	theirs, err = l.Claim(ctx, second, due)
	check(err)
	fmt.Println("second:", theirs[0].Err)
	// Output:
	// first:  <nil>
	// second: another process is loading this window
	// second: <nil>
}

// A loaded window is covered, even if the answer had no rows.
func ExampleLedger_Covered() {
	ctx := context.Background()
	dsn, drop := testdb.ForExample()
	defer drop()
	warehouse, err := load.Open(ctx, dsn, load.Options{})
	check(err)
	defer warehouse.Close()
	run, err := warehouse.Ledger.StartRun(ctx, "run", "v1", "laptop")
	check(err)

	monday := time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)
	claims, err := warehouse.Ledger.Claim(ctx, run, ledger.Due{Window: dayOf(monday), Why: ledger.WhyGap})
	check(err)
	batch := load.NewBatch(dayOf(monday))
	defer batch.Close()
	batch.Begin()
	batch.Commit()
	check(warehouse.Commit(ctx, load.Ready{Claim: claims[0], Batch: batch})[0].Err)

	covered, err := warehouse.Ledger.Covered(ctx, []ledger.Window{dayOf(monday), dayOf(monday.AddDate(0, 0, 1))}, time.UTC)
	check(err)
	fmt.Println("Monday:", covered[0], "Tuesday:", covered[1])
	// Output:
	// Monday: true Tuesday: false
}
