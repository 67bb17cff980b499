package web

import (
	"context"
	"io"
	"net/http"
	"time"

	"wheelhouse/migrations"
)

// healthz answers while the process runs.
func healthz(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") }

// readyz reports whether the database has this program's schema, and answers a statement that every page sends, with the role and the
// settings of pages. Requests need no token. They share one check, so that any number of them uses one connection and leaves the others
// to the pages.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	_, err, _ := s.ready.Do("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 3*time.Second)
		defer cancel()
		if err := migrations.Check(ctx, s.reader.pool); err != nil {
			return nil, err
		}
		return nil, s.Check(ctx)
	})
	if err != nil {
		plain(w, http.StatusServiceUnavailable, "not ready: the database does not answer, has another schema, or does not let the pages read\n")
		return
	}
	plain(w, http.StatusOK, "ready\n")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // the client may have disconnected
}
