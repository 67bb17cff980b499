package web

import (
	"net"
	"net/http"
	"runtime/debug"

	"go.uber.org/zap"
)

// policy lets a page have our stylesheet and pictures, send its forms to us, and nothing else.
const policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// safely gives every answer its headers, and makes an error page of a panic, without its value.
func (s *Server) safely(next http.Handler) http.Handler {
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
			s.problem(w, r, trouble{Status: http.StatusInternalServerError, Title: "This page failed", ID: id,
				Say: "That is a defect of this program. The log has more under the id below."})
		}()
		next.ServeHTTP(w, r)
	})
}

// ownName refuses requests by a name that is not ours. Only where there is no token: a foreign name has no cookie.
func (s *Server) ownName(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if len(host) > 1 && host[0] == '[' && host[len(host)-1] == ']' {
			host = host[1 : len(host)-1]
		}
		if s.access.token == "" && !loopbackHost(host) {
			s.problem(w, r, trouble{Status: http.StatusMisdirectedRequest, Title: "Another name",
				Say: "Without a token these pages answer only to localhost, 127.0.0.1 and [::1]. To reach them by another name (through a proxy, say) set WHEELHOUSE_TOKEN or WHEELHOUSE_TOKEN_FILE."})
			return
		}
		next.ServeHTTP(w, r)
	})
}
