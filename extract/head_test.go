package extract_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"wheelhouse/extract"
)

// headed answers with a body and with headers of the same name.
func headed(name string, values []string, body string) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{"application/json"}
		w.Header()[name] = values
		_, _ = w.Write([]byte(body))
	}
}

// TestContentTypes: an answer is read if all that it declares is JSON in UTF-8. Otherwise the error says what it declares.
func TestContentTypes(t *testing.T) {
	for value, want := range map[string]string{ // "": accepted
		"application/json": "", "application/json; charset=utf-8": "", "application/vnd.api+json": "", "text/json": "",
		"Application/JSON; Charset=UTF-8":                   "",
		"application/json;charset=\"utf-8\"":                "",
		"application/json; charset='UTF8'":                  "",
		"application/json; charset=us-ascii":                "",
		"application/json; charset":                         "",
		"application/json; charset=":                        "",
		"application/json;":                                 "",
		"application/json; ; charset=utf-8;":                "",
		"application/json charset=utf-8":                    "",
		"application/json; boundary":                        "",
		"application/json; charset=utf-8,application/json":  "",
		"application/json, application/json":                "",
		"application/json|application/json; charset=utf-8":  "",
		`application/json; profile="a,b;charset=latin1"`:    "",
		"application/json; charset=utf-8; charset=utf-8":    "",
		"application/json; charset=ISO-8859-1":              "charset of the answer is iso-8859-1: only UTF-8 is read",
		"application/json; charset=\"windows-1252\"":        "charset of the answer is windows-1252: only UTF-8 is read",
		"application/json; charset = latin1":                "charset of the answer is latin1: only UTF-8 is read",
		"application/json charset=latin1":                   "charset of the answer is latin1: only UTF-8 is read",
		"application/json;CHARSET=UTF-16":                   "charset of the answer is utf-16: only UTF-8 is read",
		"application/json, application/json;charset=latin1": "charset of the answer is latin1: only UTF-8 is read",
		"application/json|application/json; charset=latin1": "charset of the answer is latin1: only UTF-8 is read",
		"application/json; charset=utf-8; charset=latin1":   "charset of the answer is latin1: only UTF-8 is read",
		"application/json; charset=jane@prospect.example":   "charset of the answer is …: only UTF-8 is read",
		"text/html":                     "the content type is text/html, not JSON",
		"Text/HTML; charset=ISO-8859-1": "the content type is text/html, not JSON",
		"application/json, text/html":   "the content type is text/html, not JSON",
		"text/html|application/json":    "the content type is text/html, not JSON",
		"application/jsonp":             "the content type is application/jsonp, not JSON",
		"json":                          "the content type is json, not JSON",
		"jane@prospect.example":         "the content type is …, not JSON",
		";;":                            "the content type is …, not JSON",
		"":                              "the answer has no content type; it should be JSON",
	} {
		t.Run(value, func(t *testing.T) {
			server := serve(t, headed("Content-Type", strings.Split(value, "|"), string(recorded(t, "user_access"))))
			out, rep, err := users(t, client(t, server.URL))
			if want == "" {
				if err != nil || len(out.kept) != 3 {
					t.Errorf("%d rows, %v", len(out.kept), err)
				}
				return
			}
			var body *extract.BodyError
			if !errors.As(err, &body) || !strings.Contains(err.Error(), want) || len(out.kept) != 0 {
				t.Errorf("%d rows, %v, want %s", len(out.kept), err, want)
			}
			if once := strings.Contains(want, "charset"); once != (rep.Attempts == 1) {
				t.Errorf("%d attempts", rep.Attempts)
			}
			mustBeSilent(t, err)
		})
	}
}

// TestLatin1IsNeverReadAsUTF8: the charset fails each stream at once, also where requests may fail alone.
func TestLatin1IsNeverReadAsUTF8(t *testing.T) {
	latin1 := headed("Content-Type", []string{"application/json; charset=ISO-8859-1"}, "[]")
	list := always([]byte(`{"data":[{"slug":"a","visits":1},{"slug":"b","visits":1}],"pagination":{"total":2}}`))
	for stream, ask := range askFor {
		server := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
			if stream == "share_visits" && strings.HasSuffix(r.URL.Path, "/shares") {
				list(n, w, r)
				return
			}
			latin1(n, w, r)
		})
		rep, err := ask(t, client(t, server.URL))
		if err == nil || !strings.Contains(err.Error(), "iso-8859-1") || rep.Attempts > 2 {
			t.Errorf("%s: %+v %v", stream, rep, err)
		}
	}
}

