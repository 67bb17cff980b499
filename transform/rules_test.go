package transform_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"wheelhouse/transform"
)

// lines returns the result of a record as lines: the row's columns, and the rejects.
func lines[R any](t testing.TB, ask func([]byte) ([]result[R], error), body string) string {
	t.Helper()
	r := only(t, ask, body)
	var s strings.Builder
	if r.OK {
		dump(&s, "", reflect.ValueOf(r.Row))
	} else if len(r.Rejects) != 1 || r.Rejects[0].Reason == "" {
		t.Errorf("%.200s: not a row, and rejects are %+v", body, r.Rejects)
	}
	for _, j := range r.Rejects {
		fmt.Fprintf(&s, "reject %s %s\n", j.Path, j.Reason)
	}
	return s.String()
}

var streams = map[string]func(testing.TB, string) string{
	"demo":    func(t testing.TB, more string) string { return lines(t, demoRows, demo(more)) },
	"session": func(t testing.TB, more string) string { return lines(t, sessionRows, session(more)) },
	"share":   func(t testing.TB, more string) string { return lines(t, shareRows, share(more)) },
	"detail":  func(t testing.TB, more string) string { return lines(t, detailRows, detail(more)) },
	"usage":   func(t testing.TB, more string) string { return lines(t, usageRows, usage(more)) },
	"user":    func(t testing.TB, more string) string { return lines(t, userRows, user(more)) },
	"content": func(t testing.TB, more string) string { return lines(t, contentRows, content(more)) },
	"visit": func(t testing.TB, more string) string {
		visits, _ := visitRows(t, []byte(visit(more)))
		var s strings.Builder
		if v := visits[0]; v.OK {
			dump(&s, "", reflect.ValueOf(v.Row))
		} else {
			fmt.Fprintf(&s, "reject %s %s\n", v.Rejects[0].Path, v.Rejects[0].Reason)
		}
		return s.String()
	},
}

// rule says which lines a record with one more member leads to.
type rule struct{ stream, more, want string }

func check(t *testing.T, rules []rule) {
	t.Helper()
	for _, r := range rules {
		got := streams[r.stream](t, r.more)
		for want := range strings.SplitSeq(r.want, "\n") {
			if !strings.Contains("\n"+got, "\n"+want+"\n") {
				t.Errorf("%s %.200s:\nwant %s\n got %.2000s", r.stream, r.more, want, got)
			}
		}
	}
}

func TestSentinels(t *testing.T) {
	var rules []rule
	for _, nothing := range []string{`"never"`, `"n/a"`, `"none"`, `"N/A"`, `" Never "`, `"null"`, `""`, `" "`, `null`} {
		rules = append(rules,
			rule{"demo", `"seconds_to_respond":` + nothing, ".SecondsToRespond = NULL\n.Answered = false"},
			rule{"demo", `"call_confirmed":` + nothing, ".CallConfirmed = NULL"},
			rule{"demo", `"last_event_ts":` + nothing, ".LastEventAt = NULL"},
			rule{"share", `"avg_percent_watched":` + nothing, ".Engagement.AvgPercentWatched = NULL"},
			rule{"visit", `"watch_time_sec":` + nothing, ".WatchTimeSeconds = NULL"},
		)
		if nothing == `"null"` || nothing == `" "` {
			continue
		}
		rules = append(rules,
			rule{"demo", `"handled_by":` + nothing, ".HandledBy = NULL"},
			rule{"demo", `"accepted_from":` + nothing, ".AcceptedFrom = NULL"},
			rule{"detail", `"content_runtime":` + nothing, ".ContentRuntimeSeconds = NULL"},
		)
	}
	check(t, rules)
	check(t, []rule{
		{"demo", ``, ".SecondsToRespond = NULL\n.Answered = false\n.HandledBy = NULL\n.CallConfirmed = NULL\n.AcceptedFrom = NULL\n.LastEventAt = NULL\n.OriginChannel = NULL\n.Extra = NULL"},
		{"session", ``, ".EndedAt = NULL\n.DurationSeconds = NULL\n.Ended = false\n.ViewerLocations = NULL\n.RecordingURL = NULL\n.Extra = NULL"},
		{"user", ``, ".Privilege = NULL\n.InDemoPool = false"},
		{"user", `"in_demo_pool":null`, ".InDemoPool = false"},
		{"content", `"created_by":null,"recorded_at":null,"state":null,"url":""`, ".CreatedBy = NULL\n.RecordedAt = NULL\n.State = NULL\n.URL = NULL"},
		{"demo", `"seconds_to_respond":0`, ".SecondsToRespond = 0\n.Answered = true"},
	})
}

