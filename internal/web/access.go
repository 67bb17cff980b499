package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// access decides who may read the pages. Without a token, everybody who can connect may.
type access struct {
	token string
	now   func() time.Time
}

const (
	cookieName = "wheelhouse"
	cookieLife = 30 * 24 * time.Hour
)

// allows reports whether a request has the token or a valid cookie.
func (a access) allows(r *http.Request) bool {
	if a.token == "" {
		return true
	}
	if scheme, given, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return a.matches(strings.TrimSpace(given))
	}
	cookie, err := r.Cookie(cookieName)
	return err == nil && a.validCookie(cookie.Value)
}

// matches compares with the token in a time that reveals nothing about it, not even its length.
func (a access) matches(given string) bool {
	x, y := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(a.token))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// cookieValue is the expiry time and a proof that its maker knew the token. All cookies become invalid when the token changes.
func (a access) cookieValue(until time.Time) string {
	text := strconv.FormatInt(until.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(a.token))
	mac.Write([]byte("wheelhouse pages until " + text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (a access) validCookie(value string) bool {
	text, _, _ := strings.Cut(value, ".")
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || a.now().Unix() > seconds {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(value), []byte(a.cookieValue(time.Unix(seconds, 0)))) == 1
}

// requireToken answers requests without the token: with the form for a browser, with an error for a program.
func (s *Server) requireToken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.access.allows(r) {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="wheelhouse"`)
		if !strings.Contains(r.Header.Get("Accept"), "text/html") {
			http.Error(w, "a token is required: Authorization: Bearer …", http.StatusUnauthorized)
			return
		}
		next := "/"
		if r.Method == http.MethodGet || r.Method == http.MethodHead { // other methods cannot be repeated by following a link
			next = r.URL.RequestURI()
		}
		s.loginForm(w, r, next, false)
	})
}

type loginData struct {
	Next  string
	Wrong bool
}

func (s *Server) loginForm(w http.ResponseWriter, r *http.Request, next string, wrong bool) {
	s.render(w, r, http.StatusUnauthorized, loginTemplate, &view{Title: "Sign in", Bare: true, Data: loginData{localPath(next), wrong}})
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	next := r.PostFormValue("next")
	if s.access.token == "" || !s.access.matches(r.PostFormValue("token")) {
		s.loginForm(w, r, next, true)
		return
	}
	until := s.access.now().Add(cookieLife)
	http.SetCookie(w, s.access.cookie(r, s.access.cookieValue(until), int(cookieLife.Seconds())))
	http.Redirect(w, r, localPath(next), http.StatusSeeOther)
}

func (a access) logout(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, a.cookie(r, "", -1))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a access) cookie(r *http.Request, value string, age int) *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		// A proxy sets this header. A client that sets it itself only loses its own cookie.
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
	}
}

// localPath is next if it is an address on this server, else the first page.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") ||
		strings.HasPrefix(u.Path, "//") || strings.ContainsAny(u.Path, "\\\r\n") {
		return "/"
	}
	return (&url.URL{Path: u.Path, RawQuery: u.RawQuery}).RequestURI()
}
