package pipeline

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"wheelhouse/extract"
)

// unusualValue is a record with an unusual value. The record becomes a row or a reject, and the record beside it loads.
type unusualValue struct {
	name, stream, record string
	column, want         string // a column of the row, and its value
	reason               string // of the reject; "" if there is a row
}

// frames are answers around a record, each with a good record beside it, and where to find the row.
var frames = map[string]struct{ frame, table string }{
	"demo_usage":   {`{"sessions":[{"id":1,"start_ts":"2026-03-10T09:00:00"},%s],"total_canceled_requests":0}`, "demo_requests WHERE demo_id <> 1"},
	"usage_new":    {`{"sessions":[{"email":"good@x.com","start_date":"2026-03-10T09:00:00Z"},%s]}`, "screen_sessions WHERE agent_email <> 'good@x.com'"},
	"usage_shares": {`{"stats":{"by_user":[{"email":"good@x.com","shares_count":1,"plays_count":1},%s]}}`, "share_usage_daily WHERE agent_email <> 'good@x.com'"},
	"user_access":  {`[{"email":"good@x.com"},%s]`, "users WHERE email <> 'good@x.com'"},
	"share_details": {`{"shares":[{"id":"good","created_at":"2026-03-10T09:00:00Z"},%s]}`,
		"share_details WHERE slug <> 'good'"},
}

func unusualValues() []unusualValue {
	demo := func(more string) string { return `{"id":2,"start_ts":"2026-03-10T10:00:00",` + more + `}` }
	session := func(more string) string {
		return `{"email":"b@x.com","start_date":"2026-03-10T10:00:00Z",` + more + `}`
	}
	long, key := strings.Repeat("x", 1<<20+5), strings.Repeat("k", 600)
	const utc = "(started_at AT TIME ZONE 'UTC')::text"
	const event = "(last_event_at AT TIME ZONE 'UTC')::text"
	return []unusualValue{
		{"no zone", "demo_usage", demo(`"last_event_ts":"2026-03-10T10:00:00.5"`), event, "2026-03-10 10:00:00.5", ""},
		{"an offset", "demo_usage", demo(`"last_event_ts":"2026-03-10T10:00:00+02:00"`), event, "2026-03-10 08:00:00", ""},
		{"more digits", "demo_usage", demo(`"last_event_ts":"2026-03-10T10:00:00.123456789Z"`), event, "2026-03-10 10:00:00.123456", ""},
		{"an impossible date", "demo_usage", demo(`"last_event_ts":"2026-02-30T10:00:00"`), "", "", "last_event_ts: text that is not a time"},
		{"the year 1", "usage_new", `{"email":"b@x.com","start_date":"0001-01-01T00:00:00Z"}`, "", "", "start_date: a time outside the years 1970 to 9999"},
		{"now", "demo_usage", demo(`"last_event_ts":"now"`), "", "", "last_event_ts: text that is not a time"},
		{"the last moment", "usage_new", session(`"end_date":"9999-12-31T23:59:59.999999Z"`), "(ended_at AT TIME ZONE 'UTC')::text", "9999-12-31 23:59:59.999999", ""},
		{"a number as text", "usage_new", session(`"duration":"53"`), "duration_seconds", "53", ""},
		{"an integral float", "usage_new", session(`"duration":53.0`), "duration_seconds", "53", ""},
		{"a boolean as text", "demo_usage", demo(`"screenshared":"True"`), "screenshared", "true", ""},
		{"a number where a text belongs", "share_details", `{"id":5,"created_at":"2026-03-10T10:00:00Z"}`, "slug", "5", ""},
		{"a fraction", "usage_new", session(`"duration":53.5`), "", "", "duration: a fraction where a whole number belongs"},
		{"more than an integer", "usage_new", session(`"duration":2147483648`), "", "", "duration: a number too large"},
		{"more than any integer", "demo_usage", `{"id":99999999999999999999,"start_ts":"2026-03-10T10:00:00"}`, "", "", "id: a number too large"},
		{"more than a float", "usage_new", session(`"duration":1e999`), "", "", "duration: a number too large"},
		{"a negative duration", "usage_new", session(`"duration":-1`), "", "", "duration: a negative number"},
		{"a negative count", "usage_shares", `{"email":"b@x.com","shares_count":-1,"plays_count":1}`, "", "", "shares_count: a negative number"},
		{"null for an object", "usage_new", session(`"viewer_info":null,"links":null,"logs":null`), "viewers IS NULL AND recording_url IS NULL", "true", ""},
		{"null for the questions", "demo_usage", demo(`"prospect_info":null`), "prospect_name IS NULL", "true", ""},
		{"an array for an object", "usage_new", session(`"viewer_info":[]`), "", "", "record: viewer_info: an array where an object belongs"},
		{"a record that is none", "user_access", `"b@x.com"`, "", "", "record: not an object"},
		{"an unknown word", "demo_usage", demo(`"availability_bucket":"double_capacity"`), "availability_bucket", "double_capacity", ""},
		{"an unknown member", "demo_usage", demo(`"mood":{"b":1,"a":[2]}`), "extra::text", `{"mood": {"a": [2], "b": 1}}`, ""},
		{"U+0000", "demo_usage", demo(`"prospect_info":{"prospect-name":"a\u0000b"},"\u0000m":"\u0000"`), "prospect_name || extra::text", `ab{"m": ""}`, ""},
		{"a lone surrogate", "demo_usage", demo(`"prospect_info":{"prospect-name":"a\ud800b"}`), "prospect_name", "a\ufffdb", ""},
		{"invalid UTF-8", "demo_usage", demo("\"prospect_info\":{\"prospect-name\":\"a\xffb\"}"), "prospect_name", "a\ufffdb", ""},
		{"a very long text", "demo_usage", demo(`"prospect_info":{"prospect-name":"` + long + `"}`), "length(prospect_name) || extra::text",
			`1048576{"_cut": {"prospect_info.prospect-name": 1048581}}`, ""},
		{"a very long key", "usage_new", `{"email":"` + key + `","start_date":"2026-03-10T10:00:00Z"}`, "", "", "email: longer than 512 bytes"},
		{"equal members", "usage_new", session(`"duration":1,"viewer_info":{"viewer_count":1,"viewer_count":2},"duration":3`), "duration_seconds || ',' || viewers", "3,2", ""},
		{"an equal key", "usage_new", session(`"start_date":"2026-03-10T11:00:00Z"`), utc, "2026-03-10 11:00:00", ""},
	}
}

func TestUnusualValues(t *testing.T) {
	t.Parallel()
	b := newBench(t, http.NotFoundHandler(), mayDay, nil)
	for i, v := range unusualValues() {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			s := b.scene(t, fmt.Sprint("value-", i), extract.Config{})
			of := frames[v.stream]
			s.api.plays(says(fmt.Sprintf(of.frame, v.record)))
			n := s.mustRun(s.day("2026-03-10"), v.stream).Counts
			rejects := strings.Join(s.lines(`SELECT reason FROM wheelhouse.rejects WHERE account_id = $1`, s.account.ID), "; ")
			if v.reason != "" {
				if n.Inserted != 1 || n.Rejected != 1 || rejects != v.reason {
					t.Errorf("%+v, rejects: %s, want %s", n, rejects, v.reason)
				}
				return
			}
			if n.Inserted != 2 || n.Rejected != 0 {
				t.Fatalf("%+v, rejects: %s", n, rejects)
			}
			s.want(v.want, "SELECT "+v.column+" FROM crankwheel."+of.table+" AND account_id = $1", s.account.ID)
		})
	}
}