func TestNumbersAndBooleans(t *testing.T) {
	const n, s = `"duration":`, ".DurationSeconds = "
	check(t, []rule{
		{"session", n + `53`, s + "53"}, {"session", n + `"53"`, s + "53"}, {"session", n + `53.0`, s + "53"}, {"session", n + `"53.0"`, s + "53"},
		{"session", n + `5.3e1`, s + "53"}, {"session", n + `" 53 "`, s + "53"}, {"session", n + `-0`, s + "0"}, {"session", n + `-0.0`, s + "0"},
		{"session", n + `2147483647`, s + "2147483647"}, {"session", n + `1,"duration":2`, s + "2"},
		{"demo", `"screenshared":"true"`, ".ScreenShared = true"}, {"demo", `"screenshared":"False"`, ".ScreenShared = false"},
		{"demo", `"screenshared":true`, ".ScreenShared = true"}, {"share", `"company_content_id":"1038"`, ".ContentID = 1038"},
		{"share", `"avg_percent_watched":"0.25"`, ".Engagement.AvgPercentWatched = 0.25"},
		{"share", `"avg_percent_watched":1`, ".Engagement.AvgPercentWatched = 1"},
		{"content", `"runtime_ms":9007199254740993`, ".RuntimeMS = 9007199254740993"},
		{"content", `"runtime_ms":9007199254740991.0`, ".RuntimeMS = 9007199254740991"},
		{"share", `"content_name":53`, `.ContentName = "53"`}, {"share", `"content_name":true`, `.ContentName = "true"`},
		{"detail", `"content_runtime":"100:00:01"`, ".ContentRuntimeSeconds = 360001"},
	})
	const rejected = "reject $.sessions[0] duration: "
	check(t, []rule{
		{"session", n + `53.5`, rejected + "a fraction where a whole number belongs"}, {"session", n + `"0.1"`, rejected + "a fraction where a whole number belongs"},
		{"session", n + `2147483648`, rejected + "a number too large"}, {"session", n + `1e30`, rejected + "a number too large"},
		{"session", n + `1e400`, rejected + "a number too large"}, {"session", n + `9223372036854775808`, rejected + "a number too large"},
		{"session", n + `-1`, rejected + "a negative number"}, {"session", n + `-2147483649`, rejected + "a negative number"},
		{"session", n + `"1_000"`, rejected + "text where a number belongs"}, {"session", n + `"0x1p3"`, rejected + "text where a number belongs"},
		{"session", n + `"Inf"`, rejected + "text where a number belongs"}, {"session", n + `"NaN"`, rejected + "text where a number belongs"},
		{"session", n + `"5 s"`, rejected + "text where a number belongs"}, {"session", n + `true`, rejected + "a boolean where a number belongs"},
		{"session", n + `{}`, rejected + "an object where a number belongs"}, {"session", n + `[5]`, rejected + "an array where a number belongs"},
		{"content", `"runtime_ms":9007199254740993.0`, "reject $[0] runtime_ms: a number too large"},
		{"content", `"runtime_ms":-5`, "reject $[0] runtime_ms: a negative number"},
		{"demo", `"call_confirmed":1`, "reject $.sessions[0] call_confirmed: a number where true or false belongs"},
		{"demo", `"call_confirmed":"yes"`, "reject $.sessions[0] call_confirmed: text where true or false belongs"},
		{"demo", `"handled_by":{}`, "reject $.sessions[0] handled_by: an object where a text belongs"},
		{"visit", `"watch_time_sec":-0.5`, "reject $.sessions[0] watch_time_sec: a negative number"},
		{"visit", `"percent_watched":1e999`, "reject $.sessions[0] percent_watched: a number too large"},
		{"share", `"visits":-1`, "reject $.data[0] visits: a negative number"},
		{"usage", `"plays_count":"never"`, "reject $.stats.by_user[0] shares_count, plays_count: missing"},
		{"usage", `"plays_count":2.5`, "reject $.stats.by_user[0] plays_count: a fraction where a whole number belongs"},
		{"detail", `"content_runtime":"7:24"`, "reject $.shares[0] content_runtime: not HH:MM:SS"},
		{"detail", `"content_runtime":"00:60:00"`, "reject $.shares[0] content_runtime: not HH:MM:SS"},
		{"detail", `"content_runtime":"-1:00:00"`, "reject $.shares[0] content_runtime: not HH:MM:SS"},
		{"detail", `"content_runtime":"00:00:04.5"`, "reject $.shares[0] content_runtime: not HH:MM:SS"},
		{"detail", `"content_runtime":"999999999:00:00"`, "reject $.shares[0] content_runtime: a number too large"},
	})
}

