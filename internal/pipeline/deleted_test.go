package pipeline

import (
	"fmt"
	"net/url"
	"testing"
	"time"
)

// A row that its window no longer has gets deleted_at. deleted_at is cleared when the row comes back.
func TestDeletedAndBack(t *testing.T) {
	t.Parallel()
	const day = "2026-03-10"
	request := func(id int) string {
		return fmt.Sprintf(`{"id":%d,"start_ts":"2026-03-10T09:00:00","last_event_ts":"2026-03-10T09:01:00","seconds_to_respond":5,"prospect_info":{"prospect-q":"a"}}`, id)
	}
	detail := func(id string) string { return fmt.Sprintf(`{"id":%q,"created_at":"2026-03-10T09:00:00Z"}`, id) }
	user := func(email string) string {
		return fmt.Sprintf(`{"email":%q,"privilege":"user","in_demo_pool":true}`, email)
	}
	tests := []struct{ stream, path, frame, keep, deleted, table, key string }{
		{"usage_new", "usage_new", `{"sessions":[%s]}`, session("a@x.com", day+" 09:00:00", day+" 09:10:00", ""),
			session("b@x.com", day+" 09:00:00", day+" 09:10:00", logs(`{"date":"2026-03-10T09:00:01Z","type":"screen"}`)), "screen_sessions", "agent_email = 'b@x.com'"},
		{"demo_usage", "demo_usage", `{"sessions":[%s],"total_canceled_requests":0}`, request(1), request(2), "demo_requests", "demo_id = 2"},
		{"share_details", "share_details", `{"shares":[%s]}`, detail("one"), detail("two"), "share_details", "slug = 'two'"},
		{"user_access", "user_access", `[%s]`, user("a@x.com"), user("b@x.com"), "users", "email = 'b@x.com'"},
		{"company_content", contentPath, `[%s]`, `{"id":1,"events":[]}`, `{"id":2,"events":[{"name":"started","time":0}]}`, "contents", "content_id = 2"},
	}
	for _, tt := range tests {
		t.Run(tt.stream, func(t *testing.T) {
			t.Parallel()
			api := newCanned()
			api.say(tt.path, fmt.Sprintf(tt.frame, tt.keep+","+tt.deleted))
			b := newBench(t, api, time.Date(2026, 3, 10, 23, 0, 0, 0, time.UTC), nil)
			b.mustRun(b.day(day), tt.stream)
			before := b.contents()
			b.want("2|0", "SELECT count(*), count(deleted_at) FROM crankwheel."+tt.table)

			api.say(tt.path, fmt.Sprintf(tt.frame, tt.keep))
			if n := b.again(day, tt.stream).Counts; n.Deleted != 1 || n.Updated != 0 {
				t.Errorf("counts without it: %+v", n)
			}
			b.want("true|true", "SELECT deleted_at IS NOT NULL, load_id = (SELECT max(id) FROM wheelhouse.loads) FROM crankwheel."+tt.table+" WHERE "+tt.key)
			b.want("1", "SELECT count(*) FROM crankwheel."+tt.table+" WHERE deleted_at IS NULL")
			b.forgetHashes()
			b.mustWriteNothing("deleting it again", func() { b.again(day, tt.stream) })

			api.say(tt.path, fmt.Sprintf(tt.frame, tt.keep+","+tt.deleted))
			if n := b.again(day, tt.stream).Counts; n.Deleted != 0 || n.Updated != 1 || n.Unchanged != 1 {
				t.Errorf("counts with it back: %+v", n)
			}
			equal(t, "back again", before, b.contents())
		})
	}
}

// A window never deletes a session or request that reaches over its edge.
func TestWhatReachesOverTheEdgeIsNotDeleted(t *testing.T) {
	t.Parallel()
	api := newCanned()
	api.say("usage_new", sessions(session("a@x.com", "2026-03-10 23:50:00", "2026-03-11 00:10:00", ""), session("a@x.com", "2026-03-10 09:00:00", "", "")))
	api.say("demo_usage", `{"total_canceled_requests":0,"sessions":[{"id":1,"start_ts":"2026-03-10T23:59:00","last_event_ts":"2026-03-11T00:01:00"}]}`)
	b := newBench(t, api, mayDay, nil)
	b.mustRun(b.day("2026-03-10"), "usage_new", "demo_usage")
	api.say("usage_new", sessions())
	api.say("demo_usage", `{"total_canceled_requests":0,"sessions":[]}`)
	for _, day := range []string{"2026-03-10", "2026-03-11"} {
		b.mustWriteNothing("a window without it", func() { b.again(day, "usage_new") })
		b.again(day, "demo_usage")
	}
	b.want("2|0", "SELECT count(*), count(deleted_at) FROM crankwheel.screen_sessions")
	b.want("1|0", "SELECT count(*), count(deleted_at) FROM crankwheel.demo_requests")
}

