package extract_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestDemoInfoTellsWhetherDemosAreOn(t *testing.T) {
	clock := time.Date(2026, 3, 1, 10, 9, 7, 0, time.UTC)
	for body, want := range map[string]struct{ known, on bool }{
		string(recorded(t, "demo_info")): {true, true},
		`{"is_enabled": false}`:          {true, false},
		`{"demo_id": "x"}`:               {},
		`{"is_enabled": null}`:           {},
	} {
		server := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", clock.Format(http.TimeFormat))
			sendJSON(w, body)
		})
		info, err := client(t, server.URL).DemoInfo(t.Context())
		if err != nil || info.Enabled.Valid != want.known || info.Enabled.V != want.on || !info.Clock.Equal(clock) {
			t.Errorf("%s: %+v, %v", body, info, err)
		}
		if path := server.asked()[0].URL.Path; path != "/ss/api/demo_info" {
			t.Errorf("asked for %s", path)
		}
	}
}

func TestDemoInfoThatStatesAnErrorIsNone(t *testing.T) {
	server := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { sendJSON(w, `{"error":"query timed out"}`) })
	if info, err := client(t, server.URL).DemoInfo(t.Context()); err == nil || !strings.Contains(err.Error(), "query timed out") {
		t.Errorf("%+v, %v", info, err)
	}
}
