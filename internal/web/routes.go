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
		inside.Handle("GET "+pattern, s.show(p))
	}
	if front {
		inside.Handle("GET /{$}", http.RedirectHandler(pages[0].Path, http.StatusFound))
	}
	inside.HandleFunc("POST /logout", s.access.logout)
	if s.o.Metrics != nil {
		inside.Handle("GET /metrics", s.o.Metrics)
	}
	inside.HandleFunc("/", s.notFound)

	outside := http.NewServeMux() // what nobody must sign in for
	outside.HandleFunc("GET /static/{name}", static)
	outside.HandleFunc("POST /login", s.login)
	outside.Handle("/", s.signedIn(inside))

	bare := http.NewServeMux() // what probes ask for, by whatever name
	bare.HandleFunc("GET /healthz", healthz)
	bare.HandleFunc("GET /readyz", s.readyz)
	bare.Handle("/", s.ownName(http.NewCrossOriginProtection().Handler(outside)))
	return s.safely(bare)
}
