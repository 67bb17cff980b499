package transform_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"wheelhouse/transform"
)

func TestEnded(t *testing.T) {
	const end = `"end_date":"2024-03-01T10:05:00Z"`
	const at = ".EndedAt = 2024-03-01T10:05:00Z"
	check(t, []rule{
		{"session", end, at + "\n.Ended = true"}, // as in 2020
		{"session", ``, ".EndedAt = NULL\n.Ended = false"},
		{"session", `"end_date":null`, ".EndedAt = NULL\n.Ended = false"},
		{"session", end + `,"session_ended":true`, at + "\n.Ended = true"}, // as in 2022
		{"session", end + `,"session_ended":"true"`, at + "\n.Ended = true"},
		{"session", end + `,"session_ended":false`, ".EndedAt = NULL\n.Ended = false"},
		{"session", end + `,"session_ended":null`, at + "\n.Ended = true"},
		{"session", `"session_ended":true`, ".EndedAt = NULL\n.Ended = true"},
		{"session", `"session_ended":false,"end_date":null`, ".EndedAt = NULL\n.Ended = false"},
		{"session", `"session_ended":"soon"`, "reject $.sessions[0] session_ended: text where true or false belongs"},
		{"session", `"end_time":"2024-03-01T10:05:00Z"`, at},
		{"session", `"end_time":"2024-03-01T11:05:00Z",` + end, at},
		{"session", `"start_date":null,"start_time":"2024-03-01T09:00:00Z"`, ".StartedAt = 2024-03-01T09:00:00Z"},
		{"session", `"start_time":"2024-03-01T09:00:00Z"`, ".StartedAt = 2024-03-01T10:00:00Z"},
	})
}

func TestViewerLocations(t *testing.T) {
	check(t, []rule{
		{"session", ``, ".ViewerLocations = NULL"},
		{"session", `"viewer_info":{}`, ".ViewerLocations = NULL"},
		{"session", `"viewer_info":{"locations":[]}`, ".ViewerLocations = []"},
		{"session", `"viewer_info":{"locations":["*","*"]}`, ".ViewerLocations = []"},
		{"session", `"viewer_info":{"locations":["Oslo","*","","Paris","Oslo",null,"a, b"]}`, `.ViewerLocations = ["Oslo" "Paris" "Oslo" "a, b"]`},
	})
}

func TestRecordings(t *testing.T) {
	for url, id := range map[string]string{
		"https://x.crankwheel.com/ss/api/company_content/37": "37", "https://x/ss/api/company_content/37/": "37", "https://x/c/37?a=5#6": "37", "37": "37",
		"https://x/c/abc": "NULL", "https://x/c/-5": "NULL", "https://x/c/+5": "NULL", "https://x/": "NULL", "://": "NULL", "https://x/c/99999999999999999999": "NULL",
	} {
		check(t, []rule{{"session", fmt.Sprintf(`"links":{"recording":%q}`, url), ".RecordingContentID = " + id + fmt.Sprintf("\n.RecordingURL = %q", url)}})
	}
}

func TestLogContents(t *testing.T) {
	for content, want := range map[string]string{
		"36|HLS recording":         `36 "HLS recording"`,
		"36|a|b||c|":               `36 "a|b||c|"`,
		"36|":                      "36 NULL",
		"36":                       "NULL NULL",
		"|name":                    "NULL NULL",
		"x|name":                   "NULL NULL",
		"-3|name":                  "NULL NULL",
		"3.5|name":                 "NULL NULL",
		" 3|name":                  "NULL NULL",
		"99999999999999999999|big": "NULL NULL",
	} {
		for _, kind := range []string{"projector", "screen", "new kind"} {
			id, name, _ := strings.Cut(want, " ")
			check(t, []rule{{"session", fmt.Sprintf(`"logs":[{"date":"2024-03-01T10:00:00Z","type":%q,"content":%q,"email":"X@y.is"}]`, kind, content),
				fmt.Sprintf(".Events[0].ContentID = %s\n.Events[0].ContentName = %s\n.Events[0].Content = %q\n.Events[0].Kind = %q\n.Events[0].AgentEmail = \"x@y.is\"",
					id, name, content, kind)}})
		}
	}
	check(t, []rule{{"session", `"logs":[{"date":"2024-03-01T10:00:00Z","content":""}]`, ".Events[0].Content = NULL\n.Events[0].Kind = NULL"}})
}

