package faults

import (
	"io"
	"net/http"
	"slices"
	"testing"
	"time"
)

// ask returns the status and the body of a response, as far as it came, and the error that ended it.
func ask(t *testing.T, url string) (int, string, error) {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}}
	resp, err := client.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

const truth = `{"data":[{"slug":"a"},{"slug":"b"}],"pagination":{"total":2}}`

// No fault but the slow true answer delivers the true answer.
func TestFaultsHideTheTruth(t *testing.T) {
	t.Parallel()
	for _, f := range apiFaults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			var contentType string
			url := NewAPIProxy(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				f.serve(&reply{w: w, r: r, body: []byte(truth), silence: 100 * time.Millisecond})
				contentType = w.Header().Get("Content-Type")
			}), &Watch{})
			status, body, err := ask(t, url)
			honest := status == http.StatusOK && body == truth && err == nil
			if want := f.name == "slow drip"; (honest && contentType == jsonType) != want {
				t.Errorf("%d %q %v", status, body, err)
			}
		})
	}
}

// A seed gives the same requests the same faults in any order, and the faults end.
func TestSeedsMakeSchedules(t *testing.T) {
	t.Parallel()
	names := func(seed uint64) (all []string) {
		for _, key := range []string{"/a?", "/b?", "/c?", "/d?", "/e?", "/f?", "/g?", "/h?", "/i?", "/j?"} {
			for _, f := range chooseFaults(seed, key) {
				all = append(all, f.name)
			}
		}
		return all
	}
	if !slices.Equal(names(1), names(1)) || slices.Equal(names(1), names(2)) {
		t.Error("equal seeds make different schedules, or different seeds the same")
	}
	api := NewAPI(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", jsonType)
		_, _ = io.WriteString(w, truth)
	}), 3, 10*time.Millisecond)
	url := NewAPIProxy(t, api, &Watch{})
	for range 40 {
		for _, path := range []string{"/a", "/b", "/c", "/d"} {
			_, _, _ = ask(t, url+path) // a fault or the true answer
		}
	}
	for _, path := range []string{"/a", "/b", "/c", "/d"} {
		if _, body, err := ask(t, url+path); body != truth || err != nil {
			t.Errorf("%s after its faults: %q, %v", path, body, err)
		}
	}
}
