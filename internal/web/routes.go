package web

import (
	"net/http"
)

// pages lists all pages. Those with a Nav appear in the navigation, in this order.
var pages = []*page{
	overviewPage,
	agentPage,
	sharePage,
	campaignPage,
	pipelinePage,
	windowsPage,
	windowPage,
	runsPage,
	rejectsPage,
	changesPage,
}

// routes maps addresses to handlers.
func (s *Server) routes() http.Handler {
	inside := http.NewServeMux()
	front := true
	for _, p := range pages {
		pattern := p.Path
		if pattern == "/" {
			pattern, front = "/{$}", false
		}
		s.get(inside, pattern, s.show(p))
	}
	if front {
		s.get(inside, "/{$}", http.RedirectHandler(pages[0].Path, http.StatusFound))
	}
	inside.HandleFunc("POST /logout", s.access.logout)
	if s.o.Metrics != nil {
		s.get(inside, "/metrics", s.o.Metrics)
	}
	inside.HandleFunc("/", s.notFound)

	outside := http.NewServeMux() // open without signing in
	s.get(outside, "/static/{name}", http.HandlerFunc(static))
	outside.HandleFunc("POST /login", s.login)
	outside.Handle("/", s.requireToken(inside))

	bare := http.NewServeMux() // for probes, under any host name
	s.get(bare, "/healthz", http.HandlerFunc(healthz))
	s.get(bare, "/readyz", http.HandlerFunc(s.readyz))
	bare.Handle("/", s.requireOwnHost(http.NewCrossOriginProtection().Handler(outside)))
	return s.withHeaders(bare)
}

// get makes an address answer GET and HEAD. Other methods get an error that says so.
func (s *Server) get(mux *http.ServeMux, pattern string, h http.Handler) {
	mux.Handle("GET "+pattern, h)
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", "GET, HEAD")
		s.showError(w, r, errorPage{Status: http.StatusMethodNotAllowed, Title: "This page is read-only", Message: "This address answers GET and HEAD only."})
	})
}