// TestContentEncodings: words that name no encoding are accepted, and encodings that were not asked for are named.
func TestContentEncodings(t *testing.T) {
	list := string(recorded(t, "user_access"))
	packed := string(gzipped([]byte(list)))
	for value, c := range map[string]struct{ body, want string }{
		"": {list, ""}, "identity": {list, ""}, "none": {list, ""}, "None": {list, ""}, "UTF-8": {list, ""}, "utf8": {list, ""}, ",": {list, ""},
		"identity, identity": {list, ""},
		"gzip":               {packed, ""}, "GZIP ": {packed, ""}, "x-gzip": {packed, ""}, "gzip, identity": {packed, ""}, "utf-8|gzip": {packed, ""},
		"UTF-8 ":                {packed, "no JSON"},
		"br":                    {list, "the content encoding is br, which was not asked for"},
		"gzip, br":              {packed, "the content encoding is br, which was not asked for"},
		"deflate":               {list, "the content encoding is deflate, which was not asked for"},
		"gzip,gzip":             {packed, "the content encoding is gzip twice, which was not asked for"},
		"gzip|gzip":             {string(gzipped([]byte(packed))), "the content encoding is gzip twice, which was not asked for"},
		"jane@prospect.example": {list, "the content encoding is …, which was not asked for"},
	} {
		t.Run(value, func(t *testing.T) {
			server := serve(t, headed("Content-Encoding", strings.Split(value, "|"), c.body))
			out, _, err := users(t, client(t, server.URL))
			if c.want == "" && (err != nil || len(out.kept) != 3) {
				t.Errorf("%d rows, %v", len(out.kept), err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || len(out.kept) != 0) {
				t.Errorf("%d rows, %v, want %s", len(out.kept), err, c.want)
			}
		})
	}
}

// TestAByteOrderMarkIsAccepted: before every recorded answer, packed or not, and before an error's reason.
func TestAByteOrderMarkIsAccepted(t *testing.T) {
	mark := []byte("\ufeff")
	for stream, ask := range askFor {
		plain := answerOfStream(t, stream)
		for _, pack := range []bool{false, true} {
			server := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
				body := append(bytes.Clone(mark), plain(r)...)
				w.Header().Set("Content-Type", "application/json")
				if pack {
					w.Header().Set("Content-Encoding", "gzip")
					body = gzipped(body)
				}
				_, _ = w.Write(body)
			})
			if rep, err := ask(t, client(t, server.URL)); err != nil || rep.Missing != "" {
				t.Errorf("%s: %+v %v", stream, rep, err)
			}
		}
	}
	server := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte("\ufeff" + `{"error":"window too long"}`))
	})
	if _, _, err := users(t, client(t, server.URL)); err == nil || !strings.Contains(err.Error(), "(window too long)") {
		t.Error(err)
	}
}

// TestRetryAfterOfSeveralHeaders: the longest wait counts.
func TestRetryAfterOfSeveralHeaders(t *testing.T) {
	t.Parallel()
	server := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 1 {
			w.Header()["Retry-After"] = []string{"0", "0.2s"}
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		sendJSON(w, "[]")
	})
	var waited bool
	c := client(t, server.URL).Observed(extract.Observer{Request: func(r extract.Request) { waited = waited || r.Pause.Seconds() > .5 }})
	if _, rep, err := users(t, c); err != nil || rep.Attempts != 2 || !waited {
		t.Errorf("waited %v: %+v %v", waited, rep, err)
	}
}

// TestAStatusWithoutAName: the error has no trailing space.
func TestAStatusWithoutAName(t *testing.T) {
	server := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(522) })
	_, _, err := users(t, client(t, server.URL))
	if err == nil || err.Error() != "GET /ss/api/user_access: 522, request id req-3" {
		t.Error(err)
	}
}
