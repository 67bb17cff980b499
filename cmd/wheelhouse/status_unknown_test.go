package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/testdb"
)

// words makes a record for each word, with the word as the value of a member.
func words(record, member string, all ...string) (records []string) {
	for _, word := range all {
		records = append(records, fmt.Sprintf(record, len(records)+1, member, word))
	}
	return records
}

// Values that the API does not document are kept as sent, and status counts them. Documented and absent values are not counted.
func TestStatusCountsUnknownValues(t *testing.T) {
	t.Parallel()
	day := time.Now().UTC().Format(time.DateOnly)
	request := `{"id":%d,"start_ts":"` + day + `T00:00:00",%q:%s}`
	requests := append(words(request, "availability_bucket", `"full_capacity"`, `"half_capacity"`, `"no_capacity"`, `null`, `"double_capacity"`),
		words(strings.Replace(request, "%d", "10%d", 1), "accepted_from", `"extension"`, `"email"`, `"n/a"`, `"pigeon"`, `"telex"`)...)
	users := words(`{"email":"%d@x.com",%q:%s}`, "privilege", `"user"`, `"admin"`, `"owner"`, `"reporting"`, `""`, `"emperor"`)
	contents := append(words(`{"id":%d,%q:%s}`, "type", `"upload"`, `"recording"`, `"redirect"`, `"cta"`, `"video"`, `"hologram"`),
		words(`{"id":10%d,%q:%s}`, "state", `"created"`, `"processing"`, `"ready"`, `null`, `"melted"`)...)
	contents = append(contents, `{"id":200,"events":[{"name":"started"},{"name":"paused"},{"name":"resumed"},{"name":"ended"},{"name":"rewound"},{"name":null}]}`)
	answers := map[string]string{
		"/ss/api/demo_usage":      `{"total_canceled_requests":0,"sessions":[` + strings.Join(requests, ",") + `]}`,
		"/ss/api/user_access":     `[` + strings.Join(users, ",") + `]`,
		"/ss/api/company_content": `[` + strings.Join(contents, ",") + `]`,
	}
	dsn := testdb.NewDirect(t)
	mustExec(t, dsn, "DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET enable_seqscan = off', current_database()); END$$") // so that indexes are used, as with many rows
	u := newUser(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := answers[r.URL.Path]
		if r.URL.Query().Get("view") == "soft_deleted" {
			body = `[]`
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
	}), dsn)
	u.env = append(u.env, "WHEELHOUSE_HISTORY_FROM="+day)
	u.types(exitOK, "run", "--streams", "demo_usage,user_access,company_content")

	var all []ledger.StreamStatus
	output, _ := u.types(exitOK, "status", "--json")
	if err := json.Unmarshal([]byte(output), &all); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	table, _ := u.types(exitOK, "status")
	for _, s := range all {
		want, has := map[string]int64{"demo_usage": 3, "user_access": 1, "company_content": 3}[s.Stream]
		if s.Unknown != want || s.Rejects != 0 || has != (s.Rows > 0) {
			t.Errorf("%s: %d unknown values, want %d, in %d rows, with %d rejects", s.Stream, s.Unknown, want, s.Rows, s.Rejects)
		}
		if line := fmt.Sprintf("%d unknown values", want); has && !strings.Contains(table, line) {
			t.Errorf("%s: %q is not in\n%s", s.Stream, line, table)
		}
	}
	if len(all) != 8 || !strings.Contains(output, `"unknown_values"`) {
		t.Errorf("%d streams:\n%s", len(all), output)
	}
	used := func() string {
		return mustQuery(t, dsn, "SELECT count(*)::text FROM pg_stat_user_indexes WHERE indexrelname LIKE '%unknown' AND idx_scan > 0")
	}
	for end := time.Now().Add(10 * time.Second); used() != "2"; time.Sleep(50 * time.Millisecond) { // Postgres publishes the counts of a connection when it ends
		if time.Now().After(end) {
			t.Fatalf("%s of 2 indexes are used: their conditions are not the query's", used())
		}
	}
}
