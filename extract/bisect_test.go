package extract_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"wheelhouse/extract"
)

// windowOf returns the window that a request asks for.
func windowOf(t *testing.T, r *http.Request) extract.Window {
	q := r.URL.Query()
	return extract.Window{From: mustInstant(t, q.Get("from")), To: mustInstant(t, q.Get("to"))}
}

// hourly answers with one session for each hour of the window. It calls fail for a window longer than longest.
func hourly(t *testing.T, longest time.Duration, fail func(http.ResponseWriter)) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, r *http.Request) {
		asked := windowOf(t, r)
		if asked.To.Sub(asked.From) > longest {
			fail(w)
			return
		}
		var rows []string
		for at := asked.From; at.Before(asked.To); at = at.Add(time.Hour) {
			rows = append(rows, fmt.Sprintf(`{"email":"a@b.is","start_date":%q,"duration":60}`, at.Format(time.RFC3339)))
		}
		sendJSON(w, fmt.Sprintf(`{"stats":{"total_count":%d,"total_sec":%d},"total_canceled_requests":%d,"sessions":[%s]}`,
			len(rows), 60*len(rows), len(rows), strings.Join(rows, ",")))
	}
}

func TestATooLargeWindowIsBisected(t *testing.T) {
	server := serve(t, hourly(t, 6*time.Hour, func(w http.ResponseWriter) { w.WriteHeader(http.StatusGatewayTimeout) }))
	out, rep, err := sessions(t, client(t, server.URL, attempts(1)), day)
	if err != nil || len(out.kept) != 24 {
		t.Fatalf("%d rows: %v", len(out.kept), err)
	}
	if want := strings.Repeat("BrrrrrrC", 4); out.log != want {
		t.Errorf("%s, want %s", out.log, want)
	}
	if totalsOf(rep) != "yes,24,1440" || rep.Attempts != 6 {
		t.Errorf("%+v", rep)
	}
	var asked []string // each window begins where the one before it ended
	for _, r := range server.asked() {
		w := windowOf(t, r)
		asked = append(asked, fmt.Sprintf("%02d-%02d", w.From.Hour(), int(w.To.Sub(day.From).Hours())))
	}
	if got := strings.Join(asked, " "); got != "00-24 00-12 00-06 06-12 12-18 18-24" {
		t.Errorf("asked for %s", got)
	}
}

// TestRowsOfAFailedWholeAreVoid: rows of an answer that was cut off come again with the window's halves.
func TestRowsOfAFailedWholeAreVoid(t *testing.T) {
	server := serve(t, hourly(t, 12*time.Hour, func(w http.ResponseWriter) {
		sendJSON(w, `{"sessions":[{"email":"void@b.is"},`)
		_ = http.NewResponseController(w).Flush()
		time.Sleep(300 * time.Millisecond)
	}))
	c := client(t, server.URL, attempts(1), func(c *extract.Config) { c.Idle = 100 * time.Millisecond })
	out, _, err := sessions(t, c, day)
	if err != nil || len(out.kept) != 24 || out.log != "Br"+strings.Repeat("B"+strings.Repeat("r", 12)+"C", 2) {
		t.Errorf("%s %v", out.log, err)
	}
	for _, rec := range out.kept {
		if rec.Value.Email.V != "a@b.is" {
			t.Errorf("a void row was kept")
		}
	}
}

func TestASlowWindowIsBisected(t *testing.T) {
	server := serve(t, hourly(t, 12*time.Hour, func(http.ResponseWriter) { time.Sleep(300 * time.Millisecond) }))
	c := client(t, server.URL, attempts(1), func(c *extract.Config) { c.FirstByte = 100 * time.Millisecond })
	if out, _, err := sessions(t, c, day); err != nil || len(out.kept) != 24 {
		t.Errorf("%d rows: %v", len(out.kept), err)
	}
}

// TestADeadServerGetsFewRequests: each size of window is tried less often than the smallest.
func TestADeadServerGetsFewRequests(t *testing.T) {
	server := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	c := client(t, server.URL, attempts(5))
	for i, want := range []int{3 + 4*2 + 5, 5} { // 24 h, 12, 6, 3, 1½ and ¾; then ¾ alone
		_, rep, err := sessions(t, c, day)
		if err == nil || rep.Attempts != want {
			t.Errorf("window %d: %d requests, want %d: %v", i, rep.Attempts, want, err)
		}
	}
}

// TestTheSizeThatWorkedIsKept: windows after a bisected one are asked for in the size that worked. The size grows again.
func TestTheSizeThatWorkedIsKept(t *testing.T) {
	limit := 6 * time.Hour
	answer := hourly(t, 24*time.Hour, nil)
	server := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if p := windowOf(t, r); p.To.Sub(p.From) > limit {
			w.WriteHeader(http.StatusGatewayTimeout)
			return
		}
		answer(n, w, r)
	})
	c := client(t, server.URL, attempts(1))
	var asked []int
	for range 9 {
		_, rep, err := sessions(t, c, day)
		if err != nil {
			t.Fatal(err)
		}
		asked = append(asked, rep.Attempts)
		limit = 24 * time.Hour // the server has recovered
	}
	if got := fmt.Sprint(asked); got != "[6 4 4 4 2 2 2 2 2]" {
		t.Errorf("requests a window: %s", got)
	}
}

