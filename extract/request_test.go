package extract_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wheelhouse/extract"
)

func number(n sql.Null[int64]) string {
	if !n.Valid {
		return "-"
	}
	return strconv.FormatInt(n.V, 10)
}

func TestTheKeyIsSentAsItIs(t *testing.T) {
	server := serve(t, always([]byte(`[]`)))
	if _, _, err := users(t, client(t, server.URL)); err != nil {
		t.Fatal(err)
	}
	r := server.asked()[0]
	for name, want := range map[string]string{
		"Authorization": "Basic " + key, "Accept-Encoding": "gzip", "Accept": "application/json", "User-Agent": "wheelhouse-test",
	} {
		if got := r.Header.Values(name); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if r.Method != http.MethodGet || r.URL.Path != "/ss/api/user_access" || r.URL.RawQuery != "" || strings.Contains(r.URL.String(), key) {
		t.Errorf("%s %s", r.Method, r.URL)
	}
}

func TestGzipIsRead(t *testing.T) {
	body := gzipped(recorded(t, "usage_new.1"))
	for _, encoding := range []string{"gzip", "GZIP", "x-gzip"} {
		server := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", encoding)
			sendJSON(w, string(body))
		})
		out, rep, err := sessions(t, client(t, server.URL), day)
		if err != nil || len(out.kept) != 138 || !rep.Reconciled.V {
			t.Errorf("%s: %d rows, %v", encoding, len(out.kept), err)
		}
	}
}

// TestBounds: streams of counts ask up to the second before the window's end, other streams up to the end.
func TestBounds(t *testing.T) {
	zone := time.FixedZone("", 2*3600)
	w := extract.Window{From: time.Date(2024, 3, 31, 0, 0, 0, 0, zone), To: time.Date(2024, 4, 1, 0, 0, 0, 0, zone)}
	const from, to, lastSecond = "2024-03-30T22:00:00Z", "2024-03-31T22:00:00Z", "2024-03-31T21:59:59Z"
	for name, c := range map[string]struct {
		body, to string
		ask      func(*extract.Client) error
	}{
		"demo_usage": {`{"sessions":[]}`, to, func(c *extract.Client) error {
			out := &batch[extract.DemoRequest]{}
			_, _, err := c.DemoUsage(t.Context(), w, out, out.row)
			return err
		}},
		"usage_new": {`{"sessions":[]}`, to, func(c *extract.Client) error { _, _, err := sessions(t, c, w); return err }},
		"share_details": {`{"shares":[]}`, to, func(c *extract.Client) error {
			out := &batch[extract.ShareDetail]{}
			_, err := c.ShareDetails(t.Context(), w, out, out.row)
			return err
		}},
		"company_content": {`[]`, to, func(c *extract.Client) error {
			out := &batch[extract.Content]{}
			_, err := c.CompanyContent(t.Context(), w, out, out.row)
			return err
		}},
		"usage_shares": {`{"stats":{"by_user":[]}}`, lastSecond, func(c *extract.Client) error {
			out := &batch[extract.ShareUsage]{}
			_, err := c.UsageShares(t.Context(), w, out, out.row)
			return err
		}},
		"company_content/shares": {`{"data":[]}`, lastSecond, func(c *extract.Client) error {
			out := &batch[extract.Share]{}
			_, err := c.Shares(t.Context(), w, out, out.row)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, always([]byte(c.body)))
			if err := c.ask(client(t, server.URL)); err != nil {
				t.Fatal(err)
			}
			for _, r := range server.asked() {
				q := r.URL.Query()
				if r.URL.Path != "/ss/api/"+name || q.Get("from") != from || q.Get("to") != c.to {
					t.Errorf("asked %s", r.URL)
				}
				if name == "company_content/shares" && q.Get("inactive") != "true" {
					t.Errorf("asked %s", r.URL)
				}
			}
		})
	}
}

func TestRedirectsAreNeverFollowed(t *testing.T) {
	var called atomic.Int32
	second := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { called.Add(1); sendJSON(w, `[]`) })
	for _, status := range []int{301, 302, 303, 307, 308} {
		first := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, second.URL+"/ss/api/user_access?key="+key, status)
		})
		_, _, err := users(t, client(t, first.URL))
		var api *extract.APIError
		if !errors.As(err, &api) || api.Status != status || len(first.asked()) != 1 || !strings.Contains(err.Error(), "never followed") {
			t.Errorf("%d: %v after %d requests", status, err, len(first.asked()))
		}
		mustBeSilent(t, err)
	}
	if called.Load() != 0 {
		t.Error("the second server was called")
	}
}

func TestServerAddresses(t *testing.T) {
	for server, ok := range map[string]bool{
		"https://meeting.is": true, "https://meeting.is/": true, "https://meeting.is:8443/prefix/": true, "HTTPS://meeting.is": true,
		"http://localhost:4000": true, "http://127.0.0.1:1": true, "http://127.9.9.9": true, "http://[::1]:80": true,
		"http://meeting.is": false, "http://10.0.0.1": false, "http://localhost.example.com": false, "http://127.0.0.1.nip.io": false,
		"http://0.0.0.0": false, "http://[::ffff:8.8.8.8]": false, "ftp://meeting.is": false, "meeting.is": false, "": false,
		"https://": false, "https://user:s3cret@meeting.is": false, "https://meeting.is?x=s3cret": false, "https://meeting.is#s3cret": false,
		"://s3cret": false, "https://s3cret\x7f": false,
	} {
		c, err := extract.New(extract.Config{Server: server, Key: key})
		if (err == nil) != ok {
			t.Errorf("%s: %v", server, err)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error holds the secret: %v", server, err)
		}
		if c != nil {
			c.Close()
		}
	}
}

func TestServerWithAPath(t *testing.T) {
	server := serve(t, always([]byte(`[]`)))
	if _, _, err := users(t, client(t, server.URL+"/proxy/")); err != nil {
		t.Fatal(err)
	}
	if got := server.asked()[0].URL.Path; got != "/proxy/ss/api/user_access" {
		t.Errorf("asked for %s", got)
	}
}

func TestRateIsSharedByAll(t *testing.T) {
	server := serve(t, always([]byte(`[]`)))
	c := client(t, server.URL, func(c *extract.Config) { c.Rate = 20 })
	start := time.Now()
	done := make(chan error)
	for range 28 {
		go func() {
			out := &batch[extract.User]{}
			_, err := c.UserAccess(context.Background(), out, out.row)
			done <- err
		}()
	}
	for range 28 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if took := time.Since(start); took < 350*time.Millisecond {
		t.Errorf("28 requests at 20 a second took %s", took)
	}
}

// mustBeSilent checks that an error holds neither the key nor personal data.
func mustBeSilent(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, secret := range []string{key, "c4n4ry", "jane@prospect.example", "+354", "5812345"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%q in the error: %v", secret, err)
		}
	}
}
