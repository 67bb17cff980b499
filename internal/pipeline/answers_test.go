package pipeline

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"wheelhouse/extract"
)

// proxied is an answer as a proxy or a server on the way may give it.
type proxied struct {
	name  string
	play  http.HandlerFunc
	words string // in the ledger's error; "": the answer is loaded
	final bool   // not retried
}

// headed answers with headers, given as names and values.
func headed(body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		_, _ = w.Write([]byte(body))
	}
}

// Answers with unusual headers are loaded if they are JSON in UTF-8. Others touch no row, and the ledger says what came. (Tests of package
// extract cover all forms.)
func TestAnswersOfProxies(t *testing.T) {
	t.Parallel()
	const day = "2026-03-10"
	utf8 := `[{"email":"a@x.com","privilege":"Zoë"}]`
	latin1 := strings.ReplaceAll(utf8, "ë", "\xeb")
	b := newBench(t, http.NotFoundHandler(), mayDay, nil)
	for i, p := range []proxied{
		{name: "Latin-1", play: headed(latin1, "Content-Type", "application/json; charset=ISO-8859-1"), words: "iso-8859-1", final: true},
		{name: "Latin-1 that is ASCII", play: headed("[]", "Content-Type", "application/json; charset=ISO-8859-1"), words: "iso-8859-1", final: true},
		{name: "a doubled type", play: headed(utf8, "Content-Type", "application/json; charset=utf-8,application/json")},
		{name: "a parameter without a value", play: headed(utf8, "Content-Type", "application/json; charset")},
		{name: "another case", play: headed(utf8, "Content-Type", "Application/JSON; Charset=UTF-8")},
		{name: "another type", play: headed(utf8, "Content-Type", "text/html; charset=utf-8"), words: "the content type is text/html, not JSON"},
		{name: "encoding none", play: headed(utf8, "Content-Encoding", "none")},
		{name: "encoding UTF-8", play: headed(utf8, "Content-Encoding", "UTF-8")},
		{name: "encoding br", play: headed(utf8, "Content-Encoding", "br"), words: "the content encoding is br"},
		{name: "a byte order mark", play: headed("\ufeff" + utf8)},
		{name: "520", play: status(520), words: "520"},
		{name: "529", play: status(529), words: "529"},
	} {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s := b.scene(t, fmt.Sprint("proxied-", i), extract.Config{})
			s.api.plays(says(`[{"email":"a@x.com","privilege":"user"},{"email":"b@x.com"}]`))
			s.mustRun(s.day(day), "user_access")
			before := s.tuplesOfAccount()
			s.api.plays(p.play)
			if p.words == "" {
				s.again(day, "user_access")
				s.want("Zoë", "SELECT privilege FROM crankwheel.users WHERE account_id = $1 AND deleted_at IS NULL", s.account.ID)
				return
			}
			result := s.mustFail(day, "user_access", p.words)
			s.mustKeep(p.name, before)
			if want := map[bool]int{true: 1, false: 2}[p.final]; result.Requests != want {
				t.Errorf("%d requests, want %d", result.Requests, want)
			}
		})
	}
}

// besides has, for each stream, an answer with one row on 10 March, to which members can be added beside the rows. The stream share_visits
// asks for a list first.
var besides = map[string]string{
	"demo_usage":    `{"sessions":[{"id":1,"start_ts":"2026-03-10T09:00:00"}],"total_canceled_requests":0%s}`,
	"usage_new":     `{"sessions":[{"email":"a@x.com","start_date":"2026-03-10T09:00:00Z"}]%s}`,
	"usage_shares":  `{"stats":{"by_user":[{"email":"a@x.com","shares_count":1,"plays_count":2}]}%s}`,
	"shares":        `{"data":[{"slug":"s","visits":1}],"pagination":{"total":1}%s}`,
	"share_visits":  `{"sessions":[{"visit_id":"v1","visited_at":"2026-03-10T09:00:00Z"}]%s}`,
	"share_details": `{"shares":[{"id":"s","created_at":"2026-03-10T09:00:00Z"}]%s}`,
}

