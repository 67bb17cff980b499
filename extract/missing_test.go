package extract_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"wheelhouse/extract"
)

// allContents is a window of 27 years.
var allContents = extract.Window{From: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2027, 3, 2, 6, 30, 0, 0, time.UTC)}

// contents asks for the content library of a server on which requests for some days of a view are answered by sick.
func contents(t *testing.T, w extract.Window, view string, days []time.Time, sick http.HandlerFunc) (*batch[extract.Content], extract.Report, *api, error) {
	t.Helper()
	server := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		asked := windowOf(t, r)
		for _, d := range days {
			if r.URL.Query().Get("view") == view && asked.From.Before(d.AddDate(0, 0, 1)) && d.Before(asked.To) {
				sick(w, r)
				return
			}
		}
		sendJSON(w, `[{"id":1}]`)
	})
	out := &batch[extract.Content]{}
	rep, err := client(t, server.URL, attempts(1)).CompanyContent(t.Context(), w, out, out.row)
	return out, rep, server, err
}

func fails(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }

// breaksOff sends a record and then no more.
func breaksOff(w http.ResponseWriter, _ *http.Request) { sendJSON(w, `[{"id":2},`) }

// TestADayThatNeverAnswers: the day is found wherever it lies in 27 years. It alone is left out, and named. Every other day
// is answered once, and no row of a broken answer is kept.
func TestADayThatNeverAnswers(t *testing.T) {
	first, last := allContents.From, allContents.To.Truncate(24*time.Hour)
	for name, sick := range map[string]http.HandlerFunc{"500": fails, "broken": breaksOff} {
		for _, bad := range []time.Time{first, first.AddDate(0, 0, 1), first.AddDate(13, 5, 7), first.AddDate(26, 0, 0), last.AddDate(0, 0, -1), last} {
			view := extract.Views[1] // after which nothing is asked for
			out, rep, server, err := contents(t, allContents, view, []time.Time{bad}, sick)
			if err != nil || !strings.HasPrefix(rep.Missing, "could not be had: the view "+view+" of "+bad.Format(time.DateOnly)+": ") {
				t.Errorf("%s, %s: %q %v", name, bad, rep.Missing, err)
			}
			for _, rec := range out.kept {
				if rec.Value.ID.V != 1 {
					t.Errorf("%s, %s: a row of a broken answer is kept", name, bad)
				}
			}
			if len(out.open) != 0 {
				t.Errorf("%s, %s: %d rows are neither kept nor void", name, bad, len(out.open))
			}
			// The windows that were answered, and the bad day, tile allContents.
			var covered time.Duration
			for _, r := range server.asked() {
				w := windowOf(t, r)
				if w.From.Truncate(24*time.Hour) != w.From || w.To != allContents.To && w.To.Truncate(24*time.Hour) != w.To {
					t.Errorf("asked for %+v", w)
				}
				isBad := w.From.Before(bad.AddDate(0, 0, 1)) && bad.Before(w.To)
				if r.URL.Query().Get("view") == view && (!isBad || w.To.Sub(w.From) <= 24*time.Hour) {
					covered += w.To.Sub(w.From)
				}
			}
			if want := allContents.To.Sub(allContents.From); covered != want {
				t.Errorf("%s, %s: asked for %s of %s", name, bad, covered, want)
			}
			if n := len(server.asked()); n > 2*15+1 {
				t.Errorf("%s, %s: %d requests", name, bad, n)
			}
		}
	}
}

// TestDaysThatNeverAnswer: several days are left out. If too many requests fail one after another, the call fails.
func TestDaysThatNeverAnswer(t *testing.T) {
	var days []time.Time
	for i := range 24 {
		days = append(days, allContents.From.AddDate(0, 0, 40*i))
	}
	window := extract.Window{From: allContents.From, To: allContents.From.AddDate(0, 0, 40*24)}
	out, rep, _, err := contents(t, window, "active", days[10:13], fails)
	if err != nil || len(out.kept) == 0 || strings.Count(rep.Missing, "2001-") != 3 {
		t.Errorf("%q %v", rep.Missing, err)
	}
	if _, rep, server, err := contents(t, window, "active", days, fails); err == nil || rep.Missing != "" || len(server.asked()) != 6 {
		t.Errorf("%q %v", rep.Missing, err)
	}
	if _, rep, _, err := contents(t, day, "active", []time.Time{day.From}, fails); err != nil || !strings.Contains(rep.Missing, "active of 2024-03-01") {
		t.Errorf("one view of a day: %q %v", rep.Missing, err)
	}
}

// TestFailuresOfAllDaysDoNotBisect: a window is not bisected for a failure that every day would meet.
func TestFailuresOfAllDaysDoNotBisect(t *testing.T) {
	for name, refuse := range map[string]http.HandlerFunc{
		"401": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, "403": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) },
		"404": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, "429": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) },
		"302": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(302) }, "hung up": func(w http.ResponseWriter, _ *http.Request) { raw(w, "") },
		"503, wait": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "0"); w.WriteHeader(503) },
	} {
		_, rep, server, err := contents(t, allContents, "active", []time.Time{allContents.From.AddDate(20, 0, 0)}, refuse)
		if err == nil || rep.Missing != "" || len(server.asked()) != 1 {
			t.Errorf("%s: %d requests, %q, %v", name, len(server.asked()), rep.Missing, err)
		}
	}
}

// TestAShareThatNeverAnswers: the share is left out and counted, never named. No row of its broken answer is kept.
func TestAShareThatNeverAnswers(t *testing.T) {
	list := `{"data":[{"slug":"a","visits":1},{"slug":"..","visits":1},{"slug":"b","plays":1},{"slug":"secret","visits":2}],"pagination":{"total":4}}`
	for name, sick := range map[string]http.HandlerFunc{"500": fails, "broken": func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, `{"sessions":[{"visit_id":"1"},`) }} {
		out, watched, rep, _, err := visitsReport(t, list, func(w http.ResponseWriter, slug string) {
			if slug == "secret" {
				sick(w, nil)
				return
			}
			sendJSON(w, `{"sessions":[{"visit_id":"`+slug+`"}]}`)
		})
		if err != nil || len(out.kept) != 2 || len(out.open) != 0 || len(watched) != 3 {
			t.Errorf("%s: %s %+v %v", name, out.log, watched, err)
		}
		if !strings.HasPrefix(rep.Missing, "could not be had: the visits of 1 of 3 shares: ") || strings.Contains(rep.Missing, "secret") {
			t.Errorf("%s: %q", name, rep.Missing)
		}
	}
}
