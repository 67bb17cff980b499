package transform_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTextsPostgresCannotHold(t *testing.T) {
	for sent, want := range map[string]string{
		`"a\u0000b"`: "ab", `"\u0000"`: "NULL", `"\ud800"`: "\ufffd", `"x\udc00y"`: "x\ufffdy", `"\ud83d\ude00"`: "😀", `"\ude00\ud83d"`: "\ufffd\ufffd",
		"\"\xff\"": "\ufffd", "\"a\xc3\"": "a\ufffd", "\"\xed\xa0\x80\"": "\ufffd\ufffd\ufffd", `"\u202e"`: "\u202e", `"é"`: "é",
		`"null"`: "null", `"never"`: "never", `" kept "`: " kept ", `"\n"`: "\n",
	} {
		line := want
		if want != "NULL" {
			line = fmt.Sprintf("%q", want)
		}
		check(t, []rule{
			{"share", `"content_name":` + sent, ".ContentName = " + line},
			{"content", `"tag":` + sent, ".Tag = " + line},
			{"session", `"links":{"recording":` + sent + `}`, ".RecordingURL = " + line},
		})
	}
	check(t, []rule{
		{"demo", `"prospect_info":{"prospect-name":"J\u0000\ud800"}`, ".Prospect.Name = \"J\ufffd\""},
		{"demo", "\"prospect_info\":{\"prospect-sh\xffoe\\u0000\":\"4\xff2\"}", ".Answers[0].Question = \"sh\ufffdoe\"\n.Answers[0].Answer = \"4\ufffd2\""},
		{"session", "\"viewer_info\":{\"locations\":[\"\xff\",\"\\u0000\",\"Oslo\"]}", ".ViewerLocations = [\"\ufffd\" \"Oslo\"]"},
		{"user", "\"x\\u0000\xff\":\"\\u0000\\ud800\"", ".Extra = {\"x\ufffd\": \"\ufffd\"}"},
		{"user", "\"email\":\"\\u0000A\xff@b.is\"", ".Email = \"a\ufffd@b.is\""},
	})
}

func TestLongTextsAreCutAndNoted(t *testing.T) {
	const limit = 1 << 20
	name := func(text string) string { return `"content_name":"` + text + `"` }
	fits := only(t, shareRows, share(name(strings.Repeat("x", limit)))).Row
	if len(fits.ContentName.V) != limit || fits.Extra != nil {
		t.Errorf("%d bytes, extra %s", len(fits.ContentName.V), fits.Extra)
	}
	cut := only(t, shareRows, share(name(strings.Repeat("x", limit+1))+`,"new":1`)).Row
	if len(cut.ContentName.V) != limit || string(cut.Extra) != `{"new": 1, "_cut": {"content_name": 1048577}}` {
		t.Errorf("%d bytes, extra %s", len(cut.ContentName.V), cut.Extra)
	}
	own := only(t, shareRows, share(name(strings.Repeat("x", limit+1))+`,"_cut":"own"`)).Row // a member of the API
	if string(own.Extra) != `{"_cut": "own", "__cut": {"content_name": 1048577}}` {
		t.Errorf("extra %s", own.Extra)
	}
	for _, before := range []string{"", "x", "xx", "xxx"} { // never in the middle of a character
		row := only(t, shareRows, share(name(before+strings.Repeat("😀", limit/4+1)))).Row
		if s := row.ContentName.V; !utf8.ValidString(s) || len(s) > limit || len(s) < limit-3 || !strings.HasSuffix(s, "😀") {
			t.Errorf("cut to %d bytes", len(s))
		}
	}
	log := `"logs":[{"date":"2024-03-01T10:00:00Z","content":"36|` + strings.Repeat("x", limit) + `"}]`
	row := only(t, sessionRows, session(log)).Row
	if e := row.Events[0]; len(e.Content.V) != limit || len(e.ContentName.V) != limit-3 || string(e.Extra) != `{"_cut": {"content": 1048579}}` || row.Extra != nil {
		t.Errorf("%d, %s, %s", len(e.Content.V), e.Extra, row.Extra)
	}
	answer := only(t, demoRows, demo(`"prospect_info":{"prospect-why":"`+strings.Repeat("x", limit+9)+`"}`)).Row
	if a := answer.Answers[0].Answer.V; len(a) != limit || string(answer.Extra) != `{"_cut": {"prospect_info.prospect-why": 1048585}}` {
		t.Errorf("%d, %s", len(a), answer.Extra)
	}
}

