package extract_test

import (
	"net/http"
	"strings"
	"testing"

	"wheelhouse/extract"
)

func TestTamperedTotalsAreReadThreeTimes(t *testing.T) {
	whole := string(recorded(t, "usage_new.1"))
	for name, change := range map[string][2]string{
		"count":           {"\"total_sec\": 10333,\n        \"total_count\": 138\n    },", "\"total_sec\": 10333, \"total_count\": 139},"},
		"seconds":         {"\"total_sec\": 10333,\n        \"total_count\"", "\"total_sec\": 10334, \"total_count\""},
		"an agent's":      {"\"total_sec\": 10333,\n                    ", "\"total_sec\": 10332,"},
		"another agent's": {"\"joi+admin@crankwheel.com\": {\n", "\"somebody@example.com\": {\n"},
		"a row less":      {"\"duration\": 165", "\"duration\": 164"},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Count(whole, change[0]) == 0 {
				t.Fatal("nothing to change")
			}
			server := serve(t, always([]byte(strings.Replace(whole, change[0], change[1], 1))))
			out, rep, err := sessions(t, client(t, server.URL), day)
			if err != nil || len(out.kept) != 138 {
				t.Fatalf("%d rows, %v", len(out.kept), err)
			}
			if !rep.Reconciled.Valid || rep.Reconciled.V || rep.Attempts != 3 {
				t.Errorf("report %+v", rep)
			}
		})
	}
}

func TestTotalsThatAgreeAtLast(t *testing.T) {
	whole := string(recorded(t, "usage_new.2"))
	server := serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			sendJSON(w, strings.Replace(whole, `"total_count": 4`, `"total_count": 5`, 1))
			return
		}
		sendJSON(w, whole)
	})
	out, rep, err := sessions(t, client(t, server.URL), day)
	if err != nil || out.log != "BrrrrBrrrrC" || len(out.kept) != 4 || !rep.Reconciled.V || rep.Attempts != 2 {
		t.Errorf("%s %+v %v", out.log, rep, err)
	}
}

func TestTotals(t *testing.T) {
	const row = `{"email":"A@b.is ","start_date":"2024-03-01T10:00:00Z","duration":7}`
	for name, c := range map[string]struct {
		stats string
		want  string // reconciled, count, seconds
	}{
		"none":                          {`"x":1`, "-,-,-"},
		"null":                          {`"stats":null`, "-,-,-"},
		"a list":                        {`"stats":[]`, "-,-,-"},
		"count only":                    {`"stats":{"total_count":1}`, "yes,1,-"},
		"count only, wrong":             {`"stats":{"total_count":2}`, "no,2,-"},
		"both":                          {`"stats":{"total_count":1,"total_sec":7}`, "yes,1,7"},
		"as text":                       {`"stats":{"total_count":"1","total_sec":"7"}`, "yes,1,7"},
		"null users":                    {`"stats":{"total_count":1,"total_sec":7,"user_stats":null}`, "yes,1,7"},
		"users, other case":             {`"stats":{"total_count":1,"total_sec":7,"user_stats":{"a@B.is":{"total_count":1,"total_sec":7}}}`, "yes,1,7"},
		"users with nothing":            {`"stats":{"total_count":1,"total_sec":7,"user_stats":[{"a@b.is":{"total_count":1,"total_sec":7}},{"z@b.is":{"total_count":0,"total_sec":0}}]}`, "yes,1,7"},
		"one user spelled in two ways":  {`"stats":{"total_count":1,"total_sec":7,"user_stats":[{"a@b.is":{"total_count":1}},{"A@b.is":{"total_sec":7}}]}`, "yes,1,7"},
		"no users though rows":          {`"stats":{"total_count":1,"total_sec":7,"user_stats":{}}`, "no,1,7"},
		"twice, the last counts":        {`"stats":{"total_count":9,"total_sec":9,"user_stats":{"q@b.is":{"total_count":1}}},"stats":{"total_count":1,"total_sec":7}`, "yes,1,7"},
		"twice, the last says nothing":  {`"stats":{"total_count":9,"total_sec":9},"stats":null`, "-,-,-"},
		"before the rows or after them": {`"stats":{"total_sec":7,"total_count":1}`, "yes,1,7"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, body := range []string{
				"{" + c.stats + `,"sessions":[` + row + "]}",
				`{"sessions":[` + row + "]," + c.stats + "}",
			} {
				_, rep, err := sessions(t, client(t, serve(t, always([]byte(body))).URL), day)
				if got := totalsOf(rep); err != nil || got != c.want {
					t.Errorf("%s: %s, want %s (%v)", body, got, c.want, err)
				}
			}
		})
	}
}

func TestUsageSharesTotals(t *testing.T) {
	for stats, want := range map[string]string{
		`"total_shares":2,"total_plays":3`: "yes,5,-",
		`"total_shares":3,"total_plays":2`: "no,5,-",
		`"total_shares":2`:                 "-,-,-",
		`"total_plays":null`:               "-,-,-",
	} {
		body := `{"stats":{"by_user":[{"email":"a@b.is","shares_count":2,"plays_count":3}],` + stats + `}}`
		out := &batch[extract.ShareUsage]{}
		rep, err := client(t, serve(t, always([]byte(body))).URL).UsageShares(t.Context(), day, out, out.row)
		if got := totalsOf(rep); err != nil || got != want {
			t.Errorf("%s: %s, want %s (%v)", stats, got, want, err)
		}
	}
}

// totalsOf shows what a report says of totals: reconciled, count, seconds.
func totalsOf(rep extract.Report) string {
	s := "-"
	if rep.Reconciled.Valid {
		s = map[bool]string{true: "yes", false: "no"}[rep.Reconciled.V]
	}
	return s + "," + number(rep.SourceCount) + "," + number(rep.SourceSeconds)
}
