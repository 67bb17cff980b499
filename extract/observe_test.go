package extract_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"wheelhouse/extract"
)

// observed asks for the users and returns what the observer got.
func observed(t *testing.T, ctx context.Context, c *extract.Client, row func(extract.Record[extract.User]) error) (all []extract.Request) {
	t.Helper()
	out := &batch[extract.User]{}
	if row == nil {
		row = out.row
	}
	_, _ = c.Observed(extract.Observer{Request: func(r extract.Request) { all = append(all, r) }}).UserAccess(ctx, out, row) // each result is in all
	return all
}

func TestObserved(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		row    func(extract.Record[extract.User]) error
		want   extract.Result
	}{
		"whole":      {func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, `[{"email":"a@x.com"}]`) }, nil, extract.ResultOK},
		"401":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, nil, extract.ResultUnauthorized},
		"403":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, nil, extract.ResultForbidden},
		"404":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, nil, extract.ResultNotFound},
		"429":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, nil, extract.ResultThrottled},
		"a redirect": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(302) }, nil, extract.ResultRefused},
		"503":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, nil, extract.ResultServerError},
		"cut":        {func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, `[{"email":"a@x.com"}`) }, nil, extract.ResultBroken},
		"html": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<p>"))
		}, nil, extract.ResultBroken},
		"no head in time": {func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-time.After(3 * time.Second):
			}
		}, nil, extract.ResultTimeout},
		"no body in time": {func(w http.ResponseWriter, r *http.Request) {
			sendJSON(w, "[")
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
			case <-time.After(3 * time.Second):
			}
		}, nil, extract.ResultTimeout},
		"hung up":             {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, nil, extract.ResultNoAnswer},
		"rows cannot be kept": {func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, `[{"email":"a@x.com"}]`) }, fullDisk, extract.ResultGivenUp},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { c.answer(w, r) })
			all := observed(t, t.Context(), client(t, server.URL, func(cfg *extract.Config) {
				cfg.Attempts, cfg.FirstByte, cfg.Idle = 2, 100*time.Millisecond, 100*time.Millisecond
			}), c.row)
			if len(all) == 0 || len(all) != len(server.asked()) {
				t.Fatalf("observed %d requests, sent %d", len(all), len(server.asked()))
			}
			for i, r := range all {
				if r.Result != c.want || r.Number != i+1 || r.Took <= 0 || r.Head > r.Took {
					t.Errorf("request %d: %+v, want %s", i+1, r, c.want)
				}
				if answered := c.want != extract.ResultNoAnswer && name != "no head in time"; (r.Head > 0) != answered {
					t.Errorf("request %d: head after %s", i+1, r.Head)
				}
			}
			if !slices.Contains(extract.Results, c.want) {
				t.Errorf("%s is not among the results", c.want)
			}
		})
	}
}

func fullDisk(extract.Record[extract.User]) error { return errors.New("the disk is full") }

// TestObservedGivenUp: a request that ends with its context is not counted against the API.
func TestObservedGivenUp(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	server := serve(t, func(_ int, _ http.ResponseWriter, r *http.Request) { stop(); <-r.Context().Done() })
	all := observed(t, ctx, client(t, server.URL), nil)
	if len(all) != 1 || all[0].Result != extract.ResultGivenUp {
		t.Errorf("%+v", all)
	}
}

// TestObservedPanic: a panic of the row callback is observed, and is not recovered.
func TestObservedPanic(t *testing.T) {
	server := serve(t, always([]byte(`[{"email":"a@x.com"}]`)))
	var all []extract.Request
	func() {
		defer func() { _ = recover() }()
		c := client(t, server.URL).Observed(extract.Observer{Request: func(r extract.Request) { all = append(all, r) }})
		_, _ = c.UserAccess(t.Context(), &batch[extract.User]{}, func(extract.Record[extract.User]) error { panic("a bug") })
	}()
	if len(all) != 1 || all[0].Result != extract.ResultGivenUp {
		t.Errorf("%+v", all)
	}
}

