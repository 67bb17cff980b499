package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"wheelhouse/internal/simulator"
)

func TestTheSameAnswerTwiceWritesNothing(t *testing.T) {
	t.Parallel()
	b := twelveDays.load(t, func(o *simulator.Options) { o.Select = simulator.ByOverlap }, nil, nil)
	rows := 0
	for _, table := range b.contents() {
		rows += len(table)
	}
	if n := b.written(); n < int64(rows) {
		t.Errorf("Postgres's statistics show %d writes for %d rows: they cannot show that there were none", n, rows)
	}
	all := b.account.Nightly(b.now)
	b.mustWriteNothing("a second run", func() { b.mustRun(all) })
	all.Force = true
	b.mustWriteNothing("a forced run", func() {
		if r := b.mustRun(all); r.Windows < 50 || r.Counts.Unchanged < 400 {
			t.Errorf("the forced run asked for %d windows and found %d rows unchanged", r.Windows, r.Counts.Unchanged)
		}
	})
	b.forgetHashes()
	b.mustWriteNothing("a forced run without hashes", func() { b.mustRun(all) })
}

// session formats a session as the API does.
func session(agent, start, end, more string) string {
	from, err := time.Parse(time.DateTime, start)
	if err != nil {
		panic(err)
	}
	tail, seconds := `"session_ended":false`, 60
	if end != "" {
		to, err := time.Parse(time.DateTime, end)
		if err != nil {
			panic(err)
		}
		tail, seconds = fmt.Sprintf(`"end_date":%q,"session_ended":true`, to.Format(time.RFC3339)), int(to.Sub(from).Seconds())
	}
	return fmt.Sprintf(`{"email":%q,"start_date":%q,"duration":%d,"viewer_info":{"max_viewer_count":1},%s%s}`,
		agent, from.Format(time.RFC3339), seconds, tail, more)
}

func sessions(all ...string) string { return `{"sessions":[` + strings.Join(all, ",") + `]}` }

func logs(entries ...string) string { return `,"logs":[` + strings.Join(entries, ",") + `]` }

func TestOneChangeWritesOneRow(t *testing.T) {
	t.Parallel()
	const day = "2026-03-10"
	screen := `{"date":"2026-03-10T09:00:01Z","email":"a@x.com","type":"screen","content":""}`
	shown := `{"date":"2026-03-10T09:00:02Z","email":"a@x.com","type":"projector","content":"7|a|b"}`
	request := func(id int, start, more string) string {
		return fmt.Sprintf(`{"id":%d,"start_ts":"2026-03-10T%s","seconds_to_respond":"never","prospect_info":{%s}}`, id, start, more)
	}
	requests := func(all ...string) string {
		return `{"total_canceled_requests":1,"sessions":[` + strings.Join(all, ",") + `]}`
	}
	content := func(id int, name, events string) string {
		return fmt.Sprintf(`{"id":%d,"name":%q,"events":[%s]}`, id, name, events)
	}
	tests := []struct {
		name, stream, path, before, after string
		table, key, child                 string // child: a query of the children afterwards, and its result
		children                          string
	}{
		{"a session's column", "usage_new", "usage_new",
			sessions(session("a@x.com", day+" 09:00:00", day+" 09:10:00", logs(screen)), session("b@x.com", day+" 09:00:00", day+" 09:10:00", "")),
			sessions(session("a@x.com", day+" 09:00:00", day+" 09:11:00", logs(screen)), session("b@x.com", day+" 09:00:00", day+" 09:10:00", "")),
			"screen_sessions", "agent_email = 'a@x.com'", "SELECT seq, kind, content_id, content_name FROM crankwheel.screen_session_events ORDER BY seq", "1|screen|∅|∅"},
		{"a session's events alone", "usage_new", "usage_new",
			sessions(session("a@x.com", day+" 09:00:00", day+" 09:10:00", logs(screen)), session("b@x.com", day+" 09:00:00", day+" 09:10:00", logs(screen))),
			sessions(session("a@x.com", day+" 09:00:00", day+" 09:10:00", logs(shown, screen)), session("b@x.com", day+" 09:00:00", day+" 09:10:00", logs(screen))),
			"screen_sessions", "agent_email = 'a@x.com'", `SELECT seq, kind, content_id, content_name FROM crankwheel.screen_session_events e
				JOIN crankwheel.screen_sessions s USING (session_id) WHERE s.agent_email = 'a@x.com' ORDER BY seq`, "1|screen|∅|∅\n2|projector|7|a|b"},
		{"a request's column", "demo_usage", "demo_usage",
			requests(request(1, "09:00:00", ""), request(2, "09:00:00", "")),
			requests(request(1, "09:00:00", ""), request(2, "09:00:00", `"prospect-name":"X"`)),
			"demo_requests", "demo_id = 2", "SELECT count(*) FROM crankwheel.demo_answers", "0"},
		{"a request's answers alone", "demo_usage", "demo_usage",
			requests(request(1, "09:00:00", `"prospect-size":"1","prospect-gone":"x"`), request(2, "09:00:00", `"prospect-size":"9"`)),
			requests(request(1, "09:00:00", `"prospect-size":"2","prospect-empty":""`), request(2, "09:00:00", `"prospect-size":"9"`)),
			"demo_requests", "demo_id = 1", "SELECT demo_id, question, answer FROM crankwheel.demo_answers ORDER BY 1, 2", "1|empty|∅\n1|size|2\n2|size|9"},
		{"a content's events alone", "company_content", contentPath,
			"[" + content(1, "one", `{"name":"started","time":0},{"name":"ended","time":5}`) + "," + content(2, "two", "") + "]",
			"[" + content(1, "one", `{"name":"started","time":0}`) + "," + content(2, "two", "") + "]",
			"contents", "content_id = 1", "SELECT content_id, seq, name, at_ms FROM crankwheel.content_events", "1|1|started|0"},
		{"a user", "user_access", "user_access",
			`[{"email":"a@x.com","privilege":"user","in_demo_pool":null},{"email":"b@x.com","privilege":"user","in_demo_pool":null}]`,
			`[{"email":"a@x.com","privilege":"user","in_demo_pool":null},{"email":"b@x.com","privilege":"admin","in_demo_pool":false}]`,
			"users", "email = 'b@x.com'", "SELECT privilege FROM crankwheel.users ORDER BY email", "user\nadmin"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newCanned()
			api.say(tt.path, tt.before)
			b := newBench(t, api, time.Date(2026, 3, 10, 23, 0, 0, 0, time.UTC), nil)
			b.mustRun(b.day(day), tt.stream)
			before := b.lines("SELECT t::text, ctid::text, xmin::text FROM crankwheel." + tt.table + " t WHERE NOT (" + tt.key + ")")
			load, at := b.one("SELECT load_id FROM crankwheel."+tt.table+" WHERE "+tt.key), b.one("SELECT loaded_at FROM crankwheel."+tt.table+" WHERE "+tt.key)
			api.say(tt.path, tt.after)
			result := b.again(day, tt.stream)
			if n := result.Counts; n.Updated != 1 || n.Inserted != 0 || n.Deleted != 0 || n.Unchanged != 1 {
				t.Errorf("counts: %+v", n)
			}
			after := b.lines("SELECT t::text, ctid::text, xmin::text FROM crankwheel." + tt.table + " t WHERE NOT (" + tt.key + ")")
			if strings.Join(after, "\n") != strings.Join(before, "\n") {
				t.Errorf("other rows were written:\n%s\n%s", before, after)
			}
			if l, a := b.one("SELECT load_id FROM crankwheel."+tt.table+" WHERE "+tt.key), b.one("SELECT loaded_at FROM crankwheel."+tt.table+" WHERE "+tt.key); l == load || a == at {
				t.Errorf("load_id %s and loaded_at %s of the changed row stayed", l, a)
			}
			b.want(tt.children, tt.child)
			b.forgetHashes()
			b.mustWriteNothing("loading it again", func() { b.again(day, tt.stream) })
		})
	}
}

