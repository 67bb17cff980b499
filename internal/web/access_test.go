package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"wheelhouse/internal/settings"
	"wheelhouse/internal/testdb"
)

const token = "canary-token-0123456789"

func TestATokenIsRequiredBeyondLoopback(t *testing.T) {
	t.Parallel()
	for listen, open := range map[string]bool{
		"127.0.0.1:8080": true, "localhost:8080": true, "[::1]:8080": true, "127.9.9.9:0": true,
		":8080": false, "0.0.0.0:8080": false, "[::]:8080": false, "10.0.0.1:80": false, "example.com:80": false, "127.0.0.1.example.com:80": false,
	} {
		s, err := New(Options{Database: "postgres://127.0.0.1:1/none", Listen: listen})
		if (err == nil) != open || !open && !errors.Is(err, ErrNoToken) {
			t.Errorf("%s: %v", listen, err)
		}
		if err == nil {
			s.Close()
		}
		if s, err = New(Options{Database: "postgres://127.0.0.1:1/none", Listen: listen, Token: settings.NewSecret(token)}); err != nil {
			t.Errorf("%s with a token: %v", listen, err)
		} else {
			s.Close()
		}
	}
}

func guarded(t *testing.T) *visitor {
	return visit(t, testdb.New(t), func(o *Options) {
		o.Listen, o.Token = ":8080", settings.NewSecret(token)
		o.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1\n") })
	})
}

func TestBearerTokenIsRequired(t *testing.T) {
	t.Parallel()
	v := guarded(t)
	for _, path := range []string{"/", "/pipeline/runs", "/metrics", "/nothing", "/logout"} {
		v.header = http.Header{}
		if _, header := v.get(http.StatusUnauthorized, path); !strings.HasPrefix(header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: %v", path, header)
		}
		for _, wrong := range []string{"Bearer", "Bearer ", "Bearer " + token[1:], "Bearer " + token + "x", "Basic " + token, token} {
			v.header.Set("Authorization", wrong)
			v.get(http.StatusUnauthorized, path)
		}
	}
	v.header.Set("Authorization", "bearer "+token)
	if body, _ := v.get(http.StatusOK, "/metrics"); body != "up 1\n" {
		t.Error(body)
	}
	v.get(http.StatusOK, "/pipeline/runs")
	v.header = http.Header{}
	v.get(http.StatusOK, "/healthz")
	v.get(http.StatusOK, "/readyz")
	v.get(http.StatusOK, styleAddress)
}

func TestSigningInSetsACookie(t *testing.T) {
	t.Parallel()
	v := guarded(t)
	jar, _ := cookiejar.New(nil) // without options it cannot fail
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	body, _ := v.get(http.StatusUnauthorized, "/pipeline/runs?days=7")
	wellFormed(t, "login", body)
	if !strings.Contains(body, `value="/pipeline/runs?days=7"`) {
		t.Errorf("the form has not the address of the page:\n%s", body)
	}
	send := func(given, next string) *http.Response {
		t.Helper()
		response, err := client.PostForm(v.url+"/login", url.Values{"token": {given}, "next": {next}})
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response
	}
	if r := send("wrong-token-0123456789", "/"); r.StatusCode != http.StatusUnauthorized || len(r.Cookies()) > 0 {
		t.Errorf("a wrong token: %s %v", r.Status, r.Cookies())
	}
	r := send(token, "/pipeline/runs?days=7")
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/pipeline/runs?days=7" || len(r.Cookies()) != 1 {
		t.Fatalf("%s %v", r.Status, r.Header)
	}
	c := r.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || strings.Contains(c.Value, token) || c.MaxAge <= 0 {
		t.Errorf("%+v", c)
	}
	v.header.Set("Cookie", c.String())
	v.get(http.StatusOK, "/pipeline/runs")
	for _, forged := range []string{"9999999999." + strings.SplitN(c.Value, ".", 2)[1], c.Value + "x", strings.SplitN(c.Value, ".", 2)[0], "x.y", ""} {
		v.header.Set("Cookie", cookieName+"="+forged)
		v.get(http.StatusUnauthorized, "/pipeline/runs")
	}
	for _, elsewhere := range []string{"https://evil.example/", "//evil.example", "/\\evil.example", "\\evil", "javascript:alert(1)", "/%0d%0aX: y", ""} {
		r := send(token, elsewhere)
		to, err := url.Parse(r.Header.Get("Location"))
		if err != nil || to.Host != "" || to.Scheme != "" || !strings.HasPrefix(to.Path, "/") || strings.HasPrefix(r.Header.Get("Location"), "//") {
			t.Errorf("%q leads to %q", elsewhere, r.Header.Get("Location"))
		}
	}
}

