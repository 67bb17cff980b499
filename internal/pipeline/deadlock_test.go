package pipeline

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/testkit"
	"wheelhouse/load"
)

// Two windows whose answers have the same new sessions in opposite orders write them in the same order, so they do not deadlock.
func TestLoadsDoNotDeadlock(t *testing.T) {
	t.Parallel()
	api := newCanned()
	sessions := make([]string, 4000)
	for i := range sessions {
		at := time.Date(2026, 3, 10, 12, 0, i, 0, time.UTC)
		sessions[i] = session(fmt.Sprintf("agent%d@x.com", i), at.Format(time.DateTime), at.Add(72*time.Hour).Format(time.DateTime),
			logs(`{"date":"2026-03-10T13:00:01Z","type":"screen"}`))
	}
	there := `{"sessions":[` + strings.Join(sessions, ",") + `]}`
	slices.Reverse(sessions)
	back := `{"sessions":[` + strings.Join(sessions, ",") + `]}`
	api.answer("usage_new", func(q url.Values) (int, string) {
		if strings.HasPrefix(q.Get("from"), "2026-03-11") {
			return 200, there
		}
		return 200, back
	})
	b := newBench(t, api, mayDay, nil)
	run := b.mustStart()
	for range testkit.Rounds(1, 2, 5) {
		var both sync.WaitGroup
		for _, day := range []string{"2026-03-11", "2026-03-12"} {
			both.Go(func() {
				due := ledger.Due{Window: b.window(load.UsageNew, date(day)), Why: ledger.WhyForced, Known: 1 << 62}
				o := b.loadWindow(b.account.Streams([]string{"usage_new"})[0], due, run)
				if o.Err != nil {
					t.Error(o.Err)
				}
			})
		}
		both.Wait()
		b.want("4000|4000", "SELECT count(*), (SELECT count(*) FROM crankwheel.screen_session_events) FROM crankwheel.screen_sessions")
		b.rows("TRUNCATE crankwheel.screen_sessions, crankwheel.screen_session_events")
		b.forgetHashes()
	}
	time.Sleep(time.Second) // the server's statistics come with a delay
	b.want("0", "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
}

// A process does not load a window that was claimed by another process when it was planned, and that was loaded since.
func TestClaimAfterAnotherLoad(t *testing.T) {
	t.Parallel()
	b := newBench(t, newCanned(), mayDay, nil)
	w, run, win := b.runner.Warehouse, b.mustStart(), b.window(load.UserAccess, someDay)
	planned, err := w.Ledger.LastLoad(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := commit(t, w, mustClaim(t, w, run, win), users(t, load.NewBatch(b.window(load.UserAccess, someDay)), "a@x.com")); err != nil {
		t.Fatal(err)
	}
	if _, err := claim(t.Context(), w, run, win, planned); !errors.Is(err, ledger.ErrLoaded) {
		t.Errorf("a claim of what is loaded: %v", err)
	}
	b.want("1|0", "SELECT count(*), (SELECT count(*) FROM wheelhouse.leases) FROM wheelhouse.loads")
}
