package extract_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"wheelhouse/extract"
)

// TestWholeAnswersAreAccepted uses the transports of TestTruncationIsNeverAccepted without a cut.
func TestWholeAnswersAreAccepted(t *testing.T) {
	whole := recorded(t, "user_access")
	for transport, text := range transports {
		server := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
			s := text(whole, len(whole))
			if transport == "chunks without an end" {
				s += "0\r\n\r\n"
			}
			raw(w, s)
		})
		out, _, err := users(t, client(t, server.URL, attempts(1)))
		if err != nil || len(out.kept) != 3 {
			t.Errorf("%s: %d rows, %v", transport, len(out.kept), err)
		}
	}
}

// TestATruncatedAnswerIsAskedForAgain: the rows of the truncated answers are void.
func TestATruncatedAnswerIsAskedForAgain(t *testing.T) {
	whole := recorded(t, "usage_new.2")
	server := serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n < 3 {
			raw(w, transports["content length"](whole, 2000*n))
			return
		}
		sendJSON(w, string(whole))
	})
	out, rep, err := sessions(t, client(t, server.URL), day)
	if err != nil || len(out.kept) != 4 || rep.Attempts != 3 || strings.Count(out.log, "B") != 3 || !strings.HasSuffix(out.log, "BrrrrC") {
		t.Errorf("%s %+v %v", out.log, rep, err)
	}
}

func TestBrokenBodies(t *testing.T) {
	list := string(recorded(t, "user_access"))
	type header map[string]string
	gzip := header{"Content-Encoding": "gzip"}
	for name, c := range map[string]struct {
		body string
		head header
	}{
		"empty":                {"", nil},
		"white space":          {" \n", nil},
		"null":                 {"null", nil},
		"a text":               {`"[]"`, nil},
		"an object":            {"{}", nil},
		"html":                 {"<html>Please log in</html>", nil},
		"html, called so":      {"<html>Please log in</html>", header{"Content-Type": "text/html"}},
		"called html":          {list, header{"Content-Type": "text/html"}},
		"called nothing":       {list, header{"Content-Type": ""}},
		"called nonsense":      {list, header{"Content-Type": ";;"}},
		"text after it":        {list + "x", nil},
		"a second answer":      {list + list, nil},
		"html after it":        {list + "<!-- served by -->", nil},
		"a zero after it":      {list + "\x00", nil},
		"two byte order marks": {"\ufeff\ufeff" + list, nil},
		"half a mark":          {"\xef\xbb" + list, nil},
		"a mark after it":      {list + "\ufeff", nil},
		"only a mark":          {"\ufeff", nil},
		"a trailing comma":     {`[{"email":"a@b.is"},]`, nil},
		"a lone value":         {`[{"email":"a@b.is"}`, nil},
		"a control in a text":  {"[{\"email\":\"a\nb\"}]", nil},
		"NaN":                  {`[{"x":NaN}]`, nil},
		"gzip that is not":     {list, gzip},
		"gzip of nothing":      {string(gzipped(nil)), gzip},
		"gzip, nothing":        {"", gzip},
		"gzip, no checksum":    {string(gzipped([]byte(list))[:len(gzipped([]byte(list)))-8]), gzip},
		"gzip, wrong checksum": {string(gzipped([]byte(list))[:len(gzipped([]byte(list)))-8]) + "12345678", gzip},
		"gzip, more after it":  {string(gzipped([]byte(list))) + "x", gzip},
		"gzip twice":           {string(gzipped([]byte(list))) + string(gzipped([]byte(list))), gzip},
		"brotli":               {list, header{"Content-Encoding": "br"}},
		"gzip, not called so":  {string(gzipped([]byte(list))), nil},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				for k, v := range c.head {
					w.Header()[k] = []string{v}
				}
				_, _ = w.Write([]byte(c.body))
			})
			out, rep, err := users(t, client(t, server.URL))
			var body *extract.BodyError
			if !errors.As(err, &body) || len(out.kept) != 0 || rep.Attempts != 3 {
				t.Errorf("%d rows, %+v, %v", len(out.kept), rep, err)
			}
		})
	}
}

// TestAMissingArrayIsAnError: no array of rows is not the same as an empty one.
func TestAMissingArrayIsAnError(t *testing.T) {
	for name, c := range map[string]struct {
		empty string
		bad   []string
		ask   func(*testing.T, *extract.Client) error
	}{
		"usage_new": {`{"sessions":[]}`,
			[]string{`{}`, `[]`, `{"sessions":null}`, `{"sessions":{}}`, `{"Sessions":[]}`, `{"error":"x"}`, `{"sessions":[],"sessions":[]}`, `{"data":{"sessions":[]}}`},
			func(t *testing.T, c *extract.Client) error { _, _, err := sessions(t, c, day); return err }},
		"shares": {`{"data":[]}`, []string{`{}`, `{"data":null}`, `{"data":""}`, `{"pagination":{"total":0}}`},
			func(t *testing.T, c *extract.Client) error { _, _, err := shares(t, c); return err }},
		"usage_shares": {`{"stats":{"by_user":[]}}`, []string{`{}`, `{"stats":{}}`, `{"stats":null}`, `{"stats":{"by_user":null}}`, `{"by_user":[]}`},
			func(t *testing.T, c *extract.Client) error {
				out := &batch[extract.ShareUsage]{}
				_, err := c.UsageShares(t.Context(), day, out, out.row)
				return err
			}},
		"demo_usage": {`{"sessions":[]}`, []string{`{"total_canceled_requests":2}`, `{"sessions":"none"}`},
			func(t *testing.T, c *extract.Client) error {
				out := &batch[extract.DemoRequest]{}
				_, _, err := c.DemoUsage(t.Context(), day, out, out.row)
				return err
			}},
		"share_details": {`{"shares":[]}`, []string{`{"sessions":[]}`, `{"shares":false}`},
			func(t *testing.T, c *extract.Client) error {
				out := &batch[extract.ShareDetail]{}
				_, err := c.ShareDetails(t.Context(), day, out, out.row)
				return err
			}},
		"company_content": {`[]`, []string{`{}`, `{"data":[]}`, `null`},
			func(t *testing.T, c *extract.Client) error {
				out := &batch[extract.Content]{}
				_, err := c.CompanyContent(t.Context(), day, out, out.row)
				return err
			}},
	} {
		if err := c.ask(t, client(t, serve(t, always([]byte(c.empty))).URL)); err != nil {
			t.Errorf("%s: an empty array: %v", name, err)
		}
		for _, bad := range c.bad {
			var body *extract.BodyError
			if err := c.ask(t, client(t, serve(t, always([]byte(bad))).URL)); !errors.As(err, &body) {
				t.Errorf("%s: %s: %v", name, bad, err)
			}
		}
	}
}