// Signing out with an expired cookie, and then signing in again, leads to a page.
func TestSigningOutAfterTheCookieExpired(t *testing.T) {
	t.Parallel()
	v := guarded(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.url+"/logout", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusUnauthorized || !strings.Contains(string(body), `name="next" value="/"`) {
		t.Errorf("%s, %v\n%s", response.Status, err, body)
	}
}

// An address refuses other methods than its own, and says which it accepts.
func TestOtherMethodsAreRefused(t *testing.T) {
	t.Parallel()
	v := guarded(t)
	ask := func(method, path string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, v.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response
	}
	there := []string{"/metrics", styleAddress, "/healthz", "/readyz"}
	for _, p := range pages {
		there = append(there, p.Path)
	}
	for _, path := range there {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
			if r := ask(method, path); r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %s, Allow %q", method, path, r.Status, r.Header.Get("Allow"))
			}
		}
		if r := ask(http.MethodHead, path); r.StatusCode == http.StatusMethodNotAllowed || r.StatusCode == http.StatusNotFound {
			t.Errorf("HEAD %s: %s", path, r.Status)
		}
	}
	if r := ask(http.MethodPost, "/nothing"); r.StatusCode != http.StatusNotFound {
		t.Errorf("/nothing: %s", r.Status)
	}
}

func TestCookiesExpire(t *testing.T) {
	t.Parallel()
	now := time.Now()
	a := access{token: token, now: func() time.Time { return now }}
	value := a.cookieValue(now.Add(time.Hour))
	if !a.validCookie(value) || (access{token: token + "2", now: a.now}).validCookie(value) {
		t.Error("a cookie is invalid with its token, or valid with another")
	}
	now = now.Add(2 * time.Hour)
	if a.validCookie(value) {
		t.Error("a cookie never expires")
	}
}

// Forms on other sites can neither sign a user out nor try tokens.
func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	v := guarded(t)
	for _, path := range []string{"/login", "/logout"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.url+path, strings.NewReader("token="+token))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusForbidden || len(response.Cookies()) > 0 {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
}

// Requests to another site's host name, which may resolve to loopback, are refused.
func TestForeignHostNamesAreRefused(t *testing.T) {
	t.Parallel()
	v := visit(t, testdb.New(t), nil)
	for host, status := range map[string]int{
		"localhost": 200, "localhost:8080": 200, "127.0.0.1:99": 200, "[::1]:8080": 200, "[::1]": 200,
		"evil.example": 421, "evil.example:8080": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example": 421, "10.0.0.1": 421,
	} {
		v.host = host
		v.get(status, "/pipeline/runs")
		v.get(http.StatusOK, "/healthz")
	}
}

func TestResponsesHaveSecurityHeaders(t *testing.T) {
	t.Parallel()
	v := visit(t, testdb.New(t), nil)
	for path, status := range map[string]int{"/": 200, "/pipeline/runs": 200, "/nothing": 404, "/metrics": 404, styleAddress: 200, "/static/x": 404, "/healthz": 200} {
		_, header := v.get(status, path)
		for _, part := range []string{"default-src 'none'", "style-src 'self'", "img-src 'self' data:", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
			if !strings.Contains(header.Get("Content-Security-Policy"), part) {
				t.Errorf("%s: no %s", path, part)
			}
		}
		if strings.Contains(header.Get("Content-Security-Policy"), "unsafe") || header.Get("X-Content-Type-Options") != "nosniff" ||
			header.Get("Referrer-Policy") != "no-referrer" || header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %v", path, header)
		}
	}
}

// A panic's value may contain personal data, so neither the page nor the log shows it.
func TestPanicBecomesAnErrorPage(t *testing.T) {
	t.Parallel()
	v := visit(t, testdb.New(t), func(o *Options) {
		o.Metrics = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("canary-value") })
	})
	body, _ := v.get(http.StatusInternalServerError, "/metrics")
	wellFormed(t, "panic", body)
	logged := v.logs.All()
	if len(logged) != 1 || strings.Contains(body, "canary") {
		t.Fatalf("%v\n%s", logged, body)
	}
	fields := logged[0].ContextMap()
	if id, _ := fields["error_id"].(string); id == "" || !strings.Contains(body, id) || strings.Contains(logged[0].Message, "canary") {
		t.Errorf("%v", fields)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(nil) // only for its listener
	s, err := New(Options{Database: testdb.New(t), Listen: server.Listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, server.Listener) }()
	response, err := http.Get("http://" + server.Listener.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	stop()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("Serve does not return")
	}
}
