package pipeline

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/settings"
)

// due formats a plan as day:why, oldest first.
func (b *bench) due(stream string, r Range) string {
	b.t.Helper()
	var all []string
	job, err := Plan(b.t.Context(), b.runner.Warehouse.Ledger, b.account, b.account.Streams([]string{stream})[0], r)
	if err != nil {
		b.t.Fatal(err)
	}
	due := job.Due
	slices.SortStableFunc(due, func(x, y ledger.Due) int { return x.From.Compare(y.From) })
	for _, d := range due {
		all = append(all, fmt.Sprintf("%s:%s", d.Day.Format("01-02"), d.Why))
	}
	return strings.Join(all, " ")
}

func (b *bench) wantDue(stream string, r Range, want string) {
	b.t.Helper()
	if got := b.due(stream, r); got != want {
		b.t.Errorf("due of %s\n got %s\nwant %s", stream, got, want)
	}
}

// set changes the settings of a stream.
func set(a *settings.Account, stream string, change func(*settings.Stream)) {
	for i := range a.Streams {
		if a.Streams[i].Name == stream {
			change(&a.Streams[i])
		}
	}
}

func TestWhatIsDue(t *testing.T) {
	t.Parallel()
	api := newCanned()
	now := time.Date(2026, 3, 10, 4, 17, 0, 0, time.UTC)
	b := newBench(t, api, now, func(a *settings.Account) {
		a.HistoryFrom = date("2026-03-01")
		set(a, "usage_new", func(s *settings.Stream) { s.Lookback, s.OpenLookback = 2, 6 })
	})
	at := func(day int) Range {
		b.now = time.Date(2026, 3, day, 4, 17, 0, 0, time.UTC)
		return b.account.Nightly(b.now)
	}
	b.wantDue("usage_new", at(4), "03-01:gap 03-02:gap 03-03:gap 03-04:gap")
	b.mustRun(at(4), "usage_new")
	// Today is a gap until it is over.
	b.wantDue("usage_new", at(5), "03-03:look-back 03-04:gap 03-05:gap")
	// Missed nights are gaps, and the next run fills them.
	b.wantDue("usage_new", at(8), "03-04:gap 03-05:gap 03-06:gap 03-07:gap 03-08:gap")
	b.mustRun(at(8), "usage_new")
	b.wantDue("usage_new", at(8), "03-06:look-back 03-07:look-back 03-08:look-back")
	// A backfill has no look-back. A forced one loads everything.
	backfill := Range{First: date("2026-03-02"), Last: date("2026-03-07"), Now: b.now}
	b.wantDue("usage_new", backfill, "")
	backfill.Force = true
	b.wantDue("usage_new", backfill, "03-02:forced 03-03:forced 03-04:forced 03-05:forced 03-06:forced 03-07:forced")
	backfill.Last = date("2027-01-01")
	b.wantDue("usage_new", backfill, "03-02:forced 03-03:forced 03-04:forced 03-05:forced 03-06:forced 03-07:forced 03-08:forced")
	// Nothing is asked for twice within a second.
	b.wantDue("usage_new", Range{First: date("2026-03-08"), Last: date("2026-03-08"), Now: b.now.Add(time.Millisecond)}, "")

	// A running session makes its day due for as long as open_lookback says.
	api.say("usage_new", sessions(session("a@x.com", "2026-03-05 10:00:00", "", "")))
	b.run(Range{First: date("2026-03-05"), Last: date("2026-03-05"), Now: b.now, Force: true}, "usage_new")
	b.wantDue("usage_new", at(8), "03-05:open 03-06:look-back 03-07:look-back 03-08:look-back")
	b.wantDue("usage_new", at(11), "03-05:open 03-08:gap 03-09:gap 03-10:gap 03-11:gap")
	b.wantDue("usage_new", at(12), "03-08:gap 03-09:gap 03-10:gap 03-11:gap 03-12:gap")
	api.say("usage_new", sessions(session("a@x.com", "2026-03-05 10:00:00", "2026-03-05 10:30:00", "")))
	b.mustRun(at(8), "usage_new")
	b.wantDue("usage_new", at(8), "03-06:look-back 03-07:look-back 03-08:look-back")
	b.want("2026-03-05T10:30:00|true", "SELECT ended_at, ended FROM crankwheel.screen_sessions")
}

func TestUnansweredRequestIsReadAgain(t *testing.T) {
	t.Parallel()
	api := newCanned()
	request := func(seconds string) string {
		return `{"total_canceled_requests":0,"sessions":[{"id":1,"start_ts":"2026-03-05T10:00:00","seconds_to_respond":` + seconds + `}]}`
	}
	api.say("demo_usage", request(`"never"`))
	b := newBench(t, api, time.Date(2026, 3, 10, 4, 0, 0, 0, time.UTC), func(a *settings.Account) {
		a.HistoryFrom = date("2026-03-01")
		set(a, "demo_usage", func(s *settings.Stream) { s.Lookback, s.OpenLookback = 1, 20 })
	})
	b.mustRun(b.account.Nightly(b.now), "demo_usage")
	b.wantDue("demo_usage", b.account.Nightly(b.now), "03-05:open 03-09:look-back 03-10:look-back")
	api.say("demo_usage", request("53"))
	b.mustRun(b.account.Nightly(b.now), "demo_usage")
	b.wantDue("demo_usage", b.account.Nightly(b.now), "03-09:look-back 03-10:look-back")
}

