package extract_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wheelhouse/extract"
)

func TestStatuses(t *testing.T) {
	for status, want := range map[int]int{ // the number of requests; 3 attempts are allowed
		400: 1, 401: 1, 403: 1, 404: 1, 410: 1, 422: 1, 408: 3, 429: 3, 500: 3, 502: 3, 503: 3, 504: 3, 501: 1, 204: 1, 206: 1, 304: 1,
		520: 3, 521: 3, 522: 3, 523: 3, 524: 3, 525: 3, 526: 3, 527: 3, 528: 3, 529: 3, 519: 1, 530: 1,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			server := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				_, _ = w.Write([]byte(`[]`))
			})
			out, rep, err := users(t, client(t, server.URL))
			var api *extract.APIError
			if !errors.As(err, &api) || api.Status != status || api.Path != "/ss/api/user_access" || out.log != "" {
				t.Fatalf("%s %v", out.log, err)
			}
			if n := len(server.asked()); n != want || rep.Attempts != want || len(rep.RequestIDs) != want {
				t.Errorf("%d requests, %+v, want %d", n, rep, want)
			}
			if api.RequestID != fmt.Sprintf("req-%d", want) || !strings.Contains(err.Error(), api.RequestID) {
				t.Errorf("request id %q: %v", api.RequestID, err)
			}
		})
	}
}

func TestARetrySucceeds(t *testing.T) {
	for _, status := range []int{408, 429, 500, 502, 503, 504, 520, 524, 529} {
		server := serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
			if n < 3 {
				w.WriteHeader(status)
				return
			}
			sendJSON(w, string(recorded(t, "user_access")))
		})
		out, rep, err := users(t, client(t, server.URL))
		if err != nil || len(out.kept) != 3 || rep.Attempts != 3 || !slices.Equal(rep.RequestIDs, []string{"req-1", "req-2", "req-3"}) {
			t.Errorf("%d: %+v %v", status, rep, err)
		}
	}
}

// TestRetryAfter: the retry waits as long as the server asks for.
func TestRetryAfter(t *testing.T) {
	for name, c := range map[string]struct {
		after string
		atMin time.Duration
		atMax time.Duration
	}{
		"seconds":       {"1", time.Second, 1900 * time.Millisecond},
		"an HTTP date":  {"date", 900 * time.Millisecond, 3 * time.Second},
		"none":          {"", 0, 500 * time.Millisecond},
		"absurd":        {"soon", 0, 500 * time.Millisecond},
		"negative":      {"-5", 0, 500 * time.Millisecond},
		"a date passed": {"Sun, 06 Nov 1994 08:49:37 GMT", 0, 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
				if n > 1 {
					sendJSON(w, `[]`)
					return
				}
				after := c.after
				if after == "date" {
					after = time.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat)
				}
				if after != "" {
					w.Header().Set("Retry-After", after)
				}
				w.WriteHeader(http.StatusTooManyRequests)
			})
			start := time.Now()
			_, rep, err := users(t, client(t, server.URL))
			if took := time.Since(start); err != nil || rep.Attempts != 2 || took < c.atMin || took > c.atMax {
				t.Errorf("took %s: %+v %v", took, rep, err)
			}
		})
	}
}

// TestRetryAfterHoldsEverybodyBack: a Retry-After holds for all requests of the account.
func TestRetryAfterHoldsEverybodyBack(t *testing.T) {
	t.Parallel()
	server := serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		sendJSON(w, `[]`)
	})
	c := client(t, server.URL, attempts(1))
	if _, _, err := users(t, c); err == nil {
		t.Fatal("no error")
	}
	start := time.Now()
	if _, _, err := users(t, c); err != nil || time.Since(start) < 900*time.Millisecond {
		t.Errorf("asked again after %s: %v", time.Since(start), err)
	}
}

func TestParseRetryAfter(t *testing.T) {
	now := time.Date(2024, 3, 1, 10, 0, 0, 0, time.UTC)
	for h, want := range map[string]time.Duration{
		"": -1, " ": -1, "x": -1, "-1": -1, "0": 0, " 7 ": 7 * time.Second, "300": 5 * time.Minute, "301": 5 * time.Minute,
		"9223372036854775807": 5 * time.Minute, "9223372036854775808": 5 * time.Minute, "99999999999999999999999": 5 * time.Minute,
		"Fri, 01 Mar 2024 10:00:09 GMT": 9 * time.Second, "Friday, 01-Mar-24 10:00:09 GMT": 9 * time.Second,
		"Fri Mar  1 10:00:09 2024": 9 * time.Second, "Fri, 01 Mar 2024 09:00:00 GMT": 0, "Fri, 31 Dec 9999 23:59:59 GMT": 5 * time.Minute,
		"2024-03-01T10:00:09Z": -1,
		"26.0":                 26 * time.Second, "1.5": 2 * time.Second, "1.0001": 2 * time.Second, "7.": 7 * time.Second, "299.9": 5 * time.Minute, "0.0": 0,
		".5": -1, "-1.5": -1, "1.5.5": -1, "1e2": -1, "0x10": -1, "1_0": -1, "99999999999999999999999.5": 5 * time.Minute,
		"26s": 26 * time.Second, "26 s": 26 * time.Second, "1.5S": 2 * time.Second, "s": -1, "26ms": -1, "26ss": -1,
		"26, 27": 27 * time.Second, "27,26": 27 * time.Second, "soon, 26": 26 * time.Second, "26,": 26 * time.Second, ",": -1, "26, -1": 26 * time.Second,
		"5, Fri, 01 Mar 2024 10:00:09 GMT": 9 * time.Second, "Fri, 01 Mar 2024 10:00:09 GMT,11": 11 * time.Second,
		"Fri, 01 Mar 2024 10:00:09 GMT, Fri, 01 Mar 2024 10:00:12 GMT": 12 * time.Second, "Fri Mar  1 10:00:09 2024, 4": 9 * time.Second,
	} {
		got, ok := extract.ParseRetryAfter(h, now)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q: %s, want %s", h, got, want)
		}
	}
}

func TestConnectFailure(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + l.Addr().String()
	_ = l.Close() // nothing listens on the address now
	out, rep, err := sessions(t, client(t, address), day)
	if err == nil || out.log != "" || rep.Attempts != 3 || len(rep.RequestIDs) != 0 {
		t.Errorf("%s %+v %v", out.log, rep, err)
	}
	mustBeSilent(t, err)
}

func TestConnectionClosedAtOnce(t *testing.T) {
	server := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { raw(w, "") })
	_, rep, err := users(t, client(t, server.URL))
	if err == nil || rep.Attempts != 3 {
		t.Errorf("%+v %v", rep, err)
	}
	mustBeSilent(t, err)
}

// TestAnErrorOfTheRowCallbackIsFinal: there is no retry, and the error is returned as it is.
func TestAnErrorOfTheRowCallbackIsFinal(t *testing.T) {
	full := errors.New("disk full")
	server := serve(t, always(recorded(t, "usage_new.2")))
	var rows atomic.Int32
	out := &batch[extract.Session]{}
	rep, err := client(t, server.URL).UsageNew(t.Context(), day, unknown, out, func(extract.Record[extract.Session]) error {
		rows.Add(1)
		return full
	})
	if !errors.Is(err, full) || err.Error() != "disk full" || rep.Attempts != 1 || rows.Load() != 1 || out.log != "B" {
		t.Errorf("%s %+v %v", out.log, rep, err)
	}
}
