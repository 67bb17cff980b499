package extract_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"wheelhouse/extract"
)

// stall sends body and then nothing until the client disconnects.
func stall(w http.ResponseWriter, r *http.Request, body string) {
	_, _ = io.WriteString(w, body)
	_ = http.NewResponseController(w).Flush()
	select {
	case <-r.Context().Done():
	case <-time.After(10 * time.Second):
	}
}

// mustTimeOut checks that the error names the timeout and came in time.
func mustTimeOut(t *testing.T, start time.Time, err error, words string) {
	t.Helper()
	if took := time.Since(start); err == nil || !strings.Contains(err.Error(), words) || took > 3*time.Second {
		t.Errorf("after %s: %v, want %q", took, err, words)
	}
	mustBeSilent(t, err)
}

func TestDeadlines(t *testing.T) {
	const some = `[{"email":"jane@prospect.example"},`
	quick := func(c *extract.Config) {
		c.Attempts, c.Idle, c.FirstByte = 2, 100*time.Millisecond, 100*time.Millisecond
	}
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request)
		change func(*extract.Config)
		words  string
	}{
		"silence in the body": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			stall(w, r, some)
		}, quick, "a pause in the answer took longer than 100ms"},
		"silence after the JSON": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			stall(w, r, "[]")
		}, quick, "a pause in the answer took longer than 100ms"},
		"silence before the first byte": {func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-time.After(10 * time.Second):
			}
		}, quick, "the answer's first byte took longer than 100ms"},
		"silence in a gzip head": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			stall(w, r, "\x1f\x8b\x08")
		}, quick, "a pause in the answer took longer than 100ms"},
		"silence in an error": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			stall(w, r, `{"error":"upstr`)
		}, quick, "502 Bad Gateway"},
		"a slow drip": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for range 1000 {
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
				select {
				case <-r.Context().Done():
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
		}, func(c *extract.Config) { c.Attempts, c.Whole = 2, 200*time.Millisecond }, "the whole answer took longer than 200ms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { c.answer(w, r) })
			start := time.Now()
			out, rep, err := users(t, client(t, server.URL, c.change))
			mustTimeOut(t, start, err, c.words)
			if rep.Attempts != 2 || len(out.kept) != 0 {
				t.Errorf("%+v", rep)
			}
		})
	}
}

// TestADripUnderTheWholeDeadlineIsRead: an answer that arrives slowly, without long pauses, is complete.
func TestADripUnderTheWholeDeadlineIsRead(t *testing.T) {
	t.Parallel()
	body := recorded(t, "user_access")
	server := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := range body {
			_, _ = w.Write(body[i : i+1])
			_ = http.NewResponseController(w).Flush()
			time.Sleep(time.Millisecond)
		}
	})
	out, rep, err := users(t, client(t, server.URL, func(c *extract.Config) { c.Idle = 200 * time.Millisecond }))
	if err != nil || len(out.kept) != 3 || rep.Attempts != 1 {
		t.Errorf("%+v %v", rep, err)
	}
}

func TestCancellation(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(w http.ResponseWriter, r *http.Request){
		"in the body":     func(w http.ResponseWriter, r *http.Request) { sendJSON(w, "["); stall(w, r, "") },
		"before the head": func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"in the backoff":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) },
		"in a Retry-After": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(503)
		},
	} {
		server := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { answer(w, r) })
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		out := &batch[extract.User]{}
		start := time.Now()
		_, err := client(t, server.URL, func(c *extract.Config) { c.Backoff = time.Minute }).UserAccess(ctx, out, out.row)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 2*time.Second {
			t.Errorf("%s: after %s: %v", name, time.Since(start), err)
		}
	}
}

func TestUntrustedCertificateIsFinal(t *testing.T) {
	tries := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the key was sent") }))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			tries++
		}
	}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	_, _, err := users(t, client(t, server.URL))
	server.Close()
	if err == nil || !strings.Contains(err.Error(), "certificate") || tries != 1 {
		t.Errorf("%d tries: %v", tries, err)
	}
	mustBeSilent(t, err)
}

// TestOversizedAnswersAreFinal: answers beyond a bound of size are not asked for again.
func TestOversizedAnswersAreFinal(t *testing.T) {
	white := strings.Repeat(" ", 1<<20)
	for name, c := range map[string]struct {
		answer func(w io.Writer)
		limit  int64
		words  string
	}{
		"too large": {func(w io.Writer) {
			for i := range 3000 {
				fmt.Fprintf(w, `%c{"email":"a%d@b.is"}`, "[,"[min(i, 1)], i)
			}
		}, 10_000, "larger than the limit"},
		"one huge record": {func(w io.Writer) {
			_, _ = io.WriteString(w, `[{"email":"`)
			for range 40 {
				_, _ = io.WriteString(w, strings.ReplaceAll(white, " ", "a"))
			}
		}, 0, "a record is larger"},
		"white space without an end": {func(w io.Writer) {
			for range 40 {
				_, _ = io.WriteString(w, white)
			}
		}, 0, "a record is larger"},
		"absurd nesting": {func(w io.Writer) {
			_, _ = io.WriteString(w, `[{"x":`+strings.Repeat("[", 70)+strings.Repeat("]", 70)+"}]")
		},
			0, "json: nests too deep (more than 64 levels)"},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				c.answer(w)
			})
			_, rep, err := users(t, client(t, server.URL, func(cfg *extract.Config) { cfg.MaxAnswer, cfg.Whole = c.limit, 2*time.Minute }))
			if err == nil || !strings.Contains(err.Error(), c.words) || rep.Attempts != 1 {
				t.Errorf("%+v %v", rep, err)
			}
		})
	}
}

func TestCompressionBomb(t *testing.T) {
	var body strings.Builder
	for i := range 12 { // records of a megabyte of spaces
		fmt.Fprintf(&body, "%c{%s}", "[,"[min(i, 1)], strings.Repeat(" ", 1<<20))
	}
	packed := gzipped([]byte(body.String() + "]"))
	server := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		sendJSON(w, string(packed))
	})
	_, rep, err := users(t, client(t, server.URL, func(cfg *extract.Config) { cfg.Whole = 2 * time.Minute }))
	if err == nil || !strings.Contains(err.Error(), "compression is not believable") || rep.Attempts != 1 {
		t.Errorf("%d bytes packed: %+v %v", len(packed), rep, err)
	}
}