func TestSharesAndTheirVisits(t *testing.T) {
	t.Parallel()
	const day = "2026-03-10"
	listed := func(slug string, visits int) string {
		return fmt.Sprintf(`{"slug":%q,"company_content_id":1,"visits":%d,"plays":0,"cta_clicks":0,"avg_percent_watched":0.5}`, slug, visits)
	}
	list := func(all string, n int) string {
		return fmt.Sprintf(`{"data":[%s],"pagination":{"page":1,"page_size":100,"total":%d}}`, all, n)
	}
	visit := func(id string) string {
		return fmt.Sprintf(`{"visit_id":%q,"visited_at":"2026-03-10T10:00:00Z","played":true}`, id)
	}
	detail := func(all string) string { return `{"content_runtime_ms":5000,"sessions":[` + all + `]}` }
	api := newCanned()
	api.say(sharesPath, list(listed("s1", 2)+","+listed("s2", 0), 2))
	api.say(sharesPath+"/s1", detail(visit("v1")+","+visit("v2")))
	b := newBench(t, api, time.Date(2026, 3, 10, 23, 0, 0, 0, time.UTC), nil)
	const shares = "SELECT slug, content_runtime_ms, deleted_at IS NOT NULL FROM crankwheel.shares ORDER BY slug"
	const visits = "SELECT slug, visit_id, deleted_at IS NOT NULL FROM crankwheel.share_visits ORDER BY 2"
	const daily = "SELECT slug, visits FROM crankwheel.share_engagement_daily"

	// The visits first: they make the share's row from the list.
	b.mustRun(b.day(day), "share_visits")
	b.mustRun(b.day(day), "shares")
	b.want("s1|5000|false\ns2|∅|false", shares)
	b.want("s1|v1|false\ns1|v2|false", visits)
	b.want("s1|2", daily)
	if api.requests()[sharesPath+"/s2"] != 0 {
		t.Error("the detail of a share that nobody visited was asked for")
	}

	api.say(sharesPath+"/s1", detail(visit("v1")))
	b.again(day, "share_visits")
	b.want("s1|v1|false\ns1|v2|true", visits)

	// The detail answers 404, so the share is deleted, although the list still has it.
	api.answer(sharesPath+"/s1", func(url.Values) (int, string) { return 404, `{"error":"no such share"}` })
	b.again(day, "share_visits")
	b.want("s1|5000|true\ns2|∅|false", shares)
	b.mustWriteNothing("a list with a deleted share", func() { b.again(day, "shares") })
	b.forgetHashes()
	b.mustWriteNothing("a share deleted again", func() { b.again(day, "shares", "share_visits") })

	api.say(sharesPath+"/s1", detail(visit("v1")+","+visit("v2")))
	b.again(day, "share_visits")
	b.want("s1|5000|false\ns2|∅|false", shares)
	b.want("s1|v1|false\ns1|v2|false", visits)

	// If a day's list has no visits, and then no shares, the day's engagement and visits are deleted. The shares stay.
	api.say(sharesPath, list(listed("s1", 0)+","+listed("s2", 0), 2))
	b.again(day, "shares", "share_visits")
	b.want("", daily)
	b.want("s1|v1|true\ns1|v2|true", visits)
	api.say(sharesPath, list("", 0))
	b.again(day, "shares", "share_visits")
	b.want("s1|5000|false\ns2|∅|false", shares)
}

// A list that changes while it is paged through may have a share twice.
func TestAShareThatCameTwice(t *testing.T) {
	t.Parallel()
	api := newCanned()
	one := `{"slug":"s1","visits":1,"plays":0}`
	api.say(sharesPath, `{"data":[`+one+`,`+one+`],"pagination":{"total":2}}`)
	api.say(sharesPath+"/s1", `{"content_runtime_ms":1,"sessions":[{"visit_id":"v","visited_at":"2026-03-10T10:00:00Z"}]}`)
	b := newBench(t, api, mayDay, nil)
	b.mustRun(b.day("2026-03-10"), "share_visits")
	b.want("loaded|2|1|0|0|1|0|0|∅|∅|∅", newestLoad)
	b.run(b.day("2026-03-10"), "shares")
	b.want("s1|1", "SELECT slug, content_runtime_ms FROM crankwheel.shares")
	b.want("s1|1", "SELECT slug, visits FROM crankwheel.share_engagement_daily")
}

func TestUsageShares(t *testing.T) {
	t.Parallel()
	usage := func(email string, shares, plays int) string {
		return fmt.Sprintf(`{"email":%q,"name":"N","shares_count":%d,"plays_count":%d}`, email, shares, plays)
	}
	answer := func(all string, shares, plays int) string {
		return fmt.Sprintf(`{"stats":{"by_user":[%s],"total_shares":%d,"total_plays":%d}}`, all, shares, plays)
	}
	api := newCanned()
	api.say("usage_shares", answer(usage("A@x.com", 1, 2)+","+usage("b@x.com", 4, 0)+","+usage(" a@X.com", 10, 20)+","+usage("c@x.com", 0, 0), 15, 22))
	b := newBench(t, api, mayDay, nil)
	b.mustRun(b.day("2026-03-10"), "usage_shares")
	const daily = "SELECT agent_email, shares, plays FROM crankwheel.share_usage_daily ORDER BY 1"
	b.want("a@x.com|11|22\nb@x.com|4|0", daily)
	b.want("loaded|3|2|0|0|1|0|0|37|∅|true", newestLoad)
	b.forgetHashes()
	b.mustWriteNothing("the same again", func() { b.again("2026-03-10", "usage_shares") })
	api.say("usage_shares", answer(usage("a@x.com", 11, 23)+","+usage("b@x.com", 0, 0), 11, 23))
	b.again("2026-03-10", "usage_shares")
	b.want("a@x.com|11|23", daily)
	b.want("loaded|1|0|1|0|0|0|1|34|∅|true", newestLoad)
}
