package simulator

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

var (
	jan1 = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	july = time.Date(2024, 6, 29, 0, 0, 0, 0, time.UTC) // 180 days later
)

const testKey = "abc123"

// account makes a simulator of half a year whose clock stands at its end, changed by the options given.
func account(change ...func(*Options)) *Simulator {
	o := Options{Seed: 7, From: jan1, APIKey: testKey, Now: func() time.Time { return july }}
	for _, f := range change {
		f(&o)
	}
	return New(o)
}

func at(now time.Time) func(*Options) {
	return func(o *Options) { o.Now = func() time.Time { return now } }
}

func ask(s *Simulator, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/ss/api/"+path, nil)
	r.Header.Set("Authorization", "Basic "+testKey)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// mustGet decodes an answer of status 200.
func mustGet[T any](t *testing.T, s *Simulator, path string) T {
	t.Helper()
	w := ask(s, path)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: status %d: %s", path, w.Code, w.Body)
	}
	var v T
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

func query(from, to time.Time) string {
	return "?from=" + from.Format(time.RFC3339) + "&to=" + to.Format(time.RFC3339)
}

type usageNew struct {
	Sessions []struct {
		Email        string
		Duration     int
		StartDate    time.Time  `json:"start_date"`
		EndDate      *time.Time `json:"end_date"`
		SessionEnded bool       `json:"session_ended"`
		Logs         []struct{ Date time.Time }
		Links        struct{ Recording string }
	}
	Stats struct {
		TotalCount int             `json:"total_count"`
		TotalSec   int             `json:"total_sec"`
		UserStats  json.RawMessage `json:"user_stats"`
	}
}

type demoUsage struct {
	Canceled int `json:"total_canceled_requests"`
	Sessions []struct {
		ID          int64
		Start       string `json:"start_ts"`
		LastEvent   string `json:"last_event_ts"`
		HandledBy   string `json:"handled_by"`
		Respond     any    `json:"seconds_to_respond"`
		Confirmed   any    `json:"call_confirmed"`
		ScreenShare any    `json:"screenshared"`
	}
}

type shareList struct {
	Data []struct {
		Slug      string
		CreatedBy string    `json:"created_by_email"`
		CreatedAt time.Time `json:"created_at"`
		Visits    int
		Plays     int
		Clicks    int     `json:"cta_clicks"`
		Percent   float64 `json:"avg_percent_watched"`
		Score     float64 `json:"engagement_score_v1"`
	}
	Pagination struct {
		Page, Total int
		PageSize    int `json:"page_size"`
	}
}

type shareDetail struct {
	Sessions []struct {
		VisitID   string    `json:"visit_id"`
		VisitedAt time.Time `json:"visited_at"`
		Played    bool
		Percent   float64 `json:"percent_watched"`
		Clicked   bool    `json:"cta_clicked"`
	}
	Summary struct {
		Visits  int     `json:"total_visits"`
		Plays   int     `json:"total_plays"`
		Clicks  int     `json:"cta_clicks"`
		Percent float64 `json:"avg_percent_watched"`
		Score   float64 `json:"engagement_score_v1"`
	}
}

type usageShares struct {
	Stats struct {
		ByUser []struct {
			Email, Name string
			Shares      int `json:"shares_count"`
			Plays       int `json:"plays_count"`
		} `json:"by_user"`
		Plays  int `json:"total_plays"`
		Shares int `json:"total_shares"`
	}
}
