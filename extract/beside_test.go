package extract_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"wheelhouse/extract"
)

// askFor asks for each stream.
var askFor = map[string]func(*testing.T, *extract.Client) (extract.Report, error){
	"demo_usage": func(t *testing.T, c *extract.Client) (extract.Report, error) {
		out := &batch[extract.DemoRequest]{}
		_, rep, err := c.DemoUsage(t.Context(), day, out, out.row)
		return rep, err
	},
	"usage_new": func(t *testing.T, c *extract.Client) (extract.Report, error) {
		_, rep, err := sessions(t, c, day)
		return rep, err
	},
	"usage_shares": func(t *testing.T, c *extract.Client) (extract.Report, error) {
		out := &batch[extract.ShareUsage]{}
		return c.UsageShares(t.Context(), day, out, out.row)
	},
	"shares": func(t *testing.T, c *extract.Client) (extract.Report, error) {
		_, rep, err := shares(t, c)
		return rep, err
	},
	"share_visits": func(t *testing.T, c *extract.Client) (extract.Report, error) {
		out := &batch[extract.ShareVisit]{}
		return c.ShareVisits(t.Context(), day, out, out.row, func(extract.WatchedShare) error { return nil })
	},
	"share_details": func(t *testing.T, c *extract.Client) (extract.Report, error) {
		out := &batch[extract.ShareDetail]{}
		return c.ShareDetails(t.Context(), day, out, out.row)
	},
	"user_access": func(t *testing.T, c *extract.Client) (extract.Report, error) {
		_, rep, err := users(t, c)
		return rep, err
	},
	"company_content": func(t *testing.T, c *extract.Client) (extract.Report, error) {
		out := &batch[extract.Content]{}
		return c.CompanyContent(t.Context(), day, out, out.row)
	},
}

var recordings = map[string]string{
	"demo_usage": "demo_usage", "usage_new": "usage_new.2", "usage_shares": "usage_shares.1", "shares": "company_content.shares",
	"share_visits": "company_content.shares.slug", "share_details": "share_details", "user_access": "user_access", "company_content": "company_content",
}

// answerOfStream returns the recorded answers of a stream's requests.
func answerOfStream(t *testing.T, stream string) func(*http.Request) []byte {
	own, list := recorded(t, recordings[stream]), recorded(t, "company_content.shares")
	return func(r *http.Request) []byte {
		if stream == "share_visits" && strings.HasSuffix(r.URL.Path, "/shares") {
			return list
		}
		return own
	}
}

// with returns a stream's recorded answers with members added to the stream's own one.
func with(t *testing.T, stream, members string, before bool) func(int, http.ResponseWriter, *http.Request) {
	answer := answerOfStream(t, stream)
	return func(_ int, w http.ResponseWriter, r *http.Request) {
		body := strings.TrimSpace(string(answer(r)))
		list := stream == "share_visits" && strings.HasSuffix(r.URL.Path, "/shares")
		switch {
		case list || members == "":
		case before:
			body = "{" + members + "," + body[1:]
		default:
			body = body[:len(body)-1] + "," + members + "}"
		}
		sendJSON(w, body)
	}
}

// objects lists the streams whose answers are objects.
var objects = []string{"demo_usage", "usage_new", "usage_shares", "shares", "share_visits", "share_details"}

// TestRecordedAnswersSayNothingBesideTheirRows: documented members are not reported as unknown.
func TestRecordedAnswersSayNothingBesideTheirRows(t *testing.T) {
	for stream, ask := range askFor {
		rep, err := ask(t, client(t, serve(t, with(t, stream, "", false)).URL))
		if err != nil || rep.Missing != "" || len(rep.Unknown) != 0 {
			t.Errorf("%s: %+v %v", stream, rep, err)
		}
	}
}

// TestAnAnswerThatStatesAnErrorIsNone: the request is sent again, and fails if the error stays.
func TestAnAnswerThatStatesAnErrorIsNone(t *testing.T) {
	for members, want := range map[string]string{
		`"error":"query timed out","partial":true`: "(query timed out)",
		`"error":"query limit exceeded"`:           "(query limit exceeded)",
		`"Error":true`:                             "states an error",
		`"error":1`:                                "states an error",
		`"error":{"code":7,"message":"no rights, jane@prospect.example"}`: "(no rights, …)",
		`"errors":["window too long"]`:                                    "(window too long)",
		`"errors":[{"detail":"window too long"}]`:                         "(window too long)",
		`"errors":{"from":["is invalid"]}`:                                "states an error",
		`"success":false`:                                                 "(success: false)",
		`"status":"error"`:                                                "(status: error)",
	} {
		for _, stream := range objects {
			for _, before := range []bool{true, false} {
				server := serve(t, with(t, stream, members, before))
				rep, err := askFor[stream](t, client(t, server.URL))
				var body *extract.BodyError
				if !errors.As(err, &body) || !strings.Contains(err.Error(), want) {
					t.Errorf("%s, %s: %v, want %s", stream, members, err, want)
				}
				if rep.Attempts < 2 || rep.Missing != "" {
					t.Errorf("%s, %s: %+v", stream, members, rep)
				}
				mustBeSilent(t, err)
			}
		}
	}
	// The error comes instead of an array.
	for _, stream := range []string{"user_access", "company_content"} {
		server := serve(t, always([]byte(`{"data":[],"error":"query limit exceeded"}`)))
		if rep, err := askFor[stream](t, client(t, server.URL)); err == nil || !strings.Contains(err.Error(), "(query limit exceeded)") || rep.Attempts < 2 {
			t.Errorf("%s: %+v %v", stream, rep, err)
		}
	}
}

