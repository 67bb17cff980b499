package web

import (
	"net/http"
)

// pages are all there are; those with a Nav stand in the navigation in this order.
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

// routes puts everything behind its address.
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

	outside := http.NewServeMux() // what nobody must sign in for
	s.get(outside, "/static/{name}", http.HandlerFunc(static))
	outside.HandleFunc("POST /login", s.login)
	outside.Handle("/", s.signedIn(inside))

	bare := http.NewServeMux() // what probes ask for, by whatever name
	s.get(bare, "/healthz", http.HandlerFunc(healthz))
	s.get(bare, "/readyz", http.HandlerFunc(s.readyz))
	bare.Handle("/", s.ownName(http.NewCrossOriginProtection().Handler(outside)))
	return s.safely(bare)
}

// get has an address answer GET and HEAD, and other methods that it answers these alone.
func (s *Server) get(mux *http.ServeMux, pattern string, h http.Handler) {
	mux.Handle("GET "+pattern, h)
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", "GET, HEAD")
		s.problem(w, r, trouble{Status: http.StatusMethodNotAllowed, Title: "Only to be read", Say: "What is at this address can be asked for, and nothing can be sent to it."})
	})
}