// TestObservedWaits: waits for the rate limit and for a Retry-After are observed separately.
func TestObservedWaits(t *testing.T) {
	server := serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 2 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		sendJSON(w, `[]`)
	})
	c := client(t, server.URL, func(cfg *extract.Config) { cfg.Rate = 5 }) // one in 200 ms
	var all []extract.Request
	for range 6 {
		all = append(all, observed(t, t.Context(), c, nil)...)
	}
	if len(all) != 7 {
		t.Fatalf("%d requests", len(all))
	}
	if paused := all[2]; paused.Pause < 500*time.Millisecond || paused.Turn > 400*time.Millisecond || paused.Number != 2 {
		t.Errorf("asked to wait a second: %+v", paused)
	}
	for i := range 12 { // until a request has to wait for the rate limit
		if all = observed(t, t.Context(), c, nil); all[0].Turn > 50*time.Millisecond && all[0].Pause < 50*time.Millisecond {
			return
		}
		if i == 11 {
			t.Errorf("no request waited for its turn: %+v", all)
		}
	}
}

// TestObservedRetries: an observer gets each request, the reason for each retry, and the end of each wait.
func TestObservedRetries(t *testing.T) {
	t.Parallel()
	server := serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		switch n {
		case 1:
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte("12345"))
		case 2:
			sendJSON(w, `{"sessions":[`)
		default:
			sendJSON(w, string(recorded(t, "usage_new.2")))
		}
	})
	var told []string
	note := func(format string, args ...any) { told = append(told, fmt.Sprintf(format, args...)) }
	var waits []time.Duration
	c := client(t, server.URL).Observed(extract.Observer{
		Request: func(r extract.Request) {
			note("%d %s %s %s: %d %s %s, bytes %t", r.Number, r.Path(), r.From(), r.To(), r.Status, r.Result, r.RequestID, r.Bytes > 0)
		},
		Retry: func(r extract.Retry) {
			note("%d failed: %s", r.Number, r.Result)
			waits = append(waits, r.Wait)
		},
		Wait: func(why extract.WaitReason, _ time.Duration) func() {
			note("wait: %s", why)
			return func() { note("over: %s", why) }
		},
	})
	if _, _, err := sessions(t, c, day); err != nil {
		t.Fatal(err)
	}
	const asked = " /ss/api/usage_new 2024-03-01T00:00:00Z 2024-03-02T00:00:00Z: "
	want := []string{
		"1" + asked + "429 throttled req-1, bytes true", "1 failed: throttled", "wait: Retry-After", "over: Retry-After",
		"2" + asked + "200 broken req-2, bytes true", "2 failed: broken",
		"3" + asked + "200 ok req-3, bytes true",
	}
	if !slices.Equal(told, want) {
		t.Errorf("got  %q\nwant %q", told, want)
	}
	if len(waits) != 2 || waits[0] < 900*time.Millisecond || waits[0] > time.Second || waits[1] > 500*time.Millisecond {
		t.Errorf("waits %s", waits)
	}
}

// canned is a network that answers each request at once.
type canned string

func (c canned) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(string(c)))}, nil
}

// TestObservingAllocatesLittle: counting requests costs at most two allocations for each request.
func TestObservingAllocatesLittle(t *testing.T) {
	c := client(t, "http://127.0.0.1:1", func(cfg *extract.Config) {
		cfg.Transport = func(http.RoundTripper) http.RoundTripper { return canned(`[]`) }
	})
	allocations := func(c *extract.Client) float64 {
		return testing.AllocsPerRun(200, func() {
			if _, err := c.UserAccess(t.Context(), &batch[extract.User]{}, nil); err != nil {
				t.Fatal(err)
			}
		})
	}
	requests := 0
	plain, counted := allocations(c), allocations(c.Observed(extract.Observer{Request: func(extract.Request) { requests++ }}))
	if requests < 200 || counted > plain+2 {
		t.Errorf("%.0f allocations without an observer, %.0f with one of %d requests", plain, counted, requests)
	}
}