// TestAnErrorThatPassesIsAskedAgain: the rows of the answer with the error do not count.
func TestAnErrorThatPassesIsAskedAgain(t *testing.T) {
	server := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 1 {
			sendJSON(w, `{"sessions":[{"email":"a@b.is"}],"error":"query timed out"}`)
			return
		}
		sendJSON(w, string(recorded(t, "usage_new.2")))
	})
	out, rep, err := sessions(t, client(t, server.URL), day)
	if err != nil || len(out.kept) != 4 || rep.Attempts != 2 || rep.Missing != "" || len(rep.Unknown) != 0 {
		t.Errorf("%s %+v %v", out.log, rep, err)
	}
}

// TestMembersThatSayNothing: members without content state no error, and do not say that there is more. The unknown ones are named.
func TestMembersThatSayNothing(t *testing.T) {
	for members, want := range map[string]string{
		`"error":null`: "error", `"errors":[]`: "errors", `"error":""`: "error", `"errors":{}`: "errors", `"error":false`: "error", `"error":0`: "error",
		`"error":"none"`: "error", `"error":{"code":0,"message":null}`: "error", `"errors":[null]`: "errors", `"success":true,"status":"ok"`: "status success",
		`"has_more":false,"next":null`: "has_more next", `"next":""`: "next", `"next_cursor":"null","hasMore":"false"`: "hasMore next_cursor",
		`"meta":{"total":0,"next":null,"pages":3}`: "meta", `"total":1`: "total", `"total_pages":1`: "total_pages", `"total":"many"`: "total",
		`"server":"eu-1","took_ms":12`: "server took_ms", `"jane@prospect.example":1`: "…", `"5812345":1`: "…", `"summary2":{"total":99}`: "summary2",
		`"next_release":"2026-01-01"`: "next_release", `"x":1,"x":2`: "x",
	} {
		for _, stream := range objects {
			if stream == "shares" && strings.Contains(members, `"total"`) {
				continue
			}
			rep, err := askFor[stream](t, client(t, serve(t, with(t, stream, members, len(members)%2 == 0)).URL))
			if err != nil || rep.Missing != "" || strings.Join(rep.Unknown, " ") != want {
				t.Errorf("%s, %s: %+v %v, want %s", stream, members, rep, err, want)
			}
		}
	}
}

// TestMembersThatSayThereIsMore: the rows are delivered, and the report says that there are more.
func TestMembersThatSayThereIsMore(t *testing.T) {
	for members, want := range map[string]string{
		`"has_more":true`: "has_more", `"hasMore":"true"`: "hasMore", `"has_more":1`: "has_more", `"next":"/ss/api/x?page=2"`: "next",
		`"next":{"page":2}`: "next", `"next_page":2`: "next_page", `"nextPageToken":"abc"`: "nextPageToken", `"truncated":true`: "truncated",
		`"partial":true`: "partial", `"total":1000`: "total", `"total_count":"1000"`: "total_count", `"total_pages":2`: "total_pages",
		`"paging":{"page":1,"page_size":1,"total":1000},"has_more":true`: "has_more, paging.total",
		`"meta":{"page":{"next":"x"}}`:                                   "meta.page.next",
		`"_links":{"self":"a","next":{"href":"b"}}`:                      "_links.next",
	} {
		for _, stream := range objects {
			rep, err := askFor[stream](t, client(t, serve(t, with(t, stream, members, len(members)%2 == 0)).URL))
			if err != nil || !strings.HasSuffix(rep.Missing, ": "+want) || rep.Answer != (extract.Sum{}) {
				t.Errorf("%s, %s: %+v %v, want %s", stream, members, rep, err, want)
			}
		}
	}
}

// TestPagesMayNameTheNextOne: only the last page of a list says whether there is more.
func TestPagesMayNameTheNextOne(t *testing.T) {
	for last, missing := range map[string]bool{"false": false, "true": true} {
		server := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
			page, more := r.URL.Query().Get("page"), "true"
			if page == "2" {
				more = last
			}
			sendJSON(w, fmt.Sprintf(`{"data":[{"slug":"s%s"}],"pagination":{"total":2},"total":2,"has_more":%s}`, page, more))
		})
		out, rep, err := shares(t, client(t, server.URL))
		if err != nil || len(out.kept) != 2 || (rep.Missing != "") != missing || !slices.Equal(rep.Unknown, []string{"has_more", "total"}) {
			t.Errorf("%s: %d rows, %+v %v", last, len(out.kept), rep, err)
		}
	}
}

// TestOnlyTheReadingThatCountsSaysThatThereIsMore: an answer that does not reconcile is asked for again.
func TestOnlyTheReadingThatCountsSaysThatThereIsMore(t *testing.T) {
	server := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 1 {
			sendJSON(w, `{"sessions":[],"stats":{"total_count":4,"total_sec":1},"has_more":true}`)
			return
		}
		sendJSON(w, string(recorded(t, "usage_new.2")))
	})
	out, rep, err := sessions(t, client(t, server.URL), day)
	if err != nil || len(out.kept) != 4 || rep.Missing != "" || !rep.Reconciled.V {
		t.Errorf("%+v %v", rep, err)
	}
}