func TestTimes(t *testing.T) {
	const outside, text = "a time outside the years 1970 to 9999", "text that is not a time"
	check(t, []rule{
		{"demo", `"last_event_ts":"2024-03-01T10:00:00.5"`, ".LastEventAt = 2024-03-01T10:00:00.5Z"},
		{"demo", `"last_event_ts":"2024-03-01T10:00:00.1234567+02:00"`, ".LastEventAt = 2024-03-01T08:00:00.123456Z"},
		{"demo", `"start_ts":"2024-03-01T12:00:00+01:00"`, ".StartedAt = 2024-03-01T11:00:00Z"},
		{"demo", `"start_ts":"2024-02-30T12:00:00"`, "reject $.sessions[0] start_ts: " + text},
		{"demo", `"start_ts":"0001-01-01T00:00:00"`, "reject $.sessions[0] start_ts: " + outside},
		{"demo", `"start_ts":null`, "reject $.sessions[0] start_ts: missing"},
		{"demo", `"start_ts":"never"`, "reject $.sessions[0] start_ts: missing"},
		{"demo", `"start_ts":1709287200`, "reject $.sessions[0] start_ts: a number where a time belongs"},
		{"demo", `"last_event_ts":"now"`, "reject $.sessions[0] last_event_ts: " + text},
		{"session", `"start_date":"infinity"`, "reject $.sessions[0] start_date: " + text},
		{"session", `"end_date":"2024-13-01T10:00:00Z"`, "reject $.sessions[0] end_date: " + text},
		{"visit", `"visited_at":"0001-01-01T00:00:00Z"`, "reject $.sessions[0] visited_at: " + outside},
		{"detail", `"created_at":[]`, "reject $.shares[0] created_at: an array where a time belongs"},
		{"share", `"created_at":"2024-03-01"`, "reject $.data[0] created_at: " + text},
		{"content", `"recorded_at":true`, "reject $[0] recorded_at: a boolean where a time belongs"},
	})
}

func TestKeys(t *testing.T) {
	long := strings.Repeat("x", 513)
	check(t, []rule{
		{"demo", `"id":null`, "reject $.sessions[0] id: missing"},
		{"demo", `"id":"seven"`, "reject $.sessions[0] id: text where a number belongs"},
		{"demo", `"id":7.5`, "reject $.sessions[0] id: a fraction where a whole number belongs"},
		{"demo", `"id":"8"`, ".DemoID = 8"},
		{"content", `"id":99999999999999999999`, "reject $[0] id: a number too large"},
		{"session", `"email":""`, "reject $.sessions[0] email: missing"},
		{"session", `"email":" "`, "reject $.sessions[0] email: missing"},
		{"session", `"email":"none"`, "reject $.sessions[0] email: missing"},
		{"session", `"email":"` + long + `"`, "reject $.sessions[0] email: longer than 512 bytes"},
		{"session", `"email":" A@B.is "`, `.AgentEmail = "a@b.is"`},
		{"session", `"email":"ÞÓRA@B.is"`, `.AgentEmail = "þóra@b.is"`},
		{"usage", `"email":" A@B.is "`, `.AgentEmail = "a@b.is"`},
		{"user", `"email":"A@B.IS\t"`, `.Email = "a@b.is"`},
		{"user", `"email":["a"]`, "reject $[0] email: an array where a text belongs"},
		{"share", `"slug":null`, "reject $.data[0] slug: missing"},
		{"share", `"slug":"` + long + `"`, "reject $.data[0] slug: longer than 512 bytes"},
		{"share", `"created_by_email":" A@B.is "`, `.CreatedByEmail = "a@b.is"`},
		{"detail", `"id":""`, "reject $.shares[0] id: missing"},
		{"detail", `"content_created_by":"A@B.is"`, `.ContentCreatedBy = "a@b.is"`},
		{"visit", `"visit_id":null`, "reject $.sessions[0] visit_id: missing"},
		{"content", `"created_by":"A@B.is"`, `.CreatedBy = "a@b.is"`},
		{"demo", `"handled_by":" Somebody@Example.com "`, `.HandledBy = "somebody@example.com"`},
	})
}

// TestNotAnObject: an entry of another type becomes a reject, whose reason holds no data.
func TestNotAnObject(t *testing.T) {
	for _, entry := range []string{`5`, `null`, `"jane@prospect.example"`, `[]`, `true`} {
		for _, j := range []transform.Reject{
			only(t, sessionRows, `{"sessions":[`+entry+`]}`).Rejects[0], only(t, demoRows, `{"sessions":[`+entry+`]}`).Rejects[0],
			only(t, userRows, `[`+entry+`]`).Rejects[0], only(t, contentRows, `[`+entry+`]`).Rejects[0],
			only(t, usageRows, `{"stats":{"by_user":[`+entry+`]}}`).Rejects[0],
		} {
			if j.Reason != "record: not an object" || string(j.JSON) != entry || j.Key != "" {
				t.Errorf("%s: %+v", entry, j)
			}
		}
	}
}
