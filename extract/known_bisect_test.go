package extract_test

import (
	"net/http"
	"testing"
	"time"

	"wheelhouse/extract"
)

// The answer for a half is not the known answer of the whole window, even if it has the known sum.
func TestKnownAnswerOfAHalf(t *testing.T) {
	t.Parallel()
	const morning = `{"sessions":[{"email":"a@x.com","start_date":"2024-03-01T10:00:00Z"}]}`
	const evening = `{"sessions":[{"email":"a@x.com","start_date":"2024-03-01T20:00:00Z"}]}`
	const nothing = `{"sessions":[]}`
	for _, tt := range []struct {
		name          string
		whole         string
		first, second string
		rows          int
	}{
		{"the first half is equal to the whole day before", morning, morning, evening, 2},
		{"an empty day; the first half is still empty", nothing, nothing, evening, 1},
		{"an empty day; the second half is still empty", nothing, morning, nothing, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			overloaded := false
			c := client(t, serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
				asked := windowOf(t, r)
				switch {
				case !overloaded:
					sendJSON(w, tt.whole)
				case asked.To.Sub(asked.From) > 12*time.Hour:
					w.WriteHeader(http.StatusGatewayTimeout)
				case asked.From.Equal(day.From):
					sendJSON(w, tt.first)
				default:
					sendJSON(w, tt.second)
				}
			}).URL, attempts(1))
			ask := func(known extract.Sum) (extract.Report, int) {
				out := &batch[extract.Session]{}
				rep, err := c.UsageNew(t.Context(), day, known, out, out.row)
				if err != nil {
					t.Fatal(err)
				}
				return rep, len(out.kept)
			}
			first, _ := ask(unknown)
			overloaded = true
			if rep, rows := ask(first.Answer); rep.Same || rows != tt.rows {
				t.Errorf("same: %t, %d rows, want %d", rep.Same, rows, tt.rows)
			}
		})
	}
}
