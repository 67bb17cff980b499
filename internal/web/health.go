package web

import (
	"context"
	"io"
	"net/http"
	"time"

	"wheelhouse/migrations"
)

// healthz answers as long as the process does.
func healthz(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") }

// readyz tells whether the database answers and has this program's schema. Why not is in the log of the pages. However many ask,
// who need no token, one connection is enough for them: the others are the pages'.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	_, err, _ := s.ready.Do("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 3*time.Second)
		defer cancel()
		return nil, migrations.Check(ctx, s.books.pool)
	})
	if err != nil {
		plain(w, http.StatusServiceUnavailable, "not ready: the database does not answer, or has another schema\n")
		return
	}
	plain(w, http.StatusOK, "ready\n")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // who asked may have gone
}