// TestOtherEndsDoNotForgetTheSize: an answer that is the known one, and a failure that is not for the size, do not say that the size
// which worked was too small.
func TestOtherEndsDoNotForgetTheSize(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]func(*testing.T, *extract.Client){
		"the known answer": func(t *testing.T, c *extract.Client) {
			out := &batch[extract.Session]{}
			first, err := c.UsageNew(t.Context(), day, unknown, out, out.row)
			if err != nil {
				t.Fatal(err)
			}
			if rep, err := c.UsageNew(t.Context(), day, first.Answer, out, out.row); err != nil || !rep.Same {
				t.Fatalf("%+v %v", rep, err)
			}
		},
		"refused": func(t *testing.T, c *extract.Client) {
			if _, _, err := sessions(t, c, extract.Window{From: day.From.AddDate(0, 0, -1), To: day.From}); err == nil {
				t.Fatal("a refused request succeeded")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			large := false
			answer := hourly(t, 24*time.Hour, nil)
			server := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
				switch p := windowOf(t, r); {
				case p.From.Before(day.From):
					w.WriteHeader(http.StatusBadRequest)
				case large && p.To.Sub(p.From) > 6*time.Hour:
					w.WriteHeader(http.StatusGatewayTimeout)
				default:
					answer(n, w, r)
				}
			})
			c := client(t, server.URL, attempts(1))
			other(t, c)
			large = true
			for i, want := range []int{6, 4} {
				if _, rep, err := sessions(t, c, day); err != nil || rep.Attempts != want {
					t.Errorf("window %d: %d requests, want %d: %v", i, rep.Attempts, want, err)
				}
			}
		})
	}
}

// TestABusyServerIsNotAskedForHalves: a 503 with a Retry-After does not mean that the window is too large.
func TestABusyServerIsNotAskedForHalves(t *testing.T) {
	server := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	if _, rep, err := sessions(t, client(t, server.URL, attempts(3)), day); err == nil || rep.Attempts != 3 {
		t.Errorf("%d requests: %v", rep.Attempts, err)
	}
}

func TestCanceledIsTheSumOfBothHalves(t *testing.T) {
	server := serve(t, hourly(t, 6*time.Hour, func(w http.ResponseWriter) { w.WriteHeader(503) }))
	out := &batch[extract.DemoRequest]{}
	canceled, _, err := client(t, server.URL, attempts(1)).DemoUsage(t.Context(), day, out, out.row)
	if err != nil || canceled.V != 24 || !canceled.Valid || len(out.kept) != 24 {
		t.Errorf("%+v %v", canceled, err)
	}
}

func TestCanceled(t *testing.T) {
	for sent, want := range map[string]string{
		`"total_canceled_requests":0,`: "0", `"total_canceled_requests":"7",`: "7", `"total_canceled_requests":7.0,`: "7", ``: "-",
		`"total_canceled_requests":null,`: "-", `"total_canceled_requests":-1,`: "-", `"total_canceled_requests":2147483648,`: "-",
		`"total_canceled_requests":1.5,`: "-", `"total_canceled_requests":[1],`: "-", `"total_canceled_requests":9,"total_canceled_requests":2,`: "2",
	} {
		out := &batch[extract.DemoRequest]{}
		c := client(t, serve(t, always([]byte("{"+sent+`"sessions":[]}`))).URL)
		canceled, _, err := c.DemoUsage(t.Context(), day, out, out.row)
		if err != nil || number(canceled.Null) != want || out.log != "BC" {
			t.Errorf("%s: %s %v", sent, number(canceled.Null), err)
		}
	}
}

// TestBisectingEnds: a window of an hour is not bisected any further.
func TestBisectingEnds(t *testing.T) {
	server := serve(t, hourly(t, 0, func(w http.ResponseWriter) { w.WriteHeader(http.StatusGatewayTimeout) }))
	out, _, err := sessions(t, client(t, server.URL, attempts(1)), day)
	if err == nil || strings.Contains(out.log, "C") {
		t.Errorf("%s %v", out.log, err)
	}
	for _, r := range server.asked() {
		if w := windowOf(t, r); w.To.Sub(w.From) < 30*time.Minute || w.From.Second() != 0 {
			t.Errorf("asked for %+v", w)
		}
	}
	if n := len(server.asked()); n != 6 { // 24, 12, 6, 3, 1.5 and 0.75 hours
		t.Errorf("%d requests", n)
	}
}

// TestOtherFailuresDoNotBisect: a window is not bisected for failures that do not depend on its size.
func TestOtherFailuresDoNotBisect(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 429, 302} {
		server := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		if _, _, err := sessions(t, client(t, server.URL, attempts(1)), day); err == nil || len(server.asked()) != 1 {
			t.Errorf("%d: %d requests, %v", status, len(server.asked()), err)
		}
	}
	server := serve(t, always([]byte(`{"sessions":[`)))
	if _, _, err := sessions(t, client(t, server.URL, attempts(1)), day); err == nil || len(server.asked()) != 1 {
		t.Errorf("%d requests, %v", len(server.asked()), err)
	}
}

// TestADayThatNeverAnswersTeachesNoSize: after a window that failed at every size, windows are asked for whole again as soon as one works.
func TestADayThatNeverAnswersTeachesNoSize(t *testing.T) {
	answer := hourly(t, 24*time.Hour, nil)
	down := true
	server := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if down {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		answer(n, w, r)
	})
	c := client(t, server.URL, attempts(1))
	if _, _, err := sessions(t, c, day); err == nil {
		t.Fatal("the day was answered")
	}
	down = false
	var asked []int
	for range 2 {
		_, rep, err := sessions(t, c, day)
		if err != nil {
			t.Fatal(err)
		}
		asked = append(asked, rep.Attempts)
	}
	if got := fmt.Sprint(asked); got != "[6 1]" { // the first ¾ h, then its siblings of ¾, 1½, 3, 6 and 12 h
		t.Errorf("requests a window: %s", got)
	}
}
