package extract_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"wheelhouse/extract"
	"wheelhouse/transform"
)

// Each fuzz target decodes and normalises a record of arbitrary bytes. Nothing panics. Every record becomes either a row or a
// reject. Rows and rejects can be stored in Postgres, and are the same when the record is read again. The targets are in
// this package because transform cannot reach the decoders without a server.

type outcome[R any] struct {
	row     R
	ok      bool
	rejects []transform.Reject
}

// fuzz runs one stream's target. Its seeds are records of a recorded answer, the given ones, and a few malformed ones.
func fuzz[E, R any](f *testing.F, recording string, decode func([]byte, func(extract.Record[E]) error) error,
	normalise func(extract.Record[E]) (R, bool, []transform.Reject), seeds ...string) {
	var answer any
	if err := json.Unmarshal(recorded(f, recording), &answer); err != nil {
		f.Fatal(err)
	}
	for i, record := range recordsIn(answer) {
		if seed, err := json.Marshal(record); err == nil && i < 5 {
			f.Add(seed)
		}
	}
	for _, seed := range append(seeds, `{}`, `null`, `"x"`, `{"a\u0000":"\ud800","a":[{"b":1e999,"b":null}],"x":`+"\"\xff\"}") {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		read := func() (all []outcome[R], err error) {
			err = decode(slices.Concat([]byte("["), record, []byte("]")), func(rec extract.Record[E]) error {
				row, ok, rejects := normalise(rec)
				all = append(all, outcome[R]{row, ok, rejects})
				return nil
			})
			return all, err
		}
		all, err := read()
		if err == nil && !json.Valid([]byte(strings.ToValidUTF8("["+string(record)+"]", "?"))) {
			t.Fatal("invalid JSON was accepted")
		}
		for _, o := range all {
			mustBeOneOrTheOther(t, o.ok, o.rejects)
			if o.ok {
				mustStore(t, "row", reflect.ValueOf(o.row))
			}
		}
		if again, _ := read(); !reflect.DeepEqual(again, all) {
			t.Fatal("the same record gives another row")
		}
	})
}

// recordsIn finds the first array of objects in an answer.
func recordsIn(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case map[string]any:
		for _, name := range []string{"sessions", "data", "shares", "stats", "by_user"} {
			if rows := recordsIn(v[name]); rows != nil {
				return rows
			}
		}
	}
	return nil
}

func mustBeOneOrTheOther(t *testing.T, ok bool, rejects []transform.Reject) {
	if !ok && len(rejects) != 1 {
		t.Fatalf("neither a row nor a reject: %+v", rejects)
	}
	for _, j := range rejects {
		if j.Path == "" || j.Reason == "" || (j.JSON == nil) == (j.Text == "") {
			t.Fatalf("%+v", j)
		}
		mustStore(t, "reject", reflect.ValueOf(j))
	}
}

// holdsNUL tells whether a string in valid JSON has U+0000, which jsonb refuses. In \\u0000, the backslash is escaped: that is
// not U+0000.
func holdsNUL(text []byte) bool {
	return strings.Contains(strings.ReplaceAll(string(text), `\\`, ""), `\u0000`)
}

func TestHoldsNUL(t *testing.T) {
	for text, want := range map[string]bool{
		`"\u0000"`: true, `{"a\\\u0000":1}`: true, `["\n\u0000"]`: true, `"\"\\\"\u0000"`: true,
		`"\\u0000"`: false, `{"\\\\u0000":1}`: false, `"\u0001"`: false, `"\\\\", "u0000"`: false, `""`: false,
	} {
		if got := holdsNUL([]byte(text)); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}

// mustStore checks that Postgres can store each field of a row: texts are valid UTF-8 without U+0000 and not too long, JSON fits
// jsonb, times are in the years that a session's id can hold, and numbers are finite. An empty text must be NULL.
func mustStore(t *testing.T, path string, v reflect.Value) {
	switch at := v.Interface().(type) {
	case time.Time:
		if y := at.Year(); !at.IsZero() && (y < 1970 || y > 9999 || at.Nanosecond()%1000 != 0 || at.Location() != time.UTC) {
			t.Fatalf("%s: %s", path, at)
		}
		return
	case []byte:
		if at != nil && (!json.Valid(at) || !utf8.Valid(at) || holdsNUL(at)) {
			t.Fatalf("%s: %q", path, at)
		}
		return
	case string:
		if !utf8.ValidString(at) || strings.Contains(at, "\x00") || path != "reject.Text" && len(at) > 1<<20 {
			t.Fatalf("%s: %.100q", path, at)
		}
		return
	case float64:
		if math.IsNaN(at) || math.IsInf(at, 0) {
			t.Fatalf("%s: %v", path, at)
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		if strings.HasPrefix(v.Type().Name(), "Null[") && v.Field(1).Bool() && v.Field(0).Kind() == reflect.String && v.Field(0).Len() == 0 {
			t.Fatalf("%s: an empty text that is not NULL", path)
		}
		for i := range v.NumField() {
			mustStore(t, path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			mustStore(t, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	}
}

func FuzzDemoUsage(f *testing.F) {
	fuzz(f, "demo_usage", extract.DecodeDemoRequests, transform.DemoUsage,
		`{"id":"7","start_ts":"2024-03-01 10:00:00","prospect_info":{"prospect-\ud800":{"a":1},"prospect-name":" \u0000 ","x":1},"seconds_to_respond":1e2}`,
		`{"id":7,"start_ts":"2024-03-01 10:00:00","\\u0000":"\\u0000","prospect_info":{"\\u0000":1,"prospect-x":{"\\u0000":1}}}`,
		`{"id":7,"start_ts":"2024-03-0x 10:00:00","\\u0000":1}`)
}

func FuzzUsageNew(f *testing.F) {
	fuzz(f, "usage_new.2", extract.DecodeSessions, transform.UsageNew,
		`{"email":"a","start_time":"2024-03-01T10:00:00+01","logs":[{"date":"x"},null,{"date":"2024-03-01T10:00:00Z","content":"9|\u0000"}],"logs":7}`,
		`{"email":"a","start_date":"2024-03-01T10:00:00Z","viewer_info":{"locations":["*",5,{}],"x":1},"links":{"recording":"/5"},"duration":-1}`)
}

func FuzzUsageShares(f *testing.F) {
	fuzz(f, "usage_shares.2", extract.DecodeShareUsages, transform.UsageShares, `{"email":5,"shares_count":"1","plays_count":2.0}`)
}

func FuzzShares(f *testing.F) {
	fuzz(f, "company_content.shares", extract.DecodeShares, transform.Shares, `{"slug":"s","visits":"5","avg_percent_watched":"0.5"}`)
}

func FuzzShareVisits(f *testing.F) {
	fuzz(f, "company_content.shares.slug", extract.DecodeShareVisits, transform.ShareVisits, `{"visit_id":5,"watch_time_sec":"1.5"}`)
}

func FuzzShareDetails(f *testing.F) {
	fuzz(f, "share_details", extract.DecodeShareDetails, transform.ShareDetails, `{"id":"s","created_at":"2024-03-01T10:00:00Z","content_runtime":"99:59:59"}`)
}

func FuzzUserAccess(f *testing.F) {
	fuzz(f, "user_access", extract.DecodeUsers, transform.UserAccess, `{"email":"a","in_demo_pool":"n/a"}`)
}

func FuzzCompanyContent(f *testing.F) {
	fuzz(f, "company_content", extract.DecodeContents, transform.CompanyContent, `{"id":7,"events":[{"time":"5"},7,null],"runtime_ms":1e3}`)
}
