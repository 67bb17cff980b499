package pipeline

import (
	"math/rand/v2"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/settings"
	"wheelhouse/internal/simulator"
	"wheelhouse/internal/testkit"
	"wheelhouse/load"
)

// The warehouse does not depend on the order of windows, nor on how many are loaded at a time.
func TestOrderOfWindowsDoesNotMatter(t *testing.T) {
	t.Parallel()
	by := func(o *simulator.Options) { o.Select = simulator.ByOverlap }
	want := twelveDays.load(t, by, func(a *settings.Account) { parallel(a, 1) }, nil).contents()
	for name, order := range map[string]func([]ledger.Due){
		"oldest first": slices.Reverse[[]ledger.Due],
		"shuffled": func(due []ledger.Due) {
			rand.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
		},
	} {
		if name != "shuffled" && !testkit.Long() || testing.Short() { // load has a short test of orders
			continue
		}
		now := twelveDays.runs[0]
		b := newBench(t, twelveDays.simulator(t, &now, by), now, func(a *settings.Account) { a.HistoryFrom = twelveDays.first; parallel(a, 1) })
		for _, now = range twelveDays.runs {
			b.now = now
			b.runner.reordered(b, b.account.Nightly(now), order)
		}
		equal(t, name, want, b.contents())
	}
	now := twelveDays.runs[0]
	b := newBench(t, twelveDays.simulator(t, &now, by), now, func(a *settings.Account) { a.HistoryFrom = twelveDays.first })
	b.runner.Parallel, b.runner.Workers = 8, 8
	for _, now = range twelveDays.runs {
		b.now = now
		b.mustRun(b.account.Nightly(now))
	}
	equal(t, "eight at a time", want, b.contents())
}

func parallel(a *settings.Account, n int) {
	for i := range a.Streams {
		a.Streams[i].Parallel = n
	}
}

// second is another process at the same warehouse.
func (b *bench) second() *Runner {
	b.t.Helper()
	warehouse, err := load.Open(b.t.Context(), b.url, load.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(warehouse.Close)
	other := *b.runner
	other.Warehouse = warehouse
	return &other
}

// Two processes that plan the same windows load each of them once in all. (A nightly run that plans later loads the look-back
// again, on purpose.)
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	now := twelveDays.runs[len(twelveDays.runs)-1]
	alone := newBench(t, twelveDays.simulator(t, &now, nil), now, func(a *settings.Account) { a.HistoryFrom = twelveDays.first })
	all := Range{First: twelveDays.first, Last: twelveDays.last, Now: now}
	alone.mustRun(all)

	b := newBench(t, twelveDays.simulator(t, &now, nil), now, func(a *settings.Account) { a.HistoryFrom = twelveDays.first })
	runners := []*Runner{b.runner, b.second()}
	results := make([]Result, len(runners))
	var group sync.WaitGroup
	start := make(chan struct{})
	for i, r := range runners {
		group.Go(func() {
			<-start
			var err error
			results[i], err = r.Run(t.Context(), "run", []*Account{b.account}, nil, func(*Account) Range { return all })
			if err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	group.Wait()
	for _, r := range results {
		if !r.OK() || r.Loaded+r.Elsewhere != r.Windows {
			t.Errorf("%+v", r)
		}
	}
	if results[0].Loaded == 0 || results[1].Loaded == 0 {
		t.Logf("one did it all: %+v", results)
	}
	b.want("0", "SELECT count(*) FROM (SELECT FROM wheelhouse.loads WHERE status = 'loaded' GROUP BY account_id, stream, span HAVING count(*) > 1) twice")
	b.want("0", "SELECT count(*) FROM wheelhouse.loads WHERE status <> 'loaded'")
	b.want("0", "SELECT count(*) FROM wheelhouse.leases")
	equal(t, "two processes", alone.contents(), b.contents())
	if n := alone.count("wheelhouse.loads"); n != b.count("wheelhouse.loads") {
		t.Errorf("%d windows loaded by two, %d by one", b.count("wheelhouse.loads"), n)
	}
}

// Windows that were under way when the worker turned to the other end say nothing of the windows there.
func TestManyAtATimeTurnToTheOtherEnd(t *testing.T) {
	t.Parallel()
	api := newCanned()
	api.answer("usage_shares", func(q url.Values) (int, string) {
		if q.Get("from") < "2026-03-05" {
			return 404, `{}`
		}
		time.Sleep(100 * time.Millisecond)
		return 200, `{"stats":{"by_user":[],"total_shares":0,"total_plays":0}}`
	})
	b := newBench(t, api, mayDay, nil)
	b.runner.Parallel, b.runner.Workers = 16, 16
	all := Range{First: date("2026-02-20"), Last: date("2026-03-31"), Now: b.now, OldestFirst: true}
	if r := b.run(all, "usage_shares"); r.Loaded != 27 || r.Failed+r.Left != 13 {
		t.Errorf("%+v", r)
	}
}
