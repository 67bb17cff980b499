package extract_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"time"

	"wheelhouse/extract"
)

// recordedAPI answers every path with the recorded answer of one stream.
func recordedAPI(name string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join("testdata", name+".json"))
	}))
}

// collected keeps the rows of complete answers: Begin drops the rows of an attempt that failed.
type collected struct{ open, complete []string }

func (c *collected) Begin()         { c.open = nil }
func (c *collected) Commit()        { c.complete = append(c.complete, c.open...); c.open = nil }
func (c *collected) add(row string) { c.open = append(c.open, row) }

// Rows arrive while the answer is read. They count once Commit has been called.
func ExampleClient_DemoUsage() {
	server := recordedAPI("demo_usage")
	defer server.Close()
	client, err := extract.New(extract.Config{Server: server.URL, Key: "read-only key"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	day := extract.Window{From: time.Date(2017, 9, 27, 0, 0, 0, 0, time.UTC), To: time.Date(2017, 9, 28, 0, 0, 0, 0, time.UTC)}
	var rows collected
	canceled, _, err := client.DemoUsage(context.Background(), day, &rows, func(rec extract.Record[extract.DemoRequest]) error {
		answered := "never answered"
		if s := rec.Value.SecondsToRespond; s.Valid {
			answered = fmt.Sprintf("answered after %d s", s.V)
		}
		rows.add(fmt.Sprintf("%s: request %d, %s", rec.Path(), rec.Value.ID.V, answered))
		return nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range rows.complete {
		fmt.Println(row)
	}
	fmt.Println("cancelled:", canceled.V)
	// Output:
	// $.sessions[0]: request 22599, answered after 53 s
	// $.sessions[1]: request 22487, never answered
	// cancelled: 2
}

// Where the API states totals, the report tells whether the rows add up to them. The sum of an answer lets the
// next call skip the rows if the same answer comes again.
func ExampleClient_UsageNew() {
	server := recordedAPI("usage_new.2")
	defer server.Close()
	client, err := extract.New(extract.Config{Server: server.URL, Key: "read-only key"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	day := extract.Window{From: time.Date(2022, 5, 7, 0, 0, 0, 0, time.UTC), To: time.Date(2022, 5, 8, 0, 0, 0, 0, time.UTC)}
	var known extract.Sum // no answer is known yet
	for range 2 {
		var rows collected
		report, err := client.UsageNew(context.Background(), day, known, &rows, func(rec extract.Record[extract.Session]) error {
			rows.add(rec.Path())
			return nil
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		if report.Same {
			fmt.Println("the same answer again")
			continue
		}
		fmt.Printf("%d sessions, the API states %d sessions of %d s: reconciled %t\n",
			len(rows.complete), report.SourceCount.V, report.SourceSeconds.V, report.Reconciled.V)
		known = report.Answer
	}
	// Output:
	// 4 sessions, the API states 4 sessions of 122 s: reconciled true
	// the same answer again
}

// Shares reads every page of the list. A list of several pages is read twice, to see that it did not change meanwhile.
func ExampleClient_Shares() {
	pages := map[string]string{
		"1": `{"data": [{"slug": "intro", "visits": 3}, {"slug": "pricing", "visits": 0}], "pagination": {"total": 3}}`,
		"2": `{"data": [{"slug": "demo", "visits": 1}], "pagination": {"total": 3}}`,
	}
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, pages[r.URL.Query().Get("page")])
	}))
	defer server.Close()
	client, err := extract.New(extract.Config{Server: server.URL, Key: "read-only key"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	day := extract.Window{From: time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2024, 3, 2, 0, 0, 0, 0, time.UTC)}
	var rows collected
	_, err = client.Shares(context.Background(), day, &rows, func(rec extract.Record[extract.Share]) error {
		rows.add(rec.Value.Slug.V)
		return nil
	})
	fmt.Println(rows.complete, "in", requests, "requests:", err)
	// Output:
	// [intro pricing demo] in 4 requests: <nil>
}

// A status other than 200 is an APIError. The error names a remedy and never holds the key.
func ExampleAPIError() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer server.Close()
	client, err := extract.New(extract.Config{Server: server.URL, Key: "wrong key"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	var rows collected
	_, err = client.UserAccess(context.Background(), &rows, func(extract.Record[extract.User]) error { return nil })
	var refused *extract.APIError
	if errors.As(err, &refused) {
		fmt.Println(refused.Status)
	}
	fmt.Println(err)
	// Output:
	// 401
	// GET /ss/api/user_access: 401 Unauthorized: check the API key: it is sent as it is, not base64
}

// The key never travels in plain text to another machine.
func ExampleNew() {
	_, err := extract.New(extract.Config{Server: "http://meeting.is", Key: "read-only key"})
	fmt.Println(err)
	// Output:
	// server meeting.is: plain http would show the key to the network: use https (http is for loopback only)
}

// A field holds a value, none, or a problem.
func ExampleField() {
	for _, f := range []extract.Integer{
		{Null: sql.Null[int64]{V: 53, Valid: true}}, // the API sent 53 or "53"
		{}, // the API sent null or "never"
		{Problem: "a fraction where a whole number belongs"}, // the API sent 5.3
	} {
		switch {
		case f.Valid:
			fmt.Println(f.V)
		case f.Problem != "":
			fmt.Println("a problem:", f.Problem)
		default:
			fmt.Println("no value")
		}
	}
	// Output:
	// 53
	// no value
	// a problem: a fraction where a whole number belongs
}

// Equal values are equal bytes, in the form in which Postgres prints jsonb.
func ExampleCanonical() {
	for _, sent := range []string{`{"bb":1.50e1,"a":null}`, `{ "a": null, "bb": 15.0 }`} {
		canonical, err := extract.Canonical([]byte(sent))
		fmt.Println(canonical, err)
	}
	// Output:
	// {"a": null, "bb": 15.0} <nil>
	// {"a": null, "bb": 15.0} <nil>
}
