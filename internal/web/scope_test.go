package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"wheelhouse/internal/testdb"
	"wheelhouse/migrations"
)

func TestAddressesAreChecked(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	mustExec(t, dsn, `INSERT INTO wheelhouse.accounts VALUES ('acme', 'https://x.is', 'America/New_York', '2026-01-01'), ('beta', 'https://y.is', 'UTC', '2026-01-01')`)
	v := visit(t, dsn, nil)
	for query, status := range map[string]int{
		"": 200, "account=acme": 200, "account=beta&days=7": 200, "from=2026-01-05&to=2026-01-05": 200, "from=2026-01-05": 200, "to=2026-01-05": 200, "zone=Asia/Tokyo": 200,
		"account=nobody": 404, "account=%00": 404, "days=0": 400, "days=x": 400, "days=99999": 400, "from=2026-02-30": 400, "from=2026-02-02&to=2026-02-01": 400,
		"zone=Local": 400, "zone=Mars": 400, "zone=..%2F..%2Fetc%2Fpasswd": 400, "from=0001-01-01": 400, "from=2000-01-01&to=2200-01-01": 400,
		"format=csv&table=runs": 200, "format=csv&table=none": 404, "format=csv": 404,
	} {
		body, _ := v.get(status, "/pipeline/runs?"+query)
		if !strings.HasPrefix(query, "format") {
			wellFormed(t, query, body)
		}
	}
	for _, page := range []string{"/agent?email=", "/share?slug=", "/campaign?source="} {
		for text, status := range map[string]int{"nobody": 404, "": 400, "%00": 400, "a%00b": 400, "%ff": 400, strings.Repeat("x", 5000): 400} {
			v.get(status, page+text)
		}
	}
	if logged := v.logs.All(); len(logged) > 0 {
		t.Errorf("mistakes in addresses are in the log: %v", logged)
	}
	doc := v.page("/pipeline/runs?account=beta&from=2026-01-05&to=2026-01-06&zone=Asia/Tokyo")
	for _, a := range all(doc, "a") {
		if strings.HasPrefix(attr(a, "href"), "/pipeline/") {
			if !strings.Contains(attr(a, "href"), "account=beta") || !strings.Contains(attr(a, "href"), "zone=Asia/Tokyo") {
				t.Errorf("%s loses the scope", attr(a, "href"))
			}
		}
	}
}

// A range consists of days in the account's zone, also when clocks change.
func TestRangeIsInTheAccountsZone(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	mustExec(t, dsn, `INSERT INTO wheelhouse.accounts VALUES ('acme', 'https://x.is', 'America/New_York', '2020-01-01')`)
	conn := dial(t, dsn)
	s, err := readScope(t.Context(), conn, map[string][]string{"from": {"2026-03-07"}, "to": {"2026-03-08"}}, &page{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"2026-03-05T05:00:00Z", "2026-03-07T05:00:00Z", "2026-03-09T04:00:00Z"} {
		if got := []time.Time{s.Before, s.Start, s.Stop}[i]; got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%d: %s, want %s", i, got.UTC(), want)
		}
	}
	for today, back := range map[bool]int{true: 0, false: -1} {
		s, err = readScope(t.Context(), conn, map[string][]string{"days": {"7"}}, &page{Today: today})
		if err != nil || s.Days != 7 || !s.To.Equal(s.Account.Today.AddDate(0, 0, back)) || s.Link("/x") != "/x?days=7" {
			t.Errorf("%+v %v", s, err)
		}
	}
}

func TestErrorPagesSayWhatToDo(t *testing.T) {
	t.Parallel()
	empty := testdb.New(t)
	doc := visit(t, empty, nil).page("/pipeline/runs")
	if !strings.Contains(textOf(doc), "Nothing is loaded yet") {
		t.Error(textOf(doc))
	}
	old := testdb.NewDirect(t)
	if _, _, err := migrations.Down(t.Context(), old, 100); err != nil {
		t.Fatal(err)
	}
	for dsn, say := range map[string]string{
		old: "wheelhouse migrate up", "postgres://canary-user:canary-password@127.0.0.1:1/canary": "does not answer",
	} {
		v := visit(t, dsn, nil)
		body, _ := v.get(http.StatusServiceUnavailable, "/pipeline/runs")
		wellFormed(t, say, body)
		logged := v.logs.All()
		if !strings.Contains(body, say) || len(logged) != 1 || strings.Contains(body, "canary") || strings.Contains(body, "bi.") {
			t.Fatalf("%v\n%s", logged, body)
		}
		fields := logged[0].ContextMap()
		if id, _ := fields["error_id"].(string); id == "" || !strings.Contains(body, id) {
			t.Errorf("no id of %v in\n%s", fields, body)
		}
		for _, value := range fields {
			if text, _ := value.(string); strings.Contains(text, "canary") || strings.Contains(text, "SELECT") {
				t.Errorf("logged: %v", fields)
			}
		}
		v.get(http.StatusServiceUnavailable, "/readyz")
		v.get(http.StatusOK, "/healthz")
	}
}
