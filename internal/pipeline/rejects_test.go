package pipeline

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// A record that turned bad becomes a reject. Its row stays, and the repaired record resolves the reject.
func TestRecordThatTurnedBad(t *testing.T) {
	t.Parallel()
	const day = "2026-03-10"
	tests := []struct {
		stream, path, frame, other, good, bad, reject, table string
	}{
		{"usage_new", "usage_new", `{"sessions":[%s]}`, session("a@x.com", day+" 09:00:00", day+" 09:10:00", ""),
			session("b@x.com", day+" 09:00:00", day+" 09:10:00", ""),
			`{"email":"b@x.com","start_date":"2026-03-10T09:00:00Z","end_date":"2026-03-10T09:10:00Z","duration":-5,"session_ended":true,"viewer_info":{"max_viewer_count":1}}`,
			"$.sessions[1]", "screen_sessions"},
		{"demo_usage", "demo_usage", `{"sessions":[%s],"total_canceled_requests":0}`, `{"id":1,"start_ts":"2026-03-10T09:00:00"}`,
			`{"id":2,"start_ts":"2026-03-10T09:00:00"}`, `{"id":2,"start_ts":"2026-02-30T09:00:00"}`, "$.sessions[1]", "demo_requests"},
		{"share_details", "share_details", `{"shares":[%s]}`, `{"id":"one","created_at":"2026-03-10T09:00:00Z"}`,
			`{"id":"two","created_at":"2026-03-10T09:00:00Z"}`, `{"id":"two","created_at":"2026-03-10T09:00:00Z","content_runtime":"1h"}`, "$.shares[1]", "share_details"},
		{"user_access", "user_access", `[%s]`, `{"email":"a@x.com","in_demo_pool":true}`, `{"email":"b@x.com","in_demo_pool":true}`,
			`{"email":"b@x.com","in_demo_pool":"perhaps"}`, "$[1]", "users"},
		{"company_content", contentPath, `[%s]`, `{"id":1}`, `{"id":2}`, `{"id":2,"runtime_ms":-1}`, "$[1]", "contents"},
		{"usage_shares", "usage_shares", `{"stats":{"by_user":[%s]}}`, `{"email":"a@x.com","shares_count":1,"plays_count":1}`,
			`{"email":"b@x.com","shares_count":1,"plays_count":1}`, `{"email":"b@x.com","shares_count":"x","plays_count":1}`, "$.stats.by_user[1]", "share_usage_daily"},
		{"shares", sharesPath, `{"data":[%s]}`, `{"slug":"one","visits":1}`, `{"slug":"two","visits":1}`, `{"slug":"two","visits":1.5}`,
			"$.data[1]", "share_engagement_daily"},
		{"unknown id", "demo_usage", `{"sessions":[%s],"total_canceled_requests":0}`, `{"id":1,"start_ts":"2026-03-10T09:00:00"}`,
			`{"id":2,"start_ts":"2026-03-10T09:00:00"}`, `17`, "$.sessions[1]", "demo_requests"},
	}
	for _, tt := range tests {
		t.Run(tt.stream, func(t *testing.T) {
			t.Parallel()
			stream := tt.stream
			if stream == "unknown id" {
				stream = "demo_usage"
			}
			api := newCanned()
			b := newBench(t, api, time.Date(2026, 3, 10, 23, 0, 0, 0, time.UTC), nil)
			say := func(records string) {
				body := fmt.Sprintf(tt.frame, records)
				api.answer(tt.path, func(q url.Values) (int, string) {
					if tt.path == sharesPath && q.Get("page") != "1" {
						return 200, `{"data":[]}`
					}
					return 200, body
				})
			}
			say(tt.other + "," + tt.good)
			b.mustRun(b.day(day), stream)
			loaded := b.contents()
			say(tt.other + "," + tt.bad)
			var n = b.again(day, stream).Counts
			if n.Deleted != 0 || n.Rejected < 1 || n.Read != n.Inserted+n.Updated+n.Unchanged+n.Merged+n.Rejected {
				t.Errorf("counts: %+v", n)
			}
			equal(t, "with the record rejected", loaded, b.contents())
			b.want(tt.reject+"|false", "SELECT path, resolved_at IS NOT NULL FROM wheelhouse.rejects")
			b.forgetHashes()
			if tt.stream == "unknown id" {
				// The record may be any row. It protects rows from deletion only in the load that meets it first.
				if n := b.again(day, stream).Counts; n.Deleted != 1 {
					t.Errorf("the same again: %+v", n)
				}
			}
			b.mustWriteNothing("the same again", func() { b.again(day, stream) })
			b.want("1", "SELECT count(*) FROM wheelhouse.rejects")
			say(tt.other + "," + tt.good)
			b.again(day, stream)
			equal(t, "repaired", loaded, b.contents())
			b.want(tt.reject+"|true", "SELECT path, resolved_at IS NOT NULL FROM wheelhouse.rejects")
			// The same bad record again opens the same reject.
			say(tt.other + "," + tt.bad)
			b.again(day, stream)
			b.want(tt.reject+"|false", "SELECT path, resolved_at IS NOT NULL FROM wheelhouse.rejects")
		})
	}
}