// TestABadEntryIsRejectedAlone: the record of a bad log or event is stored without it.
func TestABadEntryIsRejectedAlone(t *testing.T) {
	r := only(t, sessionRows, session(`"logs":[{"date":"2024-03-01T10:00:02Z"},{"type":"screen"},7,null,{"date":"x","content":"jane"},{"date":"2024-03-01T10:00:01Z","type":{}},{"date":"2024-03-01T10:00:01Z"}]`))
	if !r.OK || len(r.Row.Events) != 2 || r.Row.Events[1].Seq != 2 || r.Row.Events[1].OccurredAt.Second() != 2 {
		t.Fatalf("%+v", r)
	}
	want := []string{
		`$.sessions[0].logs[1] date: missing {"type": "screen"}`, `$.sessions[0].logs[2] record: log: a number where an object belongs 7`,
		`$.sessions[0].logs[3] record: not an object null`, `$.sessions[0].logs[4] date: text that is not a time {"date": "x", "content": "jane"}`,
		`$.sessions[0].logs[5] type: an object where a text belongs {"date": "2024-03-01T10:00:01Z", "type": {}}`,
	}
	var got []string
	for _, j := range r.Rejects {
		got = append(got, fmt.Sprintf("%s %s %s", j.Path, j.Reason, j.JSON))
	}
	if !slices.Equal(got, want) {
		t.Errorf("\n%s", strings.Join(got, "\n"))
	}
	c := only(t, contentRows, content(`"events":[{"name":"started","time":0},null,{"name":"ended","time":-1},{"name":"ended","time":"5"}]`))
	if !c.OK || len(c.Row.Events) != 2 || c.Row.Events[1].Seq != 2 || c.Row.Events[1].AtMS.V != 5 || len(c.Rejects) != 2 || c.Rejects[1].Path != "$[0].events[2]" {
		t.Errorf("%+v", c)
	}
}

// TestOrderDoesNotMatter: neither the order of members nor the order of logs changes a row.
func TestOrderDoesNotMatter(t *testing.T) {
	logs := []string{
		`{"date":"2024-03-01T10:00:03Z","type":"screen","content":""}`, `{"content":"1|a","type":"projector","date":"2024-03-01T10:00:01Z"}`,
		`{"date":"2024-03-01T10:00:01Z","type":"projector","content":"1|b","email":"z@b.is"}`, `{"date":"2024-03-01T10:00:01.000000Z","type":"projector","content":"1|b","email":"a@b.is"}`,
		`{"date":"2024-03-01T10:00:01Z","type":"projector","content":"1|b","email":"a@b.is","x":1}`,
	}
	members := []string{`"duration":5`, `"end_date":"2024-03-01T10:00:05Z"`, `"viewer_info":{"viewer_count":1,"max_viewer_count":2}`, `"x":{"a":1,"b":2}`}
	first := only(t, sessionRows, session(strings.Join(members, ",")+`,"logs":[`+strings.Join(logs, ",")+`]`))
	for range 6 {
		logs = append(logs[1:], logs[0])
		members = append(members[1:], members[0])
		slices.Reverse(logs[:3])
		again := only(t, sessionRows, session(`"logs":[`+strings.Join(logs, ",")+`],`+strings.Join(members, ",")))
		if !reflect.DeepEqual(first, again) {
			t.Errorf("\n%+v\n%+v", first, again)
		}
	}
	for i, e := range first.Row.Events {
		if e.Seq != int32(i+1) || i > 0 && e.OccurredAt.Before(first.Row.Events[i-1].OccurredAt) {
			t.Errorf("%+v", first.Row.Events)
		}
	}
}

// wantSessionID was computed without this code.
const wantSessionID = "018df974d500851a9dd9152c68e2d6f8"

func TestSessionID(t *testing.T) {
	start := time.Date(2024, 3, 1, 10, 0, 0, 0, time.UTC)
	id := transform.SessionID("default", "a@b.is", start, 1)
	// The id must never change: with another id, every stored session would become a new one.
	if got := fmt.Sprintf("%x", id); got != wantSessionID {
		t.Errorf("%s, want %s", got, wantSessionID)
	}
	if id[6]>>4 != 8 || id[8]>>6 != 2 {
		t.Errorf("version %d, variant %b", id[6]>>4, id[8]>>6)
	}
	if same := transform.SessionID("default", "a@b.is", start.In(time.FixedZone("", 3600)), 1); same != id {
		t.Error("the zone makes another id")
	}
	seen := map[[16]byte]bool{id: true}
	for _, other := range [][16]byte{
		transform.SessionID("other", "a@b.is", start, 1), transform.SessionID("default", "b@b.is", start, 1), transform.SessionID("default", "a@b.is", start, 2),
		transform.SessionID("default", "a@b.is", start.Add(time.Second), 1), transform.SessionID("defaulta", "@b.is", start, 1),
		transform.SessionID("default", "a@b.is", start, 11), transform.SessionID("default", "a@b.is1", start, 1),
	} {
		if seen[other] {
			t.Errorf("%x twice", other)
		}
		seen[other] = true
	}
}

func TestSessionIDsAreInOrderOfStart(t *testing.T) {
	var last [16]byte
	for i, at := range []string{"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.001Z", "2000-01-01T00:00:00Z", "2024-03-01T09:59:59.999Z", "2024-03-01T10:00:00Z", "9999-12-31T23:59:59Z"} {
		start, err := time.Parse(time.RFC3339Nano, at)
		if err != nil {
			t.Fatal(err)
		}
		for occurrence := range 5 {
			id := transform.SessionID(fmt.Sprint(i), "a@b.is", start, occurrence)
			if bytes.Compare(id[:6], last[:6]) < 0 {
				t.Errorf("%s: %x before %x", at, id, last)
			}
			last = id
		}
	}
}