// beside answers a stream's requests with members beside the rows.
func beside(stream, members string) http.HandlerFunc {
	list, own := says(fmt.Sprintf(besides["shares"], "")), says(fmt.Sprintf(besides[stream], members))
	return func(w http.ResponseWriter, r *http.Request) {
		if stream == "share_visits" && strings.HasSuffix(r.URL.Path, "/shares") {
			list(w, r)
			return
		}
		own(w, r)
	}
}

// If an answer with status 200 states an error, the request is sent again. Then the window fails, and no row is touched.
func TestAnswersThatStateAnError(t *testing.T) {
	t.Parallel()
	const day = "2026-03-10"
	b := newBench(t, http.NotFoundHandler(), mayDay, nil)
	for stream := range besides {
		t.Run(stream, func(t *testing.T) {
			t.Parallel()
			s := b.scene(t, "error-"+stream, extract.Config{})
			s.api.plays(beside(stream, ""))
			s.mustRun(s.day(day), stream)
			before := s.tuplesOfAccount()
			for _, members := range []string{`,"error":"query timed out","partial":true`, `,"errors":[{"message":"query timed out"}]`} {
				s.api.plays(beside(stream, members))
				if result := s.mustFail(day, stream, "states an error (query timed out)"); result.Requests < 2 {
					t.Errorf("%s: %d requests", members, result.Requests)
				}
				s.mustKeep(members, before)
			}
			for _, members := range []string{`,"error":null`, `,"errors":[]`} {
				s.api.plays(beside(stream, members))
				s.again(day, stream)
			}
		})
	}
}

// An answer with an error and without rows deletes nothing, even if the window has so few rows that the shrink guard would allow it.
func TestErrorWithoutRowsDeletesNothing(t *testing.T) {
	t.Parallel()
	const day = "2026-03-10"
	api := newCanned()
	b := newBench(t, api, mayDay, nil)
	b.impatient(2)
	var rows []string
	for i := range 19 {
		rows = append(rows, fmt.Sprintf(`{"id":%d,"start_ts":"2026-03-10T09:00:00"}`, i+1))
	}
	api.say("demo_usage", `{"total_canceled_requests":0,"sessions":[`+strings.Join(rows, ",")+`]}`)
	b.mustRun(b.day(day), "demo_usage")
	api.say("demo_usage", `{"error":"query timed out","partial":true,"total_canceled_requests":0,"sessions":[`+rows[0]+`]}`)
	b.mustFail(day, "demo_usage", "query timed out")
	b.want("19", "SELECT count(*) FROM crankwheel.demo_requests WHERE deleted_at IS NULL")
}

// An answer that says that there is more is loaded and deletes nothing. It is not reconciled, the ledger and the status say why, and the
// next run asks again.
func TestAnswersThatSayThereIsMore(t *testing.T) {
	t.Parallel()
	const day = "2026-03-10"
	b := newBench(t, http.NotFoundHandler(), mayDay, nil)
	for stream := range besides {
		t.Run(stream, func(t *testing.T) {
			t.Parallel()
			s := b.scene(t, "more-"+stream, extract.Config{})
			s.api.plays(beside(stream, ""))
			s.mustRun(s.day(day), stream)
			members := `,"paging":{"page":1,"page_size":1,"total":3},"has_more":true`
			s.api.plays(func(w http.ResponseWriter, r *http.Request) { // without rows, so that the stored row is missing
				empty := map[string]string{"share_visits": `{"sessions":[]`, "demo_usage": `{"total_canceled_requests":0,"sessions":[]`, "usage_new": `{"sessions":[]`,
					"usage_shares": `{"stats":{"by_user":[]}`, "shares": `{"data":[]`, "share_details": `{"shares":[]`}[stream]
				if stream == "share_visits" && strings.HasSuffix(r.URL.Path, "/shares") {
					beside(stream, "")(w, r)
					return
				}
				says(empty+members+"}")(w, r)
			})
			forced := s.day(day)
			forced.Force = true
			r := s.run(forced, stream)
			if r.OK() || r.Loaded != 1 || r.Unreconciled != 1 || r.Counts.Deleted != 0 {
				t.Errorf("%+v", r)
			}
			s.want("loaded|false|the answer says that there is more, but Wheelhouse does not know how to ask for it: has_more, paging.total",
				"SELECT status, reconciled, error FROM wheelhouse.loads WHERE account_id = $1 ORDER BY id DESC LIMIT 1", s.account.ID)
			s.wantDue(stream, s.day(day), "03-10:unreconciled")
			s.api.plays(beside(stream, ""))
			s.mustRun(s.day(day), stream)
			s.wantDue(stream, s.day(day), "")
		})
	}
}

