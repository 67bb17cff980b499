package pipeline

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"wheelhouse/extract"
	"wheelhouse/internal/ledger"
	"wheelhouse/internal/settings"
	"wheelhouse/load"
)

// impatient limits the attempts of the bench's client, without long waits between them.
func (b *bench) impatient(attempts int) {
	b.t.Helper()
	client, err := extract.New(extract.Config{Server: b.account.Server, Key: testKey, Attempts: attempts, Backoff: time.Millisecond})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(client.Close)
	b.account = newAccount(b.account.Account, client)
}

func TestTotalsThatDisagree(t *testing.T) {
	t.Parallel()
	api := newCanned()
	one := session("a@x.com", "2026-03-10 09:00:00", "2026-03-10 09:10:00", "")
	api.say("usage_new", `{"sessions":[`+one+`],"stats":{"total_count":2,"total_sec":1200}}`)
	b := newBench(t, api, mayDay, nil)
	result := b.run(b.day("2026-03-10"), "usage_new")
	if result.OK() || result.Unreconciled != 1 || result.Loaded != 1 || result.Failed != 0 {
		t.Errorf("result: %+v", result)
	}
	b.want("loaded|1|1|0|0|0|0|0|2|1200|false", newestLoad)
	b.want("1", "SELECT count(*) FROM crankwheel.screen_sessions")
	b.want("unreconciled", "SELECT outcome FROM wheelhouse.runs")
	if n := api.requests()["usage_new"]; n != 3 {
		t.Errorf("asked %d times before taking it as it is", n)
	}
	// Rejects count towards the totals.
	api.say("usage_new", `{"sessions":[`+one+`,{"email":"a@x.com","duration":600}],"stats":{"total_count":2,"total_sec":1200}}`)
	b.again("2026-03-10", "usage_new")
	b.want("loaded|2|0|0|1|0|1|0|2|1200|true", newestLoad)
}

func TestFailedWindowIsLoadedByTheNextRun(t *testing.T) {
	t.Parallel()
	api := newCanned()
	good := sessions(session("a@x.com", "2026-03-10 09:00:00", "2026-03-10 09:10:00", ""))
	for name, answer := range map[string]struct {
		status int
		body   string
		says   string
	}{
		"cut off":      {200, good[:len(good)-1], "answer: "},
		"not found":    {404, `{"error":"nothing here"}`, "404"},
		"server error": {500, `{}`, "500"},
		"no sessions":  {200, `{"stats":{}}`, "sessions"},
		"not JSON":     {200, `<html>`, "answer: "},
	} {
		api.answer("usage_new", func(q url.Values) (int, string) {
			if from, to := q.Get("from")[:10], q.Get("to")[:10]; from <= "2026-03-10" && "2026-03-10" < to {
				return answer.status, answer.body
			}
			return 200, sessions()
		})
		b := newBench(t, api, time.Date(2026, 3, 12, 6, 0, 0, 0, time.UTC), nil)
		b.impatient(2)
		r := Range{First: date("2026-03-09"), Last: date("2026-03-11"), Now: b.now}
		result := b.run(r, "usage_new")
		if result.OK() || result.Failed != 1 || result.Loaded != 2 {
			t.Errorf("%s: result %+v", name, result)
		}
		failed := b.one("SELECT lower(span)::text, rows_read, response_hash, error FROM wheelhouse.loads WHERE status = 'failed'")
		if !strings.HasPrefix(failed, "2026-03-10 00:00:00+00|0|∅|extract: ") || !strings.Contains(failed, answer.says) {
			t.Errorf("%s: the ledger says %s", name, failed)
		}
		b.want("failed|true", "SELECT outcome, finished_at IS NOT NULL FROM wheelhouse.runs")
		b.want("0", "SELECT count(*) FROM crankwheel.screen_sessions")
		b.want("0", "SELECT count(*) FROM wheelhouse.leases")

		api.say("usage_new", good)
		if result := b.mustRun(r, "usage_new"); result.Windows != 1 || result.Loaded != 1 {
			t.Errorf("%s: the next run: %+v", name, result)
		}
		b.want("1", "SELECT count(*) FROM crankwheel.screen_sessions")
	}
}

// A refused key is refused for every window, so the stream is left to the next run.
func TestStreamThatIsGivenUp(t *testing.T) {
	t.Parallel()
	for status, tried := range map[int]int{401: 1, 404: 2 * maxFailures} {
		api := newCanned()
		api.status("usage_new", status, `{"error":"no"}`)
		b := newBench(t, api, time.Date(2026, 3, 31, 6, 0, 0, 0, time.UTC), nil)
		r := Range{First: date("2026-03-01"), Last: date("2026-03-30"), Now: b.now}
		b.runner.Parallel = 1
		result := b.run(r, "usage_new", "user_access")
		if result.Failed != tried || result.Left != 30-tried || result.Loaded != 1 || result.OK() {
			t.Errorf("%d: %+v", status, result)
		}
		api.say("usage_new", sessions())
		if result := b.mustRun(r, "usage_new"); result.Loaded != 30 {
			t.Errorf("the next run: %+v", result)
		}
	}
}

