package pipeline

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"wheelhouse/internal/ledger"
	"wheelhouse/load"
)

// manyOf makes n records.
func manyOf(n int, record func(i int) string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = record(i)
	}
	return strings.Join(all, ",")
}

// An answer that would delete more than half of the window's rows, and at least 20, or all of at least three, fails until a person
// accepts it.
func TestShrinkGuard(t *testing.T) {
	t.Parallel()
	const day = "2026-03-10"
	share := func(i int) string {
		return fmt.Sprintf(`{"slug":"s%d","visits":1,"plays":1,"cta_clicks":0,"engagement_score_v1":1,"avg_percent_watched":0.5}`, i)
	}
	for _, tt := range []struct {
		stream, path, frame, table string
		record                     func(i int) string
	}{
		{"demo_usage", "demo_usage", `{"sessions":[%s],"total_canceled_requests":0}`, "demo_requests WHERE deleted_at IS NULL", func(i int) string {
			return fmt.Sprintf(`{"id":%d,"start_ts":"2026-03-10T09:00:00","last_event_ts":"2026-03-10T09:01:00"}`, i)
		}},
		{"usage_new", "usage_new", `{"sessions":[%s]}`, "screen_sessions WHERE deleted_at IS NULL", func(i int) string {
			return session(fmt.Sprintf("a%d@x.com", i), day+" 09:00:00", day+" 09:10:00", "")
		}},
		{"usage_shares", "usage_shares", `{"stats":{"by_user":[%s]}}`, "share_usage_daily", func(i int) string {
			return fmt.Sprintf(`{"email":"a%d@x.com","name":"A","shares_count":1,"plays_count":1}`, i)
		}},
		{"shares", sharesPath, `{"data":[%s],"pagination":{"total":%d}}`, "share_engagement_daily", share},
		{"share_visits", sharesPath + "/s0", `{"slug":"s0","sessions":[%s]}`, "share_visits WHERE deleted_at IS NULL", func(i int) string {
			return fmt.Sprintf(`{"visit_id":"v%d","visited_at":"2026-03-10T10:00:00Z","played":true}`, i)
		}},
		{"share_details", "share_details", `{"shares":[%s]}`, "share_details WHERE deleted_at IS NULL", func(i int) string {
			return fmt.Sprintf(`{"id":"d%d","created_at":"2026-03-10T09:00:00Z"}`, i)
		}},
		{"user_access", "user_access", `[%s]`, "users WHERE deleted_at IS NULL", func(i int) string {
			return fmt.Sprintf(`{"email":"a%d@x.com","privilege":"user","in_demo_pool":true}`, i)
		}},
		{"company_content", contentPath, `[%s]`, "contents WHERE deleted_at IS NULL", func(i int) string { return fmt.Sprintf(`{"id":%d,"events":[]}`, i) }},
	} {
		t.Run(tt.stream, func(t *testing.T) {
			t.Parallel()
			api := newCanned()
			if tt.stream == "share_visits" {
				api.say(sharesPath, `{"data":[`+share(0)+`],"pagination":{"total":1}}`)
			}
			say := func(n int) {
				frame := strings.ReplaceAll(tt.frame, "%d", fmt.Sprint(n))
				api.say(tt.path, fmt.Sprintf(frame, manyOf(n, tt.record)))
			}
			b := newBench(t, api, time.Date(2026, 3, 10, 23, 0, 0, 0, time.UTC), nil)
			live := func(n int) { t.Helper(); b.want(fmt.Sprint(n), "SELECT count(*) FROM crankwheel."+tt.table) }
			r := b.day(day)
			r.Force = true

			say(60)
			b.mustRun(r, tt.stream)
			say(30) // exactly half
			b.mustRun(r, tt.stream)
			live(30)
			say(11) // 19 of 30: more than half, but fewer than 20
			b.mustRun(r, tt.stream)
			live(11)
			refused := func(had, comes int, lacks string) {
				t.Helper()
				say(had)
				b.mustRun(r, tt.stream)
				say(comes)
				if result := b.run(r, tt.stream); result.Failed != 1 {
					t.Errorf("%d of %d rows came: %+v", comes, had, result)
				}
				live(had)
				b.want("failed|"+lacks+"|true", `SELECT status, substring(error FROM 'delete (.*) that were'), error LIKE '%--accept-shrink%'
					FROM wheelhouse.loads ORDER BY id DESC LIMIT 1`)
			}
			refused(11, 0, "all 11 rows")
			say(1) // ten of eleven may go
			b.mustRun(r, tt.stream)
			refused(3, 0, "all 3 rows")
			say(2)
			b.mustRun(r, tt.stream)
			say(0) // two rows may go
			b.mustRun(r, tt.stream)
			live(0)
			refused(60, 29, "31 of the 60 rows")
			refused(60, 0, "all 60 rows")

			b.runner.Warehouse = mustAcceptShrink(t, b.url)
			if n := b.mustRun(r, tt.stream).Counts.Deleted; n != 60 {
				t.Errorf("%d rows deleted of 60", n)
			}
			live(0)
		})
	}
}