func TestSnapshotsAreTakenOnce(t *testing.T) {
	t.Parallel()
	api := newCanned()
	now := time.Date(2026, 3, 10, 4, 0, 0, 0, time.UTC)
	b := newBench(t, api, now, nil)
	b.wantDue("user_access", b.account.Nightly(now), "03-10:snapshot")
	past := Range{First: date("2026-03-01"), Last: date("2026-03-05"), Now: now}
	b.wantDue("user_access", past, "03-10:gap")
	b.mustRun(past, "user_access")
	b.wantDue("user_access", past, "")
	b.wantDue("user_access", Range{First: date("2026-03-01"), Last: date("2026-03-10"), Now: now}, "")
	b.wantDue("user_access", b.account.Nightly(now), "03-10:snapshot")
	past.Force = true
	b.wantDue("user_access", past, "03-10:forced")
	tomorrow := now.AddDate(0, 0, 1)
	b.wantDue("user_access", Range{First: date("2026-03-01"), Last: date("2026-03-10"), Now: tomorrow}, "")
	b.wantDue("user_access", Range{First: date("2026-03-01"), Last: date("2026-03-11"), Now: tomorrow}, "03-11:gap")
}

// A change of the reporting zone makes other days: counts of days are due again, but not events.
func TestZoneOfTheAccountChanges(t *testing.T) {
	t.Parallel()
	api := newCanned()
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	b := newBench(t, api, now, nil)
	r := Range{First: date("2026-03-01"), Last: date("2026-03-03"), Now: now}
	b.mustRun(r)
	b.account.Zone = mustZone(t, "America/New_York")
	for stream, want := range map[string]string{
		"usage_shares": "03-01:gap 03-02:gap 03-03:gap", "shares": "03-01:gap 03-02:gap 03-03:gap", "demo_usage": "03-01:gap 03-02:gap 03-03:gap",
		"usage_new": "03-03:gap", // its last five hours
		"users":     "",
	} {
		if stream != "users" {
			b.wantDue(stream, r, want)
		}
	}
	b.mustRun(r)
	b.wantDue("usage_shares", r, "")
}

func TestTodayIsLoadedInPartsAndThenWhole(t *testing.T) {
	t.Parallel()
	noon, night := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC), time.Date(2026, 3, 4, 4, 0, 0, 0, time.UTC)
	days := history{first: date("2026-03-01"), last: date("2026-03-03"), runs: []time.Time{noon, noon.Add(3 * time.Hour), night}}
	b := days.load(t, nil, nil, nil)
	b.want("2026-03-03T00:00:00|2026-03-03T12:00:00\n2026-03-03T00:00:00|2026-03-03T15:00:00\n2026-03-03T00:00:00|2026-03-04T00:00:00",
		"SELECT lower(span), upper(span) FROM wheelhouse.loads WHERE stream = 'usage_shares' AND lower(span) = '2026-03-03 00:00:00+00' ORDER BY id")
	days.runs = days.runs[2:]
	equal(t, "in three steps", days.load(t, nil, nil, nil).contents(), b.contents())
}

// If this machine's clock is ahead, a day that is not over by the database's clock does not count as loaded.
func TestClockThatIsAhead(t *testing.T) {
	t.Parallel()
	b := newBench(t, newCanned(), time.Now().AddDate(0, 0, 10), nil)
	today := dayOf(time.Now(), time.UTC)
	b.mustRun(Range{First: today.AddDate(0, 0, -2), Last: today.AddDate(0, 0, 9), Now: b.now}, "usage_new", "user_access")
	b.want("0", "SELECT count(*) FROM wheelhouse.loads WHERE stream = 'usage_new' AND upper(span) > now()")
	b.want("3", "SELECT count(*) FROM wheelhouse.loads WHERE stream = 'usage_new'")
	b.want("true", "SELECT lower(span) <= now() FROM wheelhouse.loads WHERE stream = 'user_access'")
}