// Days for which the API fails do not keep the others from being loaded, at whichever end they are.
func TestFailingDaysDoNotStarveTheOthers(t *testing.T) {
	t.Parallel()
	for _, bad := range [][2]string{{"2026-03-24", "2026-03-30"}, {"2026-03-01", "2026-03-07"}, {"2026-03-12", "2026-03-18"}} {
		api := newCanned()
		api.answer("usage_new", func(q url.Values) (int, string) {
			if day := q.Get("from")[:10]; day >= bad[0] && day <= bad[1] {
				return 422, `{}`
			}
			return 200, sessions()
		})
		b := newBench(t, api, time.Date(2026, 3, 31, 6, 0, 0, 0, time.UTC), nil)
		b.runner.Parallel = 1
		r := Range{First: date("2026-03-01"), Last: date("2026-03-30"), Now: b.now}
		if result := b.run(r, "usage_new"); result.Loaded != 23 || result.Failed+result.Left != 7 || result.OK() {
			t.Errorf("%v: %+v", bad, result)
		}
	}
}

// A share whose detail is forbidden fails its own windows only.
func TestOneForbiddenShare(t *testing.T) {
	t.Parallel()
	api := newCanned()
	api.answer(sharesPath, func(q url.Values) (int, string) {
		if from, to := q.Get("from")[:10], q.Get("to")[:10]; from <= "2026-03-10" && "2026-03-10" < to {
			return 200, `{"data":[{"slug":"s","visits":1}],"pagination":{"total":1}}`
		}
		return 200, `{"data":[],"pagination":{"total":0}}`
	})
	api.status(sharesPath+"/s", 403, `{}`)
	b := newBench(t, api, mayDay, nil)
	r := Range{First: date("2026-03-05"), Last: date("2026-03-15"), Now: b.now}
	if result := b.run(r, "share_visits"); result.Failed != 1 || result.Loaded != 10 {
		t.Errorf("%+v", result)
	}
}

// A covered window that is not reconciled is loaded again a few times. A covered window whose newest load failed is loaded again until
// it succeeds.
func TestTroubledWindowsAreReadAgain(t *testing.T) {
	t.Parallel()
	api := newCanned()
	one := session("a@x.com", "2026-03-10 09:00:00", "2026-03-10 09:10:00", "")
	short := `{"sessions":[` + one + `],"stats":{"total_count":2,"total_sec":1200}}`
	whole := `{"sessions":[` + one + `],"stats":{"total_count":1,"total_sec":600}}`
	api.say("usage_new", short)
	b := newBench(t, api, mayDay, nil)
	r := b.day("2026-03-10")
	for n := 1; n <= 5; n++ {
		if result := b.run(r, "usage_new"); result.Windows != 1 || result.Unreconciled != 1 || result.OK() {
			t.Errorf("time %d: %+v", n, result)
		}
	}
	b.wantDue("usage_new", r, "") // the API states the same each time; status shows the window
	api.say("usage_new", whole)
	b.again("2026-03-10", "usage_new")
	b.wantDue("usage_new", r, "")

	api.status("usage_new", 422, `{}`)
	forced := r
	forced.Force = true
	b.run(forced, "usage_new")
	b.run(r, "usage_new")
	api.say("usage_new", whole)
	if result := b.mustRun(r, "usage_new"); result.Loaded != 1 {
		t.Errorf("after a reading that failed: %+v", result)
	}
	b.wantDue("usage_new", r, "")
}

// A window's error has no data of its rows, neither from Postgres nor from the API.
func TestErrorsHoldNoData(t *testing.T) {
	t.Parallel()
	api := newCanned()
	secret := "prospect@secret.example"
	api.status("demo_usage", 422, fmt.Sprintf(`{"error":"bad address %s"}`, secret))
	b := newBench(t, api, mayDay, nil)
	b.run(b.day("2026-03-10"), "demo_usage")
	if e := b.one("SELECT error FROM wheelhouse.loads"); strings.Contains(e, secret) || strings.Contains(e, testKey) {
		t.Errorf("the ledger has %s", e)
	}
}

// A panic while a window is loaded fails the window and ends its lease. The ledger has no data of the answer. The other windows load.
func TestPanicFailsTheWindow(t *testing.T) {
	t.Parallel()
	b := newBench(t, newCanned(), mayDay, nil)
	s := b.account.Streams([]string{"user_access"})[0]
	whole := s.fetch
	s.fetch = func(context.Context, *extract.Client, extract.Window, time.Time, *load.Batch) (extract.Report, error) {
		panic("jane@prospect.example")
	}
	due := ledger.Due{Window: b.window(load.UserAccess, someDay), Why: ledger.WhyFresh}
	o := b.loadWindow(s, due, b.mustStart())
	if o.Err == nil || !strings.Contains(o.Err.Error(), "panic at failed_test.go:") || strings.Contains(o.Err.Error(), "jane") {
		t.Errorf("%v", o.Err)
	}
	b.want("failed|1", "SELECT status, count(*) FILTER (WHERE error LIKE '%panic at%' AND error NOT LIKE '%jane%') FROM wheelhouse.loads GROUP BY 1")
	b.want("0", "SELECT count(*) FROM wheelhouse.leases")
	s.fetch = whole
	if o := b.loadWindow(s, due, b.mustStart()); o.Err != nil || o.Busy {
		t.Errorf("the next try: %+v", o)
	}
}

