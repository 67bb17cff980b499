package pipeline

import (
	"fmt"
	"sync"
	"testing"

	"wheelhouse/internal/settings"
	"wheelhouse/internal/stream"
	"wheelhouse/internal/testdb"
	"wheelhouse/load"
)

// Two processes with eight connections each share the three connections of a PgBouncer in transaction mode (invariant 7). They load
// the same rows as one process with a direct connection. A second run writes nothing, and a forced one neither.
func TestThroughPgBouncer(t *testing.T) {
	t.Parallel()
	now := twelveDays.runs[len(twelveDays.runs)-1]
	account := func(a *settings.Account) { a.HistoryFrom = twelveDays.first }
	all := Range{First: twelveDays.last.AddDate(0, 0, -4), Last: twelveDays.last, Now: now}
	b := newBenchAt(t, testdb.NewDirect(t), twelveDays.simulator(t, &now, nil), now, account)
	through := testdb.Pooled(t, b.url)
	var runners []*Runner
	for range 2 {
		w, err := load.Open(t.Context(), through, load.Options{Connections: 8})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(w.Close)
		r := *b.runner
		r.Warehouse, r.Workers, r.Parallel = w, 8, 4
		runners = append(runners, &r)
	}
	both := func(within Range) (sum Result) {
		var mu sync.Mutex
		var group sync.WaitGroup
		for _, r := range runners {
			group.Go(func() {
				result, err := r.Run(t.Context(), "run", []*Account{b.account}, nil, func(*Account) Range { return within })
				if err != nil || !result.OK() {
					t.Errorf("%+v, %v", result, err)
				}
				mu.Lock()
				defer mu.Unlock()
				sum.Windows, sum.Loaded = sum.Windows+result.Windows, sum.Loaded+result.Loaded
				sum.Counts.Add(result.Counts)
			})
		}
		group.Wait()
		return sum
	}
	first := both(all)
	if r := both(all); r.Windows != 0 {
		t.Errorf("a second time: %+v", r)
	}
	force := all
	force.Force = true
	b.forgetHashes()
	if r := both(force); r.Loaded < first.Loaded || r.Counts.Inserted+r.Counts.Updated+r.Counts.Deleted != 0 {
		t.Errorf("with force: %+v; at first %+v", r, first)
	}

	direct := newBenchAt(t, testdb.NewDirect(t), twelveDays.simulator(t, &now, nil), now, account)
	direct.mustRun(all)
	equal(t, "through PgBouncer", direct.contents(), b.contents())
	b.want("0|0", "SELECT (SELECT count(*) FROM wheelhouse.leases), (SELECT count(*) FROM wheelhouse.loads WHERE status <> 'loaded')")
	streams := direct.one("SELECT count(DISTINCT stream) FROM wheelhouse.loads")
	if streams != fmt.Sprint(len(stream.All)) {
		t.Errorf("%s streams were loaded", streams)
	}
}