// Members that a stream does not know are kept in the ledger, logged once, and shown by the status as long as they come.
func TestUnknownMembersAreToldOnce(t *testing.T) {
	t.Parallel()
	const day = "2026-03-10"
	api := newCanned()
	b := newBench(t, api, mayDay, nil)
	core, logs := observer.New(zap.InfoLevel)
	b.runner.Log = zap.New(core)
	kept := func(want string) {
		t.Helper()
		b.want(want, "SELECT u.members::text FROM wheelhouse.loads l LEFT JOIN wheelhouse.unknown_members u ON u.load_id = l.id ORDER BY l.id DESC LIMIT 1")
	}
	told := func(want ...string) {
		t.Helper()
		var all []string
		for _, entry := range logs.TakeAll() {
			if strings.Contains(entry.Message, "members that Wheelhouse does not know") {
				all = append(all, fmt.Sprint(entry.ContextMap()["stream"], entry.ContextMap()["members"]))
			}
		}
		if !slices.Equal(all, want) {
			t.Errorf("told %v, want %v", all, want)
		}
	}
	for stream, path := range map[string]string{"demo_usage": "demo_usage", "usage_new": "usage_new", "usage_shares": "usage_shares", "shares": sharesPath,
		"share_details": "share_details"} {
		b.again(day, stream)
		kept("∅")
		told()
		plain := strings.TrimSuffix(fmt.Sprintf(besides[stream], ""), "}")
		api.say(path, plain+`,"server":"eu-1","took_ms":7,"jane@prospect.example":1}`)
		b.again(day, stream)
		kept("{server,took_ms,…}")
		told(stream + "[server took_ms …]")
		b.mustRun(b.account.WholeDays(Range{First: date(day), Last: date("2026-03-12"), Now: b.now}), stream)
		told()
		if s := b.loadStatus(stream); !slices.Equal(s.Members, []string{"server", "took_ms", "…"}) {
			t.Errorf("%s: status %v", stream, s.Members)
		}
		api.say(path, plain+`,"region":"eu","server":"eu-2"}`)
		b.again(day, stream)
		told(stream + "[region]")
		b.exec("UPDATE wheelhouse.loads SET finished_at = finished_at - interval '2 days' WHERE id < (SELECT max(id) FROM wheelhouse.loads)")
		if s := b.loadStatus(stream); !slices.Equal(s.Members, []string{"region", "server"}) {
			t.Errorf("%s: status %v", stream, s.Members)
		}
		api.say(path, plain+"}")
		b.again(day, stream)
		b.exec("UPDATE wheelhouse.loads SET finished_at = finished_at - interval '2 days' WHERE id < (SELECT max(id) FROM wheelhouse.loads)")
		if s := b.loadStatus(stream); len(s.Members) != 0 {
			t.Errorf("%s: status %v", stream, s.Members)
		}
	}
}

// The same answer again has the same unknown members, although it is not read.
func TestUnknownMembersOfTheSameAnswer(t *testing.T) {
	t.Parallel()
	const day = "2026-03-10"
	api := newCanned()
	b := newBench(t, api, mayDay, nil)
	api.answer("usage_new", func(url.Values) (int, string) {
		return http.StatusOK, fmt.Sprintf(besides["usage_new"], `,"server":"eu-1"`)
	})
	look := b.day(day)
	b.mustRun(look, "usage_new")
	look.Now, look.LookBack = date("2026-03-11"), true
	b.mustRun(look, "usage_new")
	b.want("{server}|true", `SELECT u.members::text, l.rows_unchanged = l.rows_read FROM wheelhouse.loads l JOIN wheelhouse.unknown_members u ON u.load_id = l.id
	                         ORDER BY l.id DESC LIMIT 1`)
	b.want("2|2", "SELECT count(*), count(u.load_id) FROM wheelhouse.loads l LEFT JOIN wheelhouse.unknown_members u ON u.load_id = l.id")
}