// If one of two same-second sessions turned bad, both rows stay as they were.
func TestSameSecondSessionThatTurnedBad(t *testing.T) {
	t.Parallel()
	const day = "2026-03-10"
	early, late := session("a@x.com", day+" 09:00:00", day+" 09:10:00", ""), session("a@x.com", day+" 09:00:00", day+" 09:20:00", "")
	bad := `{"email":"a@x.com","start_date":"2026-03-10T09:00:00Z","end_date":"2026-03-10T09:10:00Z","duration":"x"}`
	for name, answer := range map[string]string{"the other first": sessions(late, bad), "the other last": sessions(bad, late), "the late one": sessions(bad, early)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newCanned()
			api.say("usage_new", sessions(late, early))
			b := newBench(t, api, mayDay, nil)
			b.mustRun(b.day(day), "usage_new")
			both := b.contents()
			api.say("usage_new", answer)
			b.again(day, "usage_new")
			equal(t, "one turned bad", both, b.contents())
		})
	}
}

func TestBadRecordAmongGoodOnes(t *testing.T) {
	t.Parallel()
	api := newCanned()
	entry := `{"date":"2026-03-10T09:00:01Z","type":"screen"}`
	api.say("usage_new", sessions(
		session("a@x.com", "2026-03-10 09:00:00", "2026-03-10 09:10:00", logs(entry, `{"date":"2026-13-10T09:00:01Z","type":"screen"}`, `7`)),
		`{"email":"a@x.com","duration":5}`, `null`, `{"email":"b@x.com","start_date":"0001-01-01T00:00:00Z"}`,
		session("c@x.com", "2026-03-10 09:00:00", "2026-03-10 09:10:00", "")))
	b := newBench(t, api, mayDay, nil)
	b.mustRun(b.day("2026-03-10"), "usage_new")
	b.want("loaded|5|2|0|0|0|3|0|∅|∅|∅", newestLoad)
	b.want("a@x.com\nc@x.com", "SELECT agent_email FROM crankwheel.screen_sessions ORDER BY 1")
	b.want("1", "SELECT count(*) FROM crankwheel.screen_session_events")
	b.want("usage_new|$.sessions[0].logs[1]|false\nusage_new|$.sessions[0].logs[2]|false\nusage_new|$.sessions[1]|false\n"+
		"usage_new|$.sessions[2]|false\nusage_new|$.sessions[3]|false",
		"SELECT stream, path, resolved_at IS NOT NULL FROM wheelhouse.rejects ORDER BY path")
	b.want("0", "SELECT count(*) FROM wheelhouse.rejects WHERE reason = '' OR raw IS NULL AND raw_text IS NULL OR load_id <> (SELECT max(id) FROM wheelhouse.loads)")
}

// Entries of one agent are summed. If the sum does not fit into the column, all of them are rejected, the agent's row stays, and the
// others load.
func TestEntriesWhoseSumIsTooLarge(t *testing.T) {
	t.Parallel()
	const day = "2026-03-10"
	api := newCanned()
	b := newBench(t, api, time.Date(2026, 3, 11, 5, 0, 0, 0, time.UTC), nil)
	say := func(entries string) {
		api.answer("usage_shares", func(url.Values) (int, string) { return 200, `{"stats":{"by_user":[` + entries + `]}}` })
	}
	rows := func(want ...string) {
		t.Helper()
		b.want(strings.Join(want, "\n"), "SELECT agent_email, shares, plays FROM crankwheel.share_usage_daily ORDER BY 1")
	}
	const most = `{"email":"%s@x.com","shares_count":2147483646,"plays_count":2147483646,"mood":1}`
	one := func(agent string) string {
		return fmt.Sprintf(`,{"email":"%s@x.com","shares_count":1,"plays_count":%d}`, agent, len(agent))
	}
	say(fmt.Sprintf(most, "a") + one("A") + one("b"))
	b.mustRun(b.day(day), "usage_shares")
	rows("a@x.com|2147483647|2147483647", "b@x.com|1|1")

	say(fmt.Sprintf(most, "A") + one("a") + one("A") + one("c"))
	if n := b.again(day, "usage_shares").Counts; n.Rejected != 3 || n.Inserted != 1 || n.Deleted != 1 {
		t.Errorf("counts: %+v", n)
	}
	rows("a@x.com|2147483647|2147483647", "c@x.com|1|1")
	b.want("2147483646|1\n1|∅", "SELECT raw->>'plays_count', raw->>'mood' FROM wheelhouse.rejects WHERE resolved_at IS NULL AND reason LIKE '%too large' ORDER BY 1 DESC")
	if v, found := b.verify(b.day(day), "usage_shares"); v.Windows != 1 || len(found) != 0 {
		t.Errorf("compared: %+v %v", v, found)
	}

	say(one("a")[1:])
	b.again(day, "usage_shares")
	rows("a@x.com|1|1")
	b.want("0", "SELECT count(*) FROM wheelhouse.rejects WHERE resolved_at IS NULL")
}
