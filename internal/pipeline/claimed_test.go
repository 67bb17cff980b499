package pipeline

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"wheelhouse/extract"
	"wheelhouse/internal/testdb"
)

// The number of claimed windows, each of which is a lease and a batch, does not grow with the number of accounts in a run.
func TestClaimedWindowsAreLimited(t *testing.T) {
	t.Parallel()
	b := newBenchAt(t, testdb.NewDirect(t), newCanned(), mayDay, nil) // the lock would keep all connections of a pool busy
	server := httptest.NewServer(newCanned())
	t.Cleanup(server.Close)
	var accounts []*Account
	for i := range 6 {
		accounts = append(accounts, b.at(t, fmt.Sprint("account", i), server.URL, extract.Config{}).account)
	}
	b.runner.Workers, b.runner.Parallel = 4, 4
	lock := mustConnect(t, b.url)
	if _, err := lock.Exec(t.Context(), "BEGIN; LOCK TABLE wheelhouse.rejects IN ACCESS EXCLUSIVE MODE"); err != nil { // no load can end
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := b.runner.Run(context.Background(), "run", accounts, []string{"usage_new"}, func(*Account) Range {
			return Range{First: date("2026-03-01"), Last: date("2026-03-30"), Now: b.now}
		})
		done <- err
	}()
	claimed := int64(0)
	for still := 0; still < 10; {
		time.Sleep(100 * time.Millisecond)
		if n := b.count("wheelhouse.leases"); n > claimed {
			claimed, still = n, 0
		} else if still++; n == 0 {
			still = 0
		}
	}
	if most := int64(b.runner.Workers + maxCommitting*groupSize + groupSize); claimed > most {
		t.Errorf("%d windows are claimed, want at most %d", claimed, most)
	}
	if _, err := lock.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
