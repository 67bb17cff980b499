package pipeline

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"wheelhouse/extract"
	"wheelhouse/internal/stream"
)

// cutters are ways to cut an answer short so that only the JSON, or a missing chunk, shows the cut.
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

// A cut answer, in any request of a window, fails the window, and no row is written or locked. (Tests of package extract cut at every
// byte.)
func TestCutAnswersTouchNoRow(t *testing.T) {
	t.Parallel()
	b := newBench(t, http.NotFoundHandler(), mayDay, nil)
	answers := map[string]struct{ recording, path, day string }{
		"demo_usage":      {"demo_usage", "demo_usage", "2017-09-27"},
		"usage_new":       {"usage_new.2", "usage_new", "2022-05-07"},
		"usage_shares":    {"usage_shares.1", "usage_shares", "2024-11-23"},
		"shares":          {"company_content.shares", sharesPath, "2026-03-27"},
		"share_visits":    {"company_content.shares.slug", sharesPath + "/", "2026-03-27"},
		"share_details":   {"share_details", "share_details", "2026-04-01"},
		"user_access":     {"user_access", "user_access", "2026-05-01"},
		"company_content": {"company_content", contentPath, "2026-05-01"},
	}
	for _, name := range stream.Names() {
		if answers[name].path == "" {
			t.Errorf("add %s to the answers of this test", name)
		}
	}
	for stream, of := range answers {
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
			before := s.tuplesOfAccount()
			for name, cutter := range cutters {
				for cut := 0; cut < len(whole); cut += 1 + len(whole)/5 {
					answer(cutter(whole[:cut:cut]))
					s.mustFail(of.day, stream, "answer: ")
				}
				answer(cutter(whole[: len(whole)-1 : len(whole)-1]))
				s.mustFail(of.day, stream, "answer: ")
				s.mustKeep(name, before)
			}
			if stream == "company_content" { // only the second request is cut: the first view is complete
				s.api.first(1, says(`[]`), cutters["close"](whole[:len(whole)/2]))
				s.mustFail(of.day, stream, "answer: ")
				s.mustKeep("the second view", before)
			}
		})
	}
}

// mustFail loads a day again, and fails unless the load fails with words in the ledger's error.
func (b *bench) mustFail(day, stream, words string) Result {
	b.t.Helper()
	r := b.day(day)
	r.Force = true
	result := b.run(r, stream)
	if entry := b.newestEntry(); result.Failed != 1 || result.Loaded != 0 || !strings.HasPrefix(entry, "failed|0|0|") || !strings.Contains(entry, words) {
		b.t.Fatalf("%+v, the ledger says %s, want %q", result, entry, words)
	}
	return result
}

// mustKeep fails if one of the account's rows was written or locked.
func (b *bench) mustKeep(what string, before map[string]string) {
	b.t.Helper()
	for table, now := range b.tuplesOfAccount() {
		if now != before[table] {
			b.t.Errorf("%s wrote or locked rows of %s:\n%s\n%s", what, table, before[table], now)
		}
	}
}
