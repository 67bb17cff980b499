package pipeline

import (
	"strings"
	"testing"
	"time"

	"wheelhouse/internal/settings"
)

// The clock jumps between runs. Once it is right again, the warehouse is as after one run with the right clock.
func TestClockThatJumps(t *testing.T) {
	t.Parallel()
	now := twelveDays.runs[len(twelveDays.runs)-1]
	account := func(a *settings.Account) { a.HistoryFrom = now.AddDate(0, 0, -4).Truncate(24 * time.Hour) }
	want := newBench(t, twelveDays.simulator(t, &now, nil), now, account)
	want.mustRun(want.account.Nightly(now))
	for name, jumps := range map[string][]time.Duration{
		"back": {0, -50 * time.Hour, -7 * time.Minute}, "ahead": {48 * time.Hour}, "to and fro": {-26 * time.Hour, 72 * time.Hour, -time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, twelveDays.simulator(t, &now, nil), now, account)
			for _, jump := range jumps {
				b.now = now.Add(jump)
				b.mustRun(b.account.Nightly(b.now))
				b.want("0", "SELECT count(*) FROM (SELECT deleted_at FROM crankwheel.screen_sessions UNION ALL SELECT deleted_at FROM crankwheel.demo_requests"+
					" UNION ALL SELECT deleted_at FROM crankwheel.share_visits UNION ALL SELECT deleted_at FROM crankwheel.contents) s WHERE deleted_at IS NOT NULL")
			}
			b.now = now
			b.mustRun(b.account.Nightly(now))
			// Days that were asked for too early are asked for again when they come.
			days := func(b *bench) string {
				return strings.NewReplacer(":gap", "", ":look-back", "").Replace(b.due("demo_usage", b.account.Nightly(now.AddDate(0, 0, 4))))
			}
			if got, want := days(b), days(want); got != want {
				t.Errorf("four days later %s is due, want %s", got, want)
			}
			b.rows("DELETE FROM crankwheel.demo_cancellations_daily WHERE day > $1 AND canceled = 0", now)
			equal(t, name, want.contents(), b.contents())
		})
	}
}
