package transform_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"wheelhouse/extract"
	"wheelhouse/internal/simulator"
	"wheelhouse/transform"
)

// BenchmarkUsageNew normalises some thousand sessions of a simulated account. A session takes two allocations: its events and
// its viewers' places.
func BenchmarkUsageNew(b *testing.B) {
	from := time.Date(2024, 3, 4, 0, 0, 0, 0, time.UTC)
	s := simulator.New(simulator.Options{Seed: 1, Agents: 200, From: from, Until: from.AddDate(0, 0, 1), APIKey: "k",
		Now: func() time.Time { return from.AddDate(0, 0, 10) }})
	r := httptest.NewRequest(http.MethodGet, "/ss/api/usage_new?from=2024-03-04T00:00:00Z&to=2024-03-09T00:00:00Z", nil)
	r.Header.Set("Authorization", "Basic k")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	body := w.Body.Bytes()
	answer.Store(&body)
	var records []extract.Record[extract.Session]
	_, err := api.UsageNew(context.Background(), window, extract.Sum{}, discard{}, func(rec extract.Record[extract.Session]) error {
		rec.Raw = slices.Clone(rec.Raw)
		rec.Value.Locations = slices.Clone(rec.Value.Locations)
		rec.Value.Logs = slices.Clone(rec.Value.Logs)
		for i := range rec.Value.Logs {
			rec.Value.Logs[i].Raw = slices.Clone(rec.Value.Logs[i].Raw)
		}
		records = append(records, rec)
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, rec := range records {
			if _, ok, _ := transform.UsageNew(rec); !ok {
				b.Fatal(rec.Path())
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N*len(records)), "ns/session")
}