// Names that become equal in Postgres are distinguished in the same way in any order.
func TestNamesThatBecomeEqual(t *testing.T) {
	t.Parallel()
	const day = "2026-03-10"
	b := newBench(t, http.NotFoundHandler(), mayDay, nil)
	for i, pair := range []struct{ first, second, want string }{
		{`a\u0000b`, `ab`, `a\u0000b=1,ab=2`},
		{`\ud800`, `\udfff`, "\\udfff=2,\ufffd=1"},
		{"\xff", "\xfe", "\\xff=1,\ufffd=2"},
		{"x\xff", "x\ufffd", "x\\xff=1,x\ufffd=2"},
		{`same`, `\u0073ame`, `same=2`},
	} {
		for turn := range 2 {
			s := b.scene(t, fmt.Sprint("equal-", i, turn), extract.Config{})
			members := func(prefix string) string {
				one, two := fmt.Sprintf(`"%s%s":"1"`, prefix, pair.first), fmt.Sprintf(`"%s%s":"2"`, prefix, pair.second)
				if turn == 1 && pair.first != "same" {
					one, two = two, one
				}
				return one + "," + two
			}
			s.api.plays(says(`{"total_canceled_requests":0,"sessions":[{"id":1,"start_ts":"2026-03-10T09:00:00",` + members("") +
				`,"prospect_info":{` + members("prospect-") + `,"mood":{` + members("") + `}}}]}`))
			s.mustRun(s.day(day), "demo_usage")
			s.want(pair.want, `SELECT string_agg(question || '=' || answer, ',' ORDER BY question COLLATE "C") FROM crankwheel.demo_answers WHERE account_id = $1`, s.account.ID)
			s.want(pair.want+"|"+pair.want, `SELECT string_agg(e.key || '=' || e.value, ',' ORDER BY e.key COLLATE "C") FILTER (WHERE e.key <> 'prospect_info'),
			    (SELECT string_agg(m.key || '=' || m.value, ',' ORDER BY m.key COLLATE "C") FROM jsonb_each_text(min(r.extra::text)::jsonb #> '{prospect_info,mood}') m)
			    FROM crankwheel.demo_requests r, jsonb_each_text(r.extra) e WHERE account_id = $1`, s.account.ID)
		}
	}
}

// Records whose keys become equal in Postgres stay different rows.
func TestKeysThatBecomeEqual(t *testing.T) {
	t.Parallel()
	const day = "2026-03-10"
	api := newCanned()
	b := newBench(t, api, mayDay, nil)
	api.say(sharesPath, `{"data":[{"slug":"a\u0000b","visits":1},{"slug":"ab","visits":2}],"pagination":{"total":2}}`)
	api.say("share_details", `{"shares":[{"id":"a\u0000b","created_at":"2026-03-10T09:00:00Z"},{"id":"ab","created_at":"2026-03-10T09:00:00Z"}]}`)
	b.mustRun(b.day(day), "shares", "share_details")
	b.want("a\\u0000b|1\nab|2", `SELECT slug, visits FROM crankwheel.share_engagement_daily ORDER BY slug COLLATE "C"`)
	b.want("a\\u0000b\nab", `SELECT slug FROM crankwheel.share_details ORDER BY slug COLLATE "C"`)
	api.say(sharesPath, `{"data":[{"slug":"s","visits":1}],"pagination":{"total":1}}`)
	api.say(sharesPath+"/s", "{\"sessions\":[{\"visit_id\":\"v\xff\",\"visited_at\":\"2026-03-10T09:00:00Z\"},{\"visit_id\":\"v\xfe\",\"visited_at\":\"2026-03-10T09:00:00Z\"}]}")
	b.mustRun(b.day(day), "share_visits")
	b.want("v\\xfe\nv\\xff", `SELECT visit_id FROM crankwheel.share_visits ORDER BY visit_id COLLATE "C"`)
}