// Deleting a session writes that row only: no other row, and none that reaches over the window's edge.
func TestADeletionWritesOneRow(t *testing.T) {
	t.Parallel()
	const day = "2026-03-10"
	deleted := session("a@x.com", day+" 09:00:00", day+" 09:10:00", "")
	stays := session("b@x.com", day+" 10:00:00", day+" 10:10:00", logs(`{"date":"2026-03-10T10:00:01Z","type":"screen"}`))
	crosses := session("c@x.com", day+" 23:30:00", "2026-03-11 00:30:00", "")
	api := newCanned()
	api.say("usage_new", sessions(deleted, stays, crosses))
	b := newBench(t, api, mayDay, nil)
	b.mustRun(b.day(day), "usage_new")
	others := func() string {
		return strings.Join(b.lines("SELECT t::text, ctid::text, xmin::text FROM crankwheel.screen_sessions t WHERE agent_email <> 'a@x.com' ORDER BY 1"), "\n")
	}
	before := others()
	api.say("usage_new", sessions(stays))
	if n := b.again(day, "usage_new").Counts; n.Deleted != 1 || n.Updated != 0 || n.Inserted != 0 || n.Unchanged != 1 {
		t.Errorf("counts: %+v", n)
	}
	b.want("a@x.com", "SELECT agent_email FROM crankwheel.screen_sessions WHERE deleted_at IS NOT NULL")
	if after := others(); after != before {
		t.Errorf("other rows were written:\n%s\n%s", before, after)
	}
}

// An answer that differs only in the count of cancelled requests is not taken for the same answer.
func TestCancellationsThatCameLate(t *testing.T) {
	t.Parallel()
	api := newCanned()
	api.say("demo_usage", `{"sessions":[]}`)
	b := newBench(t, api, mayDay, nil)
	b.mustRun(b.day("2026-03-10"), "demo_usage")
	b.want("", "SELECT day::text, canceled FROM crankwheel.demo_cancellations_daily")
	api.say("demo_usage", `{"sessions":[],"total_canceled_requests":0}`)
	b.again("2026-03-10", "demo_usage")
	b.want("2026-03-10|0", "SELECT day::text, canceled FROM crankwheel.demo_cancellations_daily")
	api.say("demo_usage", `{"sessions":[],"total_canceled_requests":3}`)
	b.again("2026-03-10", "demo_usage")
	api.say("demo_usage", `{"sessions":[]}`)
	b.again("2026-03-10", "demo_usage")
	b.want("2026-03-10|3", "SELECT day::text, canceled FROM crankwheel.demo_cancellations_daily")
}
