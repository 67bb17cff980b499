package pipeline

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"wheelhouse/extract"
)

// cutters are the ways in which an answer can end early with nothing but its JSON, or a chunk that does not come, to tell.
var cutters = map[string]func(part []byte) http.HandlerFunc{
	"close": func(part []byte) http.HandlerFunc {
		return rawly("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + string(part))
	},
	"content length": func(part []byte) http.HandlerFunc { return says(string(part)) },
	"chunks": func(part []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(part)
			w.(http.Flusher).Flush()
		}
	},
	"chunks without an end": func(part []byte) http.HandlerFunc {
		return rawly(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n",
			max(len(part), 1), append(part, "{"[:1-min(len(part), 1)]...)))
	},
}

// A cut answer, in whichever request of a window, fails the window and touches no row. (Package extract cuts at every byte.)
func TestCutAnswersTouchNoRow(t *testing.T) {
	t.Parallel()
	b := newBench(t, http.NotFoundHandler(), mayDay, nil)
	for stream, of := range map[string]struct{ recording, path, day string }{
		"demo_usage":      {"demo_usage", "demo_usage", "2017-09-27"},
		"usage_new":       {"usage_new.2", "usage_new", "2022-05-07"},
		"usage_shares":    {"usage_shares.1", "usage_shares", "2024-11-23"},
		"shares":          {"company_content.shares", sharesPath, "2026-03-27"},
		"share_visits":    {"company_content.shares.slug", sharesPath + "/", "2026-03-27"},
		"share_details":   {"share_details", "share_details", "2026-04-01"},
		"user_access":     {"user_access", "user_access", "2026-05-01"},
		"company_content": {"company_content", contentPath, "2026-05-01"},
	} {
		t.Run(stream, func(t *testing.T) {
			t.Parallel()
			s := b.scene(t, "cut-"+stream, extract.Config{Attempts: 1})
			whole := bytes.TrimSpace([]byte(recorded(t, of.recording)))
			list := says(recorded(t, "company_content.shares"))
			answer := func(f http.HandlerFunc) {
				s.api.plays(func(w http.ResponseWriter, r *http.Request) {
					if stream == "share_visits" && !strings.Contains(r.URL.Path, of.path) {
						list(w, r)
						return
					}
					f(w, r)
				})
			}
			answer(says(string(whole)))
			s.mustRun(s.day(of.day), stream)
			before := s.held()
			for name, cutter := range cutters {
				for cut := 0; cut < len(whole); cut += 1 + len(whole)/5 {
					answer(cutter(whole[:cut:cut]))
					s.mustFail(of.day, stream, "answer: ")
				}
				answer(cutter(whole[: len(whole)-1 : len(whole)-1]))
				s.mustFail(of.day, stream, "answer: ")
				s.mustHold(name, before)
			}
			if stream == "company_content" { // its second request alone is cut: the first view came whole
				s.api.first(1, says(`[]`), cutters["close"](whole[:len(whole)/2]))
				s.mustFail(of.day, stream, "answer: ")
				s.mustHold("the second view", before)
			}
		})
	}
}

// mustFail loads a day again and wants it failed, with words in the books.
func (b *bench) mustFail(day, stream, words string) Result {
	b.t.Helper()
	r := b.day(day)
	r.Force = true
	result := b.run(r, stream)
	if books := b.books(); result.Failed != 1 || result.Loaded != 0 || !strings.HasPrefix(books, "failed|0|0|") || !strings.Contains(books, words) {
		b.t.Fatalf("%+v, the books say %s, want %q", result, books, words)
	}
	return result
}

// mustHold wants the account's rows as they were, untouched.
func (b *bench) mustHold(what string, before map[string]string) {
	b.t.Helper()
	for table, now := range b.held() {
		if now != before[table] {
			b.t.Errorf("%s touched %s:\n%s\n%s", what, table, before[table], now)
		}
	}
}
