package simulator

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestBadRequestsAreRefused(t *testing.T) {
	s := account()
	day := query(jan1, jan1.AddDate(0, 0, 1))
	for _, c := range []struct {
		name, path, key string
		status          int
	}{
		{"wrong key", "usage_new", "Basic other", 401},
		{"no key", "usage_new", "", 401},
		{"base64 of the key", "usage_new", "Basic YWJjMTIz", 401},
		{"unknown path", "usage", "", 404},
		{"unknown slug", "company_content/shares/00000000-0000-4000-8000-000000000000", "", 404},
		{"unknown content", "company_content/1", "", 404},
		{"content that is no number", "company_content/x", "", 404},
		{"unknown user", "user_access/nobody@acme.example", "", 404},
		{"no bounds", "usage_shares", "", 400},
		{"one bound", "share_details?from=2024-01-01T00:00:00Z", "", 400},
		{"bad bound", "usage_new?from=yesterday", "", 400},
		{"bounds the wrong way round", "demo_usage" + query(july, jan1), "", 400},
		{"bad page", "company_content/shares" + day + "&page=0", "", 400},
		{"bad size", "company_content/shares" + day + "&page_size=many", "", 400},
		{"bad view", "company_content" + day + "&view=all", "", 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			header := []string{"Accept-Encoding", "gzip"}
			if c.status == 401 {
				header = append(header, "Authorization", c.key)
			}
			w := ask(s, c.path, header...)
			var e struct{ Error string }
			if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || e.Error == "" || w.Code != c.status {
				t.Errorf("status %d, want %d, with a JSON error: %s", w.Code, c.status, w.Body)
			}
			if w.Header().Get("X-Request-Id") == "" {
				t.Error("no x-request-id")
			}
		})
	}
}

func TestGzipHasThePlainBytes(t *testing.T) {
	path := "usage_new" + query(jan1.AddDate(0, 1, 0), july) // more than one chunk
	plain := ask(account(), path).Body.Bytes()
	w := ask(account(), path, "Accept-Encoding", "gzip, br")
	if got := w.Header().Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("Content-Encoding %q", got)
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(z); err != nil || string(b) != string(plain) {
		t.Fatalf("uncompressed answer differs from the plain one (%v)", err)
	}
	never := account(func(o *Options) { o.Shape.NoGzip = true })
	if got := ask(never, path, "Accept-Encoding", "gzip").Header().Get("Content-Encoding"); got != "" {
		t.Fatalf("NoGzip: Content-Encoding %q", got)
	}
}

// Answers over HTTP equal those in a recorder, streamed or not, compressed or not.
func TestAnswersAreTheSameOverHTTP(t *testing.T) {
	s := account()
	server := httptest.NewServer(s)
	defer server.Close()
	for _, path := range []string{"user_access/nobody", "user_access", "usage_new", "usage_new" + query(jan1, july)} {
		for _, compressed := range []bool{true, false} {
			r, err := http.NewRequest(http.MethodGet, server.URL+"/ss/api/"+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Basic "+testKey)
			if !compressed {
				r.Header.Set("Accept-Encoding", "identity")
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if want := ask(s, path); err != nil || string(body) != want.Body.String() || answer.StatusCode != want.Code {
				t.Errorf("%s, compressed %t: status %d, %d bytes, %v", path, compressed, answer.StatusCode, len(body), err)
			}
		}
	}
}

func TestDefaultWindowIsTheLastDays(t *testing.T) {
	s := account()
	now := july
	for path, days := range map[string]int{"usage_new": 28, "demo_usage": 28, "company_content/shares": 29} {
		from := now.AddDate(0, 0, -days)
		want, got := ask(s, path+query(from, now)).Body.String(), ask(s, path).Body.String()
		if want != got {
			t.Errorf("%s: the window without bounds is not the last %d days", path, days)
		}
	}
}

func TestServedCountsAnsweredRequests(t *testing.T) {
	s := account()
	ask(s, "usage_new")
	ask(s, "usage_new")
	ask(s, "company_content/shares/x")
	ask(s, "usage_new", "Authorization", "Basic wrong")
	if got := fmt.Sprint(s.Served()); got != "map[company_content/shares/:slug:1 usage_new:2]" {
		t.Error(got)
	}
}

func TestTeamGrows(t *testing.T) {
	late, early := account(), account(at(jan1))
	users := mustGet[[]struct{ Email, Privilege string }](t, late, "user_access")
	before := mustGet[[]struct{ Email string }](t, early, "user_access")
	if len(users) != 27 || len(before) >= 16 { // with the owner and a reporting user
		t.Errorf("%d users at the end and %d at the start, want 27 and about half", len(users), len(before))
	}
	left := 0
	for _, u := range late.Users() {
		if !u.Left.IsZero() {
			left++
		}
	}
	if left == 0 {
		t.Error("nobody ever leaves")
	}
	one := ask(late, "user_access/"+users[2].Email).Body.String()
	if !strings.Contains(ask(late, "user_access").Body.String(), one) {
		t.Errorf("%s is not in the list", one)
	}
}
