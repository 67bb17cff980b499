package transform_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestRejects: a reject keeps the record as sent, has the key of the record's row, and has the same hash in every load.
func TestRejects(t *testing.T) {
	r := only(t, sessionRows, `{"sessions":[{"start_date":"2024-03-01T10:00:00Z","duration":-1,"email":"A@b.is","x":"\u0000\ud800"}]}`).Rejects[0]
	if r.Path != "$.sessions[0]" || r.Key != "a@b.is 1709287200" || r.Text != "" {
		t.Errorf("%+v", r)
	}
	if want := "{\"x\": \"\ufffd\", \"email\": \"A@b.is\", \"duration\": -1, \"start_date\": \"2024-03-01T10:00:00Z\"}"; string(r.JSON) != want {
		t.Errorf("%s", r.JSON)
	}
	same := only(t, sessionRows, `{"sessions":[ {"x":"\u0000\ud800" ,"duration":-1, "email":"A@b.is","start_date":"2024-03-01T10:00:00Z"}]}`).Rejects[0]
	if same.Hash != r.Hash {
		t.Error("the order of members changes the hash")
	}
	other := only(t, sessionRows, `{"sessions":[{"start_date":"2024-03-01T10:00:00Z","duration":-2,"email":"A@b.is"}]}`).Rejects[0]
	if other.Hash == r.Hash || other.Key != r.Key {
		t.Error("another record has the same hash, or another key")
	}
}

func TestRejectKeys(t *testing.T) {
	for body, want := range map[string]string{
		`{"id":7,"start_ts":"x"}`: "7", `{"id":"7","start_ts":null}`: "7", `{"id":"x","start_ts":"2024-03-01T10:00:00"}`: "", `{}`: "",
	} {
		if got := only(t, demoRows, `{"sessions":[`+body+`]}`).Rejects[0].Key; got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
	for body, want := range map[string]string{
		`{"email":"a@b.is","start_date":"x"}`: "", `{"email":5.5,"start_date":"2024-03-01T10:00:00.9Z","duration":"x"}`: "5.5 1709287200",
		`{"start_date":"2024-03-01T10:00:00Z"}`: "",
	} {
		if got := only(t, sessionRows, `{"sessions":[`+body+`]}`).Rejects[0].Key; got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

// TestTooDeepForJSONB: a record that nests too deep for jsonb is kept as text.
func TestTooDeepForJSONB(t *testing.T) {
	deep := `{"email":` + strings.Repeat("[", 70) + "\"\xff\\u0000\"" + strings.Repeat("]", 70) + `,"start_date":"2024-03-01T10:00:00Z"}`
	r := only(t, sessionRows, `{"sessions":[`+deep+`]}`).Rejects[0]
	if r.JSON != nil || !strings.Contains(r.Text, "\ufffd\\u0000") || r.Reason != "email: an array where a text belongs" {
		t.Errorf("%+v", r)
	}
}

// TestOneBadRecordLeavesTheOthers: the other records become rows, and the paths name the bad ones.
func TestOneBadRecordLeavesTheOthers(t *testing.T) {
	all, err := userRows([]byte(`[{"email":"a@b.is"},{"email":null},{"email":"c@b.is"},7,{"email":"d@b.is"}]`))
	if err != nil || len(all) != 5 {
		t.Fatal(all, err)
	}
	for i, path := range []string{"", "$[1]", "", "$[3]", ""} {
		if all[i].OK != (path == "") || path != "" && all[i].Rejects[0].Path != path {
			t.Errorf("%d: %+v", i, all[i])
		}
	}
}

// TestReasonsHoldNoData: a reason names members and types, never values.
func TestReasonsHoldNoData(t *testing.T) {
	const jane = `"jane@prospect.example"`
	for _, body := range []string{
		`{"id":` + jane + `}`, `{"id":7,"start_ts":` + jane + `}`, `{"id":7,"start_ts":"2024-03-01T10:00:00","seconds_to_respond":` + jane + `}`,
		`{"id":7,"start_ts":"2024-03-01T10:00:00","prospect_info":` + jane + `}`,
		`{"id":7,"start_ts":"2024-03-01T10:00:00","prospect_info":{"prospect-email":{"x":` + jane + `}}}`,
	} {
		r := only(t, demoRows, `{"sessions":[`+body+`]}`)
		if r.OK || strings.Contains(r.Rejects[0].Reason+r.Rejects[0].Path+r.Rejects[0].Key, "jane") || !json.Valid(r.Rejects[0].JSON) {
			t.Errorf("%s: %+v", body, r.Rejects)
		}
	}
}