// A run waits for the leases of a killed process, and loads its windows.
func TestRunTakesOverFromTheDead(t *testing.T) {
	t.Parallel()
	b := newBench(t, newCanned(), mayDay, nil)
	hasty, err := load.Open(t.Context(), b.url, load.Options{Lease: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer hasty.Close()
	r := b.day("2026-03-10")
	job, err := Plan(t.Context(), hasty.Ledger, b.account, b.account.Streams([]string{"usage_new"})[0], r)
	if err != nil || len(job.Due) != 1 {
		t.Fatal(job.Due, err)
	}
	mustClaim(t, hasty, b.mustStart(), job.Due[0].Window)
	b.runner.Warehouse = hasty
	if result := b.mustRun(r, "usage_new"); result.Loaded != 1 || result.Elsewhere != 0 {
		t.Errorf("%+v", result)
	}
	b.want("failed|abandoned: its process stopped\nloaded|∅", "SELECT status, error FROM wheelhouse.loads ORDER BY id")
}

// The load of a dead process does not stay "running" in the ledger, even if no run needs its window again.
func TestRunClosesTheLoadsOfTheDead(t *testing.T) {
	t.Parallel()
	b := newBench(t, newCanned(), mayDay, nil)
	hasty, err := load.Open(t.Context(), b.url, load.Options{Lease: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer hasty.Close()
	r := b.day("2026-03-10")
	b.mustRun(r, "usage_new")
	mustClaim(t, hasty, b.mustStart(), b.window(load.UsageNew, someDay))
	time.Sleep(250 * time.Millisecond)
	b.mustRun(r, "usage_new")
	b.want("0", "SELECT count(*) FROM wheelhouse.leases")
	b.want("0", "SELECT count(*) FROM wheelhouse.loads WHERE status = 'running'")
}

// A day that never answers fails alone, even if its window has seven days (invariant 6).
func TestDayThatNeverAnswersCostsThatDay(t *testing.T) {
	t.Parallel()
	api := newCanned()
	bad := "2026-03-10"
	api.answer("share_details", func(q url.Values) (int, string) {
		from, to := q.Get("from")[:10], q.Get("to")[:10]
		if from <= bad && bad < to {
			return 500, `{}`
		}
		var shares []string
		for day := date(from); day.Before(date(to)); day = day.AddDate(0, 0, 1) {
			shares = append(shares, fmt.Sprintf(`{"id":"of %s","created_at":"%[1]sT09:00:00Z"}`, day.Format(time.DateOnly)))
		}
		return 200, `{"shares":[` + strings.Join(shares, ",") + `]}`
	})
	b := newBench(t, api, mayDay, func(a *settings.Account) {
		for i := range a.Streams {
			a.Streams[i].Window = 7
		}
	})
	b.impatient(1)
	week := Range{First: date("2026-03-05"), Last: date("2026-03-11"), Now: mayDay} // a whole window of seven days, counted from 1970
	result := b.run(week, "share_details")
	if result.Loaded != 6 || result.Failed != 1 || result.Windows != 7 {
		t.Errorf("%+v", result)
	}
	b.want("6", "SELECT count(*) FROM crankwheel.share_details")
	b.want("2026-03-10 00:00:00+00|2026-03-11 00:00:00+00", "SELECT lower(span)::text, upper(span)::text FROM wheelhouse.loads WHERE status = 'failed'")
	asked := api.requests()["share_details"]
	bad = "never"
	if r := b.run(week, "share_details"); !r.OK() {
		t.Errorf("once it answers: %+v", r)
	}
	if more := api.requests()["share_details"] - asked; more != 1 {
		t.Errorf("the next run asked %d times", more)
	}
	b.want("7|0", "SELECT count(*), count(deleted_at) FROM crankwheel.share_details")
}

// Recent days for which the API fails, which come first, do not keep the older days from being loaded.
func TestFailingRecentDaysDoNotStarveTheOlderOnes(t *testing.T) {
	t.Parallel()
	api := newCanned()
	api.answer("usage_new", func(q url.Values) (int, string) {
		if q.Get("from") >= "2026-03-03" {
			return 422, `{}`
		}
		return 200, sessions()
	})
	now := time.Date(2026, 3, 30, 6, 0, 0, 0, time.UTC)
	b := newBench(t, api, now, func(a *settings.Account) { a.HistoryFrom = date("2026-02-01") })
	b.runner.Parallel = 1
	result := b.run(b.account.Nightly(now), "usage_new")
	if result.Loaded != 30 || result.Failed != 2*maxFailures || result.Left != 28-2*maxFailures || result.OK() {
		t.Errorf("%+v", result)
	}
}