// TestUnknownMembersAreKept: unknown members of a nested object are kept under the object's name.
func TestUnknownMembersAreKept(t *testing.T) {
	check(t, []rule{
		{"demo", `"zeta":[1,{"b":2,"a":1}],"alpha":null`, `.Extra = {"zeta": [1, {"a": 1, "b": 2}], "alpha": null}`},
		{"demo", `"ID":3,"prospect_info":{"other":{"x":1.50},"Prospect-name":"J","prospect-":"e","prospect-name":"K"}`,
			`.Extra = {"ID": 3, "prospect_info": {"other": {"x": 1.50}, "prospect-": "e", "Prospect-name": "J"}}` + "\n.Prospect.Name = \"K\""},
		{"session", `"viewer_info":{"max_viewer_count":3,"cities":["Oslo"]},"links":{"recording":"r","transcript":"t"}`,
			`.Extra = {"links": {"transcript": "t"}, "viewer_info": {"cities": ["Oslo"]}}` + "\n.MaxViewers = 3\n.RecordingURL = \"r\""},
		{"session", `"viewer_info":{"x":1},"viewer_info":{"y":2}`, `.Extra = {"viewer_info": {"y": 2}}`},
		{"session", `"viewer_info":{"x":1},"viewer_info":null`, `.Extra = NULL`},
		{"session", `"logs":[{"date":"2024-03-01T10:00:00Z","pointer":{"x":1}}]`, `.Events[0].Extra = {"pointer": {"x": 1}}` + "\n.Extra = NULL"},
		{"content", `"events":[{"name":"started","time":0,"by":"x"}],"size":1e3`, `.Events[0].Extra = {"by": "x"}` + "\n" + `.Extra = {"size": 1000}`},
		{"share", `"x":1e9999`, `.Extra = {"x": "1e9999"}`}, {"detail", `"x":{}`, `.Extra = {"x": {}}`}, {"usage", `"x":""`, `.Extra = {"x": ""}`},
		{"user", `"x":"a\u0000b"`, `.Extra = {"x": "ab"}`}, {"visit", `"x":false`, `.Extra = {"x": false}`},
		{"user", `"x":1,"x":2,"\u0078":3`, `.Extra = {"x": 3}`}, {"user", `"_cut":5`, `.Extra = {"_cut": 5}`},
	})
}

// TestTheLastOfEqualMembersWins: it does not matter what the members before were.
func TestTheLastOfEqualMembersWins(t *testing.T) {
	const log, log2 = `{"date":"2024-03-01T10:00:00Z","type":"a"}`, `{"date":"x","date":"2024-03-01T10:00:01Z","type":"b"}`
	check(t, []rule{
		{"session", `"duration":"x","duration":5`, ".DurationSeconds = 5"},
		{"session", `"duration":5,"duration":"x"`, "reject $.sessions[0] duration: text where a number belongs"},
		{"session", `"duration":5,"duration":null`, ".DurationSeconds = NULL"},
		{"session", `"email":"c@b.is","e\u006dail":"d@b.is"`, `.AgentEmail = "d@b.is"`},
		{"session", `"logs":[` + log + `],"logs":[` + log2 + `]`, `.Events[0].Kind = "b"` + "\n.Events[0].Seq = 1"},
		{"session", `"logs":5,"logs":[` + log + `]`, `.Events[0].Kind = "a"`},
		{"session", `"logs":[],"logs":5`, "reject $.sessions[0] record: logs: a number where an array belongs"},
		{"session", `"logs":5,"viewer_info":6,"logs":[]`, "reject $.sessions[0] record: viewer_info: a number where an object belongs"},
		{"session", `"links":5,"links":{"recording":"r"}`, `.RecordingURL = "r"`},
		{"session", `"links":{"recording":"r"},"links":{}`, `.RecordingURL = NULL`},
		{"session", `"viewer_info":{"max_viewer_count":1,"viewer_count":1,"locations":["Oslo"]},"viewer_info":{"viewer_count":2}`,
			".MaxViewers = NULL\n.Viewers = 2\n.ViewerLocations = NULL"},
		{"session", `"viewer_info":{"locations":[{}]},"viewer_info":{}`, ".ViewerLocations = NULL"},
		{"session", `"viewer_info":{"locations":5,"locations":["Oslo"]}`, `.ViewerLocations = ["Oslo"]`},
		{"demo", `"prospect_info":{"prospect-name":"a","prospect-name":"b"}`, `.Prospect.Name = "b"`},
		{"demo", `"prospect_info":{"prospect-q":"a","prospect-r":"x","prospect-q":null}`, ".Answers[0].Question = \"q\"\n.Answers[0].Answer = NULL\n.Answers[1].Question = \"r\""},
		{"demo", `"prospect_info":{"prospect-name":"a","y":1},"prospect_info":{"prospect-email":"b"}`, ".Prospect.Name = NULL\n.Prospect.Email = \"b\"\n.Extra = NULL"},
		{"demo", `"prospect_info":7,"prospect_info":{}`, ".DemoID = 7"},
		{"content", `"events":[{"name":"a"},{"name":"b"}],"events":[{"name":"c","name":"d"}]`, ".Events[0].Name = \"d\"\n.Events[0].Seq = 1"},
		{"content", `"events":"x","events":null`, ".ContentID = 7"},
		{"share", `"slug":"t","slug":"u"`, `.Slug = "u"`},
	})
}

func TestNullForAnObject(t *testing.T) {
	check(t, []rule{
		{"session", `"viewer_info":null,"links":null,"logs":null`, ".MaxViewers = NULL\n.RecordingURL = NULL\n.ViewerLocations = NULL"},
		{"session", `"viewer_info":{"locations":null}`, ".ViewerLocations = NULL"},
		{"session", `"viewer_info":[]`, "reject $.sessions[0] record: viewer_info: an array where an object belongs"},
		{"session", `"viewer_info":{"locations":"Oslo"}`, "reject $.sessions[0] record: viewer_info.locations: a string where an array belongs"},
		{"session", `"viewer_info":{"locations":["Oslo",{}]}`, "reject $.sessions[0] record: viewer_info.locations: an object where a text belongs"},
		{"demo", `"prospect_info":null`, ".Prospect.Name = NULL"},
		{"demo", `"prospect_info":"x"`, "reject $.sessions[0] record: prospect_info: a string where an object belongs"},
		{"content", `"events":null`, ".ContentID = 7"},
		{"content", `"events":{}`, "reject $[0] record: events: an object where an array belongs"},
	})
}
