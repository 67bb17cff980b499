package load_test

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/testdb"
	"wheelhouse/load"
	"wheelhouse/transform"
)

var monday = time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)

// window is Monday's window of screen-share sessions.
var window = ledger.Window{Account: "acme", Stream: load.UsageNew.Stream, From: monday, To: monday.AddDate(0, 0, 1), Day: monday}

// call is a session of half an hour with some viewers.
func call(agent string, start time.Time, viewers int32) transform.ScreenSession {
	return transform.ScreenSession{
		AgentEmail: agent, StartedAt: start, Ended: true,
		EndedAt: sql.Null[time.Time]{V: start.Add(30 * time.Minute), Valid: true},
		Viewers: sql.Null[int32]{V: viewers, Valid: true},
	}
}

// answer returns a batch of one complete answer.
func answer(sessions ...transform.ScreenSession) *load.Batch {
	b := load.NewBatch(window)
	b.Begin()
	for _, s := range sessions {
		check(b.Session(s))
	}
	b.Commit()
	return b
}

// check keeps the examples short.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

// An answer is loaded, and then loaded again: the second time nothing is written.
func ExampleWarehouse_Commit() {
	ctx := context.Background()
	dsn, drop := testdb.ForExample()
	defer drop()
	warehouse, err := load.Open(ctx, dsn, load.Options{})
	check(err)
	defer warehouse.Close()
	run, err := warehouse.Ledger.StartRun(ctx, "run", "v1", "laptop")
	check(err)

	for range 2 {
		lastLoad, err := warehouse.Ledger.LastLoad(ctx)
		check(err)
		claims, err := warehouse.Ledger.Claim(ctx, run, ledger.Due{Window: window, Why: ledger.WhyLookBack, Known: lastLoad})
		check(err)
		check(claims[0].Err) // ErrBusy or ErrLoaded, if another process was faster
		batch := answer(call("ann@acme.com", monday.Add(9*time.Hour), 3), call("bob@acme.com", monday.Add(10*time.Hour), 1))
		done := warehouse.Commit(ctx, load.Ready{Claim: claims[0], Batch: batch})
		batch.Close()
		check(done[0].Err)
		n := done[0].Counts
		fmt.Printf("read %d: inserted %d, updated %d, unchanged %d\n", n.Read, n.Inserted, n.Updated, n.Unchanged)
	}
	// Output:
	// read 2: inserted 2, updated 0, unchanged 0
	// read 2: inserted 0, updated 0, unchanged 2
}

// The batch is compared with the tables, and nothing is written.
func ExampleWarehouse_Compare() {
	ctx := context.Background()
	dsn, drop := testdb.ForExample()
	defer drop()
	warehouse, err := load.Open(ctx, dsn, load.Options{})
	check(err)
	defer warehouse.Close()
	run, err := warehouse.Ledger.StartRun(ctx, "run", "v1", "laptop")
	check(err)
	claims, err := warehouse.Ledger.Claim(ctx, run, ledger.Due{Window: window, Why: ledger.WhyGap})
	check(err)
	batch := answer(call("ann@acme.com", monday.Add(9*time.Hour), 3))
	defer batch.Close()
	check(warehouse.Commit(ctx, load.Ready{Claim: claims[0], Batch: batch})[0].Err)

	since, err := warehouse.Ledger.Now(ctx) // before the API is asked again
	check(err)
	now := answer(call("ann@acme.com", monday.Add(9*time.Hour), 4))
	defer now.Close()
	differences, err := warehouse.Compare(ctx, window, now, ledger.Asked{}, since)
	check(err)
	for _, d := range differences {
		fmt.Printf("%s.%s: warehouse %s, API %s\n", d.Table, d.Column, d.Warehouse, d.API)
	}
	// Output:
	// screen_sessions.viewers: warehouse 3, API 4
}

// Begin forgets the rows of an answer that broke off.
func ExampleBatch() {
	batch := load.NewBatch(window) // before the first request
	defer batch.Close()

	batch.Begin()
	check(batch.Session(call("ann@acme.com", monday.Add(9*time.Hour), 3)))
	// The connection is lost, and the request is sent again.
	batch.Begin()
	check(batch.Session(call("ann@acme.com", monday.Add(9*time.Hour), 3)))
	check(batch.Session(call("bob@acme.com", monday.Add(10*time.Hour), 1)))
	batch.Commit()

	fmt.Println("records:", batch.Read())
	// Output:
	// records: 2
}
