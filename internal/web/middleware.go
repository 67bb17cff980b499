package web

import (
	"net"
	"net/http"
	"runtime/debug"

	"go.uber.org/zap"
)

// policy allows a page the stylesheet, pictures and form targets of this server, and nothing else.
const policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// withHeaders adds headers to every response, and turns a panic into an error page without the panic's value.
func (s *Server) withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p)
			}
			id := errorID()
			s.o.Log.Error("page panicked", zap.String("error_id", id), zap.String("path", r.URL.Path), zap.ByteString("stack", debug.Stack()))
			s.showError(w, r, errorPage{Status: http.StatusInternalServerError, Title: "This page failed", ID: id,
				Message: "This is a defect of the program. The log has more under the id below."})
		}()
		next.ServeHTTP(w, r)
	})
}

// requireOwnHost refuses requests to another host name than loopback's, if there is no token. With a token the check is not
// needed: a browser sends no cookie to another name.
func (s *Server) requireOwnHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if len(host) > 1 && host[0] == '[' && host[len(host)-1] == ']' {
			host = host[1 : len(host)-1]
		}
		if s.access.token == "" && !loopbackHost(host) {
			s.showError(w, r, errorPage{Status: http.StatusMisdirectedRequest, Title: "Another host name",
				Message: "Without a token these pages answer only to localhost, 127.0.0.1 and [::1]. To use another name, such as that of a proxy, set WHEELHOUSE_TOKEN or WHEELHOUSE_TOKEN_FILE."})
			return
		}
		next.ServeHTTP(w, r)
	})
}
