package pipeline

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"wheelhouse/internal/settings"
)

// A stream that stops, since every other window would fail too, returns all that it has claimed: other streams need the places.
func TestStoppedStreamsReturnTheirClaims(t *testing.T) {
	t.Parallel()
	api := newCanned()
	api.answer("demo_usage", func(q url.Values) (int, string) {
		time.Sleep(400 * time.Millisecond)
		return 200, fmt.Sprintf(`{"total_canceled_requests":0,"sessions":[{"id":1,"start_ts":"%sT09:00:00","seconds_to_respond":5}]}`, q.Get("from")[:10])
	})
	b := newBench(t, api, mayDay, nil)
	b.runner.Workers, b.runner.Parallel = 1, 1
	b.rows(`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$`)
	b.rows(`CREATE TRIGGER full_disk BEFORE INSERT ON crankwheel.demo_requests EXECUTE FUNCTION full_disk()`)
	var accounts []*Account
	for i := range 3 {
		accounts = append(accounts, mustAccount(t, b.account.Server, b.now, func(a *settings.Account) { a.ID = fmt.Sprint("account", i) }))
	}
	const days = 8
	within := func(a *Account) Range {
		last := dayOf(b.now, a.Zone).AddDate(0, 0, -1)
		return Range{First: last.AddDate(0, 0, 1-days), Last: last, Now: b.now}
	}
	r, err := b.runner.Run(t.Context(), "backfill", accounts, []string{"demo_usage"}, within)
	if err != nil {
		t.Fatal(err)
	}
	if r.Failed+r.Left != len(accounts)*days {
		t.Errorf("%d windows failed and %d are left of %d", r.Failed, r.Left, r.Windows)
	}
	b.want("0", "SELECT count(*) FROM wheelhouse.leases")
	b.want("0", "SELECT count(*) FROM wheelhouse.loads WHERE status = 'running'")
}

// Whoever watches a queue may look at any moment.
func TestQueueIsWatchedWhileItMoves(t *testing.T) {
	t.Parallel()
	b := newBench(t, newCanned(), mayDay, nil)
	b.runner.Queue = &Queue{}
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
				b.runner.Queue.Streams()
			}
		}
	}()
	b.mustRun(b.day("2026-03-10"))
	close(stop)
}
