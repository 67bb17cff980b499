package extract_test

import (
	"net/http"
	"testing"
	"time"

	"wheelhouse/extract"
)

// TestNoBurst: requests are sent evenly from the first on, so that an API with the same limit refuses none.
func TestNoBurst(t *testing.T) {
	t.Parallel()
	const perSecond, requests = 20, 12
	server := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { sendJSON(w, `{"users": []}`) })
	c := client(t, server.URL, attempts(1), func(c *extract.Config) { c.Rate = perSecond })
	began := time.Now()
	for range requests {
		out := &batch[extract.User]{}
		_, _ = c.UserAccess(t.Context(), out, out.row) // the answer does not matter
	}
	if n := len(server.asked()); n != requests {
		t.Fatalf("%d requests", n)
	}
	if took, least := time.Since(began), time.Second*(requests-1)/perSecond; took < least {
		t.Errorf("%d requests went out in %v: %d a second may go in %v", requests, took, perSecond, least)
	}
}
