package extract_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"wheelhouse/extract"
)

// unknown is the known sum of a window that was never asked for.
var unknown extract.Sum

// TestKnownAnswer: rows are read unless the answer is the known one.
func TestKnownAnswer(t *testing.T) {
	t.Parallel()
	const stats = `,"stats":{"total_count":1,"total_sec":0,"user_stats":{}}}`
	session := `{"email":"a@x.com","start_date":"2024-03-01T10:00:00Z"}`
	one := `{"sessions":[` + session + `]` + strings.Replace(stats, `{}`, `{"a@x.com":{"total_count":1,"total_sec":0}}`, 1)
	large := strings.Replace(one, `,"stats"`, strings.Repeat(" ", 5<<20)+`,"stats"`, 1)
	for _, tt := range []struct {
		name, before, now string
		same              bool
		rows              int
	}{
		{"the same", one, one, true, 0},
		{"a space more", one, one + " ", false, 1},
		{"another session", one, strings.ReplaceAll(one, "a@x", "b@x"), false, 1},
		{"the same, and too large for memory", large, large, true, 0},
		{"another one, too large for memory", large, large + " ", false, 1},
		{"totals that do not add up", `{"sessions":[` + session + `],"stats":{"total_count":2}}`, `{"sessions":[` + session + `],"stats":{"total_count":2}}`, false, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := tt.before
			c := client(t, serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(body))
			}).URL)
			ask := func(known extract.Sum) (extract.Report, int) {
				rows := 0
				rep, err := c.UsageNew(t.Context(), day, known, &discard{}, func(extract.Record[extract.Session]) error { rows++; return nil })
				if err != nil {
					t.Fatal(err)
				}
				return rep, rows
			}
			first, _ := ask(unknown)
			body = tt.now
			if rep, rows := ask(first.Answer); rep.Same != tt.same || rows != tt.rows {
				t.Errorf("same: %t, %d rows", rep.Same, rows)
			}
		})
	}
}

type discard struct{}

func (discard) Begin()  {}
func (discard) Commit() {}

// TestKnownAnswerCutShort: a known answer that is cut off is asked for again.
func TestKnownAnswerCutShort(t *testing.T) {
	t.Parallel()
	whole := []byte(`{"sessions":[]}`)
	asked := 0
	c := client(t, serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if asked++; asked == 2 {
			w.Header().Set("Content-Length", "15")
			_, _ = w.Write(whole[:10])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(bytes.Clone(whole))
	}).URL)
	none := func(extract.Record[extract.Session]) error { return nil }
	rep, err := c.UsageNew(t.Context(), day, unknown, &discard{}, none)
	if err != nil || rep.Answer == unknown {
		t.Fatal(err, rep)
	}
	rep, err = c.UsageNew(t.Context(), day, rep.Answer, &discard{}, none)
	if err != nil || !rep.Same || rep.Attempts != 2 || asked != 3 {
		t.Errorf("%+v, %v, %d requests", rep, err, asked)
	}
}