// A run loads the newest 28 days of all streams before any older day, both in the order of time.
func TestTheNewestDaysComeFirst(t *testing.T) {
	t.Parallel()
	api := newCanned()
	var mu sync.Mutex
	asked := map[string][]string{}
	var all []string
	record := func(stream, answer string) {
		api.answer(stream, func(q url.Values) (int, string) {
			mu.Lock()
			defer mu.Unlock()
			day := q.Get("from")[:len(time.DateOnly)]
			asked[stream], all = append(asked[stream], day), append(all, day)
			return 200, answer
		})
	}
	record("usage_new", `{"sessions":[]}`)
	record("demo_usage", `{"total_canceled_requests":0,"sessions":[]}`)
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	b := newBench(t, api, now, func(a *settings.Account) {
		a.HistoryFrom = date("2026-02-01")
		parallel(a, 1)
	})
	b.mustRun(b.account.Nightly(now), "usage_new", "demo_usage")
	const newest = "2026-02-11"
	var want []string
	for day := date(newest); !day.After(date("2026-03-10")); day = day.AddDate(0, 0, 1) {
		want = append(want, day.Format(time.DateOnly))
	}
	for day := date("2026-02-01"); day.Before(date(newest)); day = day.AddDate(0, 0, 1) {
		want = append(want, day.Format(time.DateOnly))
	}
	for stream, days := range asked {
		if !slices.Equal(days, want) {
			t.Errorf("%s: asked for %v", stream, days)
		}
	}
	if n := slices.IndexFunc(all, func(day string) bool { return day < newest }); n != 2*28 {
		t.Errorf("the first older day is request %d, want %d: %v", n, 2*28, all)
	}
}

// Neighbouring windows of share_visits that are due for one reason are asked for as one window of up to two weeks. No such window is
// recent in part.
func TestWindowsOfVisitsAreJoined(t *testing.T) {
	t.Parallel()
	api := newCanned()
	now := time.Date(2026, 4, 10, 12, 0, 0, 0, time.UTC)
	b := newBench(t, api, now, func(a *settings.Account) {
		a.HistoryFrom = date("2026-02-20")
		a.Zone = mustZone(t, "Europe/Berlin") // the clock goes forward on 29 March
		set(a, "share_visits", func(s *settings.Stream) { s.Lookback = 3 })
	})
	windows := func(r Range) string {
		t.Helper()
		job, err := Plan(t.Context(), b.runner.Warehouse.Ledger, b.account, b.account.Streams([]string{"share_visits"})[0], r)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, d := range job.Due {
			all = append(all, fmt.Sprintf("%s–%s:%s", d.Day.Format("01-02"), dayOf(d.To.Add(-time.Second), b.account.Zone).Format("01-02"), d.Why))
		}
		return fmt.Sprintf("%s; %d first, %d in all", strings.Join(all, " "), job.Recent, job.Windows)
	}
	want := func(r Range, want string) {
		t.Helper()
		if got := windows(r); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
	nightly := b.account.Nightly(now)
	want(nightly, "03-14–03-27:gap 03-28–04-10:gap 02-20–03-05:gap 03-06–03-13:gap; 2 first, 4 in all")
	if r := b.mustRun(Range{First: date("2026-03-01"), Last: date("2026-03-01"), Now: now}, "share_visits"); r.Loaded != 1 {
		t.Errorf("%+v", r)
	}
	want(nightly, "03-14–03-27:gap 03-28–04-10:gap 02-20–02-28:gap 03-02–03-13:gap; 2 first, 5 in all")
	if r := b.mustRun(nightly, "share_visits"); r.Loaded != 4 {
		t.Errorf("%+v", r)
	}
	want(nightly, "04-07–04-10:look-back; 1 first, 47 in all")
	b.want("0", "SELECT count(*) FROM bi.coverage WHERE stream = 'share_visits' AND day BETWEEN '2026-02-20' AND '2026-04-09' AND status <> 'loaded'")
	backfill := Range{First: date("2026-03-01"), Last: date("2026-03-20"), Now: now, Force: true}
	want(backfill, "03-07–03-20:forced 03-01–03-06:forced; 0 first, 2 in all")
}

// The recent days of an account that answers slowly do not keep another account's older days waiting (invariant 6).
func TestASlowAccountDelaysNoOther(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	older, slow := make(chan struct{}), newCanned()
	slow.answer("usage_new", func(url.Values) (int, string) {
		select {
		case <-older:
		case <-time.After(5 * time.Second):
			t.Error("the other account's older day was not asked for meanwhile")
		}
		return 200, sessions()
	})
	quick := newCanned()
	quick.answer("usage_new", func(q url.Values) (int, string) {
		if strings.HasPrefix(q.Get("from"), "2026-02-10") {
			close(older)
		}
		return 200, sessions()
	})
	b := newBench(t, slow, now, func(a *settings.Account) { a.HistoryFrom = date("2026-03-10") })
	server := httptest.NewServer(quick)
	t.Cleanup(server.Close)
	other := mustAccount(t, server.URL, now, func(a *settings.Account) { a.ID, a.HistoryFrom = "other", date("2026-02-10") })
	result, err := b.runner.Run(t.Context(), "run", []*Account{b.account, other}, []string{"usage_new"}, func(a *Account) Range { return a.Nightly(now) })
	if err != nil || result.Loaded != 1+29 {
		t.Errorf("%+v, %v", result, err)
	}
}
