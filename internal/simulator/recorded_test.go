package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// shapeOf adds each path of a JSON value to seen, with its type: "sessions[].logs[].type string".
func shapeOf(v any, path string, seen map[string]bool) {
	kind := ""
	switch v := v.(type) {
	case map[string]any:
		kind = "object"
		for key, x := range v {
			if strings.Contains(key, "@") { // user_stats: a key that is data
				key = "<email>"
			}
			shapeOf(x, path+"."+key, seen)
		}
	case []any:
		kind = "array"
		for _, x := range v {
			shapeOf(x, path+"[]", seen)
		}
	case string:
		kind = "string"
		if len(v) > 15 && v[4] == '-' && v[10] == 'T' { // the layout of a timestamp belongs to the shape
			kind = strings.Map(func(r rune) rune {
				if r >= '0' && r <= '9' {
					return '0'
				}
				return r
			}, v)
		}
	case nil:
		kind = "null"
	default:
		kind = fmt.Sprintf("%T", v)
	}
	seen[path+" "+kind] = true
}

func mustShape(t *testing.T, body []byte) map[string]bool {
	t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	shapeOf(v, "$", seen)
	return seen
}

// Every endpoint has all keys and types of its recorded answer, and no others but those that the documentation names.
func TestEndpointsHaveTheRecordedShape(t *testing.T) {
	half := query(jan1, july)
	s := account()
	old := account(func(o *Options) { o.Shape = Shape2020 })
	active := mustGet[struct{ Data []struct{ Slug string } }](t, s, "company_content/shares"+half)
	var content Content
	for d := range s.Days(jan1, july) {
		for _, c := range d.Contents {
			if c.Type == "recording" && len(c.Events) > 0 {
				content = c
			}
		}
	}
	prospects := []string{}
	for _, key := range []string{"shoesize", "team-size", "current_tool", "utm-source", "utm-medium", "utm-campaign",
		"utm-term", "utm-content"} {
		prospects = append(prospects, "$.sessions[].prospect_info.prospect-"+key+" string")
	}
	for _, c := range []struct {
		file, path string
		sim        *Simulator
		also       []string
	}{
		{"usage_new.1", "usage_new" + half, old, nil},
		{"usage_new.2", "usage_new" + half, s, nil},
		{"demo_usage", "demo_usage" + half, s, prospects},
		{"usage_shares.1", "usage_shares" + half, s, nil},
		{"usage_shares.2", "usage_shares" + half + "&include_all_users=true", s, nil},
		{"company_content.shares", "company_content/shares" + half, s, []string{"$.data[].segment string"}},
		{"company_content.shares.slug", "company_content/shares/" + active.Data[0].Slug, s, []string{"$.segment string"}},
		{"share_details", "share_details" + half, s,
			[]string{"$.shares[].content_created_by null", "$.shares[].content_recorded_at null"}},
		{"user_access", "user_access", s, nil},
		{"demo_info", "demo_info", s, nil},
		{"user_access.email", "user_access/" + s.Users()[2].Email, s, nil},
		{"company_content", "company_content" + half, s, nil},
		{"company_content.id", fmt.Sprint("company_content/", content.ID), s, nil},
	} {
		t.Run(c.file, func(t *testing.T) {
			recorded, err := os.ReadFile("testdata/" + c.file + ".json")
			if err != nil {
				t.Fatal(err)
			}
			want, got := mustShape(t, recorded), mustShape(t, ask(c.sim, c.path).Body.Bytes())
			for _, x := range slices.Sorted(maps.Keys(want)) {
				if !got[x] {
					t.Errorf("recorded, never simulated: %s", x)
				}
			}
			for _, x := range slices.Sorted(maps.Keys(got)) {
				if !want[x] && !slices.Contains(c.also, x) {
					t.Errorf("simulated, neither recorded nor documented: %s", x)
				}
			}
		})
	}
}

func TestShapeOptionsChangeAnswers(t *testing.T) {
	noon := time.Date(2024, 3, 5, 15, 30, 0, 0, time.UTC)
	day := query(noon.AddDate(0, 0, -1), noon)
	for _, c := range []struct {
		name, path, form string
		shape            Shape
	}{
		{"handled_by absent", "demo_usage" + day, `"id":`, Shape{HandledByAbsent: true}},
		{"pool null", "user_access", `"in_demo_pool":null`, Shape{PoolNull: true}},
		{"no zero fraction", "usage_new" + day, `:00Z"`, Shape{NoZeroFraction: true}},
		{"end null", "usage_new" + day, `"end_date":null,"end_time":null`, Shape{}},
		{"end absent", "usage_new" + day, `@acme.example","logs"`, Shape{RunningEnd: EndAbsent}},
		{"end so far", "usage_new" + day, `"end_date":"2024-03-05T15:30:00.000000Z"`, Shape{RunningEnd: EndSoFar}},
		{"2020, end absent", "usage_new" + day, `"logs":[],"email"`, Shape2020},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := account(at(noon), func(o *Options) { o.Shape = c.shape })
			body := ask(s, c.path).Body.String()
			if !strings.Contains(body, c.form) {
				t.Errorf("no %s in %.300s", c.form, body)
			}
			if c.shape.HandledByAbsent && strings.Contains(body, `"handled_by":"none"`) {
				t.Error(`"none" still occurs`)
			}
			if c.shape.PoolNull && strings.Contains(body, `"in_demo_pool":false`) {
				t.Error("false still occurs")
			}
		})
	}
}