// Replacing all of a window's rows with others counts as deleting them.
func TestShrinkGuardSeesReplacement(t *testing.T) {
	t.Parallel()
	api := newCanned()
	b := newBench(t, api, mayDay, nil)
	say := func(from int) {
		api.say("demo_usage", `{"sessions":[`+manyOf(40, func(i int) string {
			return fmt.Sprintf(`{"id":%d,"start_ts":"2026-03-10T09:00:00"}`, from+i)
		})+`],"total_canceled_requests":0}`)
	}
	say(0)
	b.mustRun(b.day("2026-03-10"), "demo_usage")
	say(1000)
	due := ledger.Due{Window: b.window(load.DemoUsage, someDay), Why: ledger.WhyForced, Known: 1 << 62}
	o := b.loadWindow(b.account.Streams([]string{"demo_usage"})[0], due, b.mustStart())
	var shrink *load.ShrinkError
	if !errors.As(o.Err, &shrink) || *shrink != (load.ShrinkError{Deleted: 40, Of: 40}) {
		t.Errorf("%+v", o)
	}
	b.want("40|0|39", "SELECT count(*), count(deleted_at), max(demo_id) FROM crankwheel.demo_requests")
}

func mustAcceptShrink(t *testing.T, url string) *load.Warehouse {
	t.Helper()
	w, err := load.Open(t.Context(), url, load.Options{MayShrink: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// The days of a joined window are guarded one by one, as if they had not been joined.
func TestShrinkGuardOfJoinedWindows(t *testing.T) {
	t.Parallel()
	days := []string{"2026-03-08", "2026-03-09", "2026-03-10"}
	gone, more := "", 0
	api := newCanned()
	api.say(sharesPath, `{"data":[{"slug":"s","visits":1}],"pagination":{"total":1}}`)
	api.answer(sharesPath+"/s", func(q url.Values) (int, string) {
		var all []string
		for _, day := range days {
			if at := day + "T10:00:00Z"; day != gone && q.Get("from") <= at && at < q.Get("to") {
				all = append(all, manyOf(25+more, func(i int) string { return fmt.Sprintf(`{"visit_id":"%s-%d","visited_at":"%s"}`, day, i, at) }))
			}
		}
		return 200, `{"sessions":[` + strings.Join(all, ",") + `]}`
	})
	b := newBench(t, api, time.Date(2026, 3, 10, 23, 0, 0, 0, time.UTC), nil)
	r := Range{First: date(days[0]), Last: date(days[2]), Now: b.now, Force: true}
	if first := b.mustRun(r, "share_visits"); first.Windows != 1 || first.Loaded != 1 {
		t.Fatalf("%+v", first)
	}
	gone, more = days[1], 1
	if second := b.run(r, "share_visits"); second.Windows != 3 || second.Loaded != 2 || second.Failed != 1 || second.Left != 0 {
		t.Errorf("%+v", second)
	}
	b.want("77|0", "SELECT count(*), count(deleted_at) FROM crankwheel.share_visits")
	b.want("all 25 rows", "SELECT substring(error FROM 'delete (.*) that were') FROM wheelhouse.loads WHERE status = 'failed'")
	b.want("0", "SELECT count(*) FROM wheelhouse.leases")
	b.runner.Warehouse = mustAcceptShrink(t, b.url)
	if third := b.mustRun(r, "share_visits"); third.Windows != 1 || third.Counts.Deleted != 25 {
		t.Errorf("%+v", third)
	}
}

// One day whose rows the database refuses does not keep the other days of a joined window from being loaded.
func TestOneBadDayOfAJoinedWindow(t *testing.T) {
	t.Parallel()
	api := newCanned()
	api.say(sharesPath, `{"data":[{"slug":"s","visits":1}],"pagination":{"total":1}}`)
	api.answer(sharesPath+"/s", func(q url.Values) (int, string) {
		if q.Get("from") < "2026-03-10T12:00:00Z" && q.Get("to") > "2026-03-10T12:00:00Z" {
			return 200, `{"sessions":[{"visit_id":"v","visited_at":"2026-03-10T12:00:00Z"}]}`
		}
		return 200, `{"sessions":[]}`
	})
	b := newBench(t, api, mayDay, nil)
	b.rows("ALTER TABLE crankwheel.share_visits ADD CONSTRAINT bad CHECK (visited_at <> '2026-03-10T12:00:00Z')")
	r := Range{First: date("2026-03-05"), Last: date("2026-03-15"), Now: b.now}
	if result := b.run(r, "share_visits"); result.Failed != 1 || result.Loaded != 10 || result.Left != 0 {
		t.Errorf("%+v", result)
	}
}
