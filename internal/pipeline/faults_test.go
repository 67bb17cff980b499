package pipeline

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wheelhouse/extract"
)

// fault is a fault between the API and the program. While it lasts, the window fails with helpful words, and no row is written or
// locked. After it, the window loads.
type fault struct {
	name     string
	play     http.HandlerFunc
	words    string         // in the ledger's error
	final    bool           // not retried
	stream   string         // default user_access
	cfg      extract.Config // attempts and timeouts of the client
	pause    time.Duration  // that the server asks for
	requests int            // until the window fails; default 2, or 1 if it is final
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

// zipped answers with gzip, or with the beginning of it.
func zipped(body string, cut int) http.HandlerFunc {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // fails only for a wrong level
	_, _ = io.WriteString(z, body)
	_ = z.Close()
	packed := b.String()[:b.Len()-cut]
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		says(packed)(w, r)
	}
}

// slowly sends a body in pieces, and then nothing.
func slowly(pause time.Duration, pieces ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for _, piece := range append(pieces, "") {
			_, _ = io.WriteString(w, piece)
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(pause):
			}
		}
	}
}

func typed(kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = io.WriteString(w, body)
	}
}

// reset resets a connection in the middle of a body.
func reset(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `[{"email":`)
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

// transportFaults are faults of the connection to the API. (Tests of package extract cover the forms and limits of Retry-After.)
func transportFaults(elsewhere string) []fault {
	users := rehearsals["user_access"].after
	faults := []fault{
		{name: "429, seconds", play: status(429, "Retry-After", "1"), words: "429", pause: time.Second},
		{name: "429, a date passed", play: status(429, "Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"), words: "429"},
		{name: "429, absurd", play: status(429, "Retry-After", "soon"), words: "429"},
		{name: "401", play: status(401), words: "check the API key", final: true},
		{name: "403", play: status(403), words: "check its rights", final: true},
		{name: "404", play: status(404), words: "check the server's address", final: true},
		{name: "reset in the body", play: reset, words: "answer: "},
		{name: "short Content-Length", play: rawly("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n" + users), words: "answer: "},
		{name: "hung up", play: rawly(""), words: "EOF"},
		{name: "truncated gzip", play: zipped(users, 9), words: "answer: "},
		{name: "gzip without its checksum", play: zipped(users, 8), words: "answer: "},
		{name: "cut off without an error", play: rawly("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + users[:len(users)-1]), words: "answer: "},
		{name: "truncated JSON", play: says(users[:len(users)/2]), words: "answer: "},
		{name: "HTML", play: says("<html>Please log in</html>"), words: "answer: "},
		{name: "an empty body", play: says(""), words: "answer: "},
		{name: "wrong content type", play: typed("text/html", users), words: "content type"},
		{name: "no content type", play: typed("", users), words: "content type"},
		{name: "something after the JSON", play: says(users + `{"more":1}`), words: "after the JSON"},
		{name: "no first byte", play: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, words: "first byte took longer",
			cfg: extract.Config{FirstByte: 700 * time.Millisecond}},
		{name: "silence", play: slowly(time.Minute, `[{"email":`), words: "a pause in the answer took longer", cfg: extract.Config{Idle: 700 * time.Millisecond}},
		{name: "slow drip", play: slowly(100*time.Millisecond, strings.Split(strings.Repeat(" ", 600), "")...), words: "the whole answer took longer",
			cfg: extract.Config{Whole: 1500 * time.Millisecond}},
		{name: "compression bomb", play: zipped("["+strings.Repeat("{"+strings.Repeat(" ", 1<<20)+"},", 12), 0), words: "compression is not believable", final: true},
		{name: "absurd nesting", play: says(`[{"x":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}]`), words: "nests too deep", final: true},
		{name: "too large", play: says("[" + strings.Repeat(`{"email":"a@x.com"},`, 100)), words: "larger than the limit", final: true, cfg: extract.Config{MaxAnswer: 1000}},
	}
	again, final, moved := []int{408, 429, 500, 502, 503, 504}, []int{400, 405, 410, 418, 422, 451, 501}, []int{301, 302, 303, 307, 308}
	if testing.Short() { // the first of each kind
		again, final, moved = again[:1], final[:1], moved[:1]
	}
	for _, code := range again {
		faults = append(faults, fault{name: fmt.Sprint(code), play: status(code), words: fmt.Sprint(code)})
	}
	for _, code := range final {
		faults = append(faults, fault{name: fmt.Sprint(code), play: status(code), words: fmt.Sprint(code), final: true})
	}
	for _, code := range moved {
		faults = append(faults, fault{name: fmt.Sprintf("redirect %d", code), play: status(code, "Location", elsewhere), words: "redirects are never followed", final: true})
	}
	return faults
}

// absentFaults are answers without the array of rows. They never count as "no rows".
func absentFaults() (faults []fault) {
	for stream, bodies := range map[string][]string{
		"demo_usage": {`{"total_canceled_requests":0}`, `{"sessions":null}`}, "usage_new": {`{"stats":{}}`, `{"sessions":{}}`},
		"usage_shares": {`{"stats":{}}`, `{}`}, "shares": {`{"pagination":{"total":0}}`, `{"data":null}`},
		"share_details": {`{"sessions":[]}`}, "user_access": {`{}`, `null`}, "company_content": {`{"data":[]}`},
	} {
		for _, body := range bodies {
			f := fault{name: stream + " " + body, play: says(body), words: "answer: ", stream: stream}
			if stream == "company_content" { // it is bisected, until the window fails
				f.requests = 6 * 2
			}
			faults = append(faults, f)
		}
	}
	return faults
}

func TestFaultsOfTheAPI(t *testing.T) {
	t.Parallel()
	var led atomic.Int32
	elsewhere := newActorServer(t, func(http.ResponseWriter, *http.Request) { led.Add(1) })
	b := newBench(t, http.NotFoundHandler(), mayDay, nil)
	t.Run("all", func(t *testing.T) {
		for i, f := range append(transportFaults(elsewhere), absentFaults()...) {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				if f.stream == "" {
					f.stream = "user_access"
				}
				f.rehearse(t, b.scene(t, fmt.Sprint("fault-", i), f.cfg))
			})
		}
	})
	if led.Load() != 0 {
		t.Errorf("a redirect was followed %d times, the key with it", led.Load())
	}
}

// rehearse tests a fault once permanent, and once temporary.
func (f fault) rehearse(t *testing.T, s scene) {
	const day = "2026-03-10"
	of := rehearsals[f.stream]
	s.api.plays(says(of.before))
	s.mustRun(s.day(day), f.stream)
	before := s.tuplesOfAccount()
	if before[of.table] == "" {
		t.Fatal("nothing is loaded: there is nothing to spoil")
	}

	s.api.plays(f.play)
	start := time.Now()
	result := s.mustFail(day, f.stream, f.words)
	s.mustKeep(f.name, before)
	want := 2
	if f.final {
		want = 1
	}
	if f.requests > 0 {
		want = f.requests
	}
	if result.Requests != want || time.Since(start) < f.pause {
		t.Errorf("%d requests in %s, want %d in no less than %s", result.Requests, time.Since(start), want, f.pause)
	}

	passes := want - 1 // requests after which the fault ends, before the client's last attempt
	s.api.first(passes, f.play, says(of.after))
	if result := s.again(day, f.stream); result.Counts.Updated+result.Counts.Unchanged == 0 {
		t.Errorf("when it had passed: %+v", result)
	}
	if s.tuplesOfAccount()[of.table] == before[of.table] {
		t.Error("when it had passed, the change was not loaded")
	}
}
