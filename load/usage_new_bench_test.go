package load_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"wheelhouse/extract"
	"wheelhouse/internal/ledger"
	"wheelhouse/internal/simulator"
	"wheelhouse/load"
	"wheelhouse/transform"
)

// BenchmarkUsageNewEncode adds some thousand sessions of a simulated account, with their events, to a batch. A session costs no
// allocation.
func BenchmarkUsageNewEncode(b *testing.B) {
	rows := simulated(b)
	b.ReportAllocs()
	for b.Loop() {
		batch := load.NewBatch(ledger.Window{Account: "default", Stream: load.UsageNew.Stream})
		batch.Begin()
		for _, row := range rows {
			if err := batch.Session(row); err != nil {
				b.Fatal(err)
			}
		}
		batch.Commit()
		batch.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(rows)), "ns/session")
}

// simulated returns a day's sessions of a simulated account.
func simulated(b *testing.B) (rows []transform.ScreenSession) {
	b.Helper()
	from := time.Date(2024, 3, 4, 0, 0, 0, 0, time.UTC)
	server := httptest.NewServer(simulator.New(simulator.Options{Seed: 1, Agents: 600, From: from, Until: from.AddDate(0, 0, 1), APIKey: "k",
		Now: func() time.Time { return from.AddDate(0, 0, 10) }}))
	b.Cleanup(server.Close)
	client, err := extract.New(extract.Config{Server: server.URL, Key: "k"})
	if err != nil {
		b.Fatal(err)
	}
	_, err = client.UsageNew(b.Context(), extract.Window{From: from, To: from.AddDate(0, 0, 1)}, extract.Sum{}, none{}, func(rec extract.Record[extract.Session]) error {
		if row, ok, _ := transform.UsageNew(rec); ok {
			rows = append(rows, row)
		}
		return nil
	})
	if err != nil || len(rows) < 1000 {
		b.Fatal(err, len(rows))
	}
	return rows
}

type none struct{}

func (none) Begin()  {}
func (none) Commit() {}
