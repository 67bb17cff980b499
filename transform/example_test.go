package transform_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"wheelhouse/extract"
	"wheelhouse/transform"
)

// discard is for rows that are shown and not kept.
type discard struct{}

func (discard) Begin()  {}
func (discard) Commit() {}

// The words "never", "n/a" and "none" become NULL, and prospect_info becomes columns. What the account asks its
// prospects beyond the API's own questions becomes rows of their own.
func ExampleDemoUsage() {
	const answer = `{"total_canceled_requests": 0, "sessions": [{
		"id": 22487, "start_ts": "2017-09-27T16:19:59.273625", "seconds_to_respond": "never",
		"call_confirmed": "n/a", "screenshared": "n/a", "handled_by": "none",
		"prospect_info": {
			"prospect-name": " Jane ", "prospect-phone": "", "prospect-fleet-size": 12,
			"prospect-request-origin": "meeting.is/ss/showu/ACME"
		}
	}]}`
	client, stop := clientOf(answer)
	defer stop()

	_, _, err := client.DemoUsage(context.Background(), window, discard{}, func(rec extract.Record[extract.DemoRequest]) error {
		row, ok, rejects := transform.DemoUsage(rec)
		fmt.Println("a row:", ok, "- rejects:", len(rejects))
		fmt.Println("request", row.DemoID, "answered:", row.Answered)
		fmt.Println("NULL:", !row.CallConfirmed.Valid, !row.ScreenShared.Valid, !row.HandledBy.Valid, !row.Prospect.Phone.Valid)
		fmt.Printf("name %q, channel %q\n", row.Prospect.Name.V, row.OriginChannel.V)
		for _, a := range row.Answers {
			fmt.Printf("%s: %q\n", a.Question, a.Answer.V)
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// a row: true - rejects: 0
	// request 22487 answered: false
	// NULL: true true true true
	// name "Jane", channel "email_campaign"
	// fleet-size: "12"
}

// An entry that cannot be understood becomes a reject, and its session loads without it. Agents are lower-cased.
func ExampleUsageNew() {
	const answer = `{"sessions": [{
		"email": "Agent@Example.com", "start_date": "2022-05-07T14:59:48Z", "end_date": "2022-05-07T14:59:53Z", "duration": 5,
		"logs": [
			{"date": "2022-05-07T14:59:50Z", "type": "projector", "content": "36|Pricing", "email": "Agent@Example.com"},
			{"date": "soon", "type": "screen"}
		]
	}]}`
	client, stop := clientOf(answer)
	defer stop()

	_, err := client.UsageNew(context.Background(), window, extract.Sum{}, discard{}, func(rec extract.Record[extract.Session]) error {
		row, ok, rejects := transform.UsageNew(rec)
		fmt.Println(ok, row.AgentEmail, row.DurationSeconds.V, "s, ended:", row.Ended)
		for _, e := range row.Events {
			fmt.Println("event", e.Seq, e.Kind.V, e.ContentID.V, e.ContentName.V)
		}
		for _, r := range rejects {
			fmt.Println("reject", r.Path, "-", r.Reason)
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// true agent@example.com 5 s, ended: true
	// event 1 projector 36 Pricing
	// reject $.sessions[0].logs[1] - date: text that is not a time
}

// A record whose key or columns cannot be understood becomes a reject as a whole. The reason names members and
// types; only the reject's JSON holds values.
func ExampleReject() {
	client, stop := clientOf(`[{"email": "owner@example.com", "in_demo_pool": "perhaps"}]`)
	defer stop()

	_, err := client.UserAccess(context.Background(), discard{}, func(rec extract.Record[extract.User]) error {
		_, ok, rejects := transform.UserAccess(rec)
		fmt.Println(ok, rejects[0].Path, "-", rejects[0].Reason)
		fmt.Printf("%s\n", rejects[0].JSON)
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// false $[0] - in_demo_pool: text where true or false belongs
	// {"email": "owner@example.com", "in_demo_pool": "perhaps"}
}

// Entries of one agent are added up, however the address was written.
func ExampleShareUsages() {
	var usages transform.ShareUsages
	usages.Add(transform.ShareUsage{AgentEmail: "agent@example.com", Shares: 2, Plays: 10})
	usages.Add(transform.ShareUsage{AgentEmail: "agent@example.com", Shares: 1})
	usages.Add(transform.ShareUsage{AgentEmail: "other@example.com", Shares: 4, Plays: 4})
	rows, merged, rejects := usages.Sums()
	for _, row := range rows {
		fmt.Println(row.AgentEmail, row.Shares, row.Plays)
	}
	fmt.Println("merged:", merged, "- rejects:", len(rejects))
	// Output:
	// agent@example.com 3 10
	// other@example.com 4 4
	// merged: 1 - rejects: 0
}

// The API gives a session no id. Same-second sessions of an agent differ in their occurrence.
func ExampleSessionID() {
	start := time.Date(2024, 3, 1, 10, 0, 0, 0, time.UTC)
	for occurrence := 1; occurrence <= 2; occurrence++ {
		fmt.Printf("%x\n", transform.SessionID("default", "a@b.is", start, occurrence))
	}
	// Output:
	// 018df974d500851a9dd9152c68e2d6f8
	// 018df974d5008b67b70955e474313e20
}

// clientOf is a client of a server that always gives one answer.
func clientOf(answer string) (client *extract.Client, stop func()) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, answer)
	}))
	client, err := extract.New(extract.Config{Server: server.URL, Key: "read-only key"})
	if err != nil {
		panic(err)
	}
	return client, func() { client.Close(); server.Close() }
}
