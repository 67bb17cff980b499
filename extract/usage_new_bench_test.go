package extract_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"wheelhouse/extract"
	"wheelhouse/internal/simulator"
	"wheelhouse/transform"
)

// answerOf returns an answer of usage_new with some thousand sessions of a simulated account.
func answerOf(b *testing.B) (body []byte, sessions int) {
	b.Helper()
	from := time.Date(2024, 3, 4, 0, 0, 0, 0, time.UTC)
	s := simulator.New(simulator.Options{Seed: 1, Agents: 200, From: from, Until: from.AddDate(0, 0, 1), APIKey: key,
		Now: func() time.Time { return from.AddDate(0, 0, 10) }})
	r := httptest.NewRequest(http.MethodGet, "/ss/api/usage_new?from=2024-03-04T00:00:00Z&to=2024-03-09T00:00:00Z", nil)
	r.Header.Set("Authorization", "Basic "+key)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	body = w.Body.Bytes()
	return body, bytes.Count(body, []byte(`"start_date"`))
}

// perSession decodes the answer again and again, and reports the time for one session.
func perSession(b *testing.B, row func(extract.Record[extract.Session]) error) {
	body, sessions := answerOf(b)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	before := cpu(b)
	for b.Loop() {
		if err := extract.DecodeUsageNew(body, row); err != nil {
			b.Fatal(err)
		}
	}
	n := float64(b.N) * float64(sessions)
	b.ReportMetric(float64(cpu(b)-before)/n, "cpu-ns/session")
	b.ReportMetric(float64(b.Elapsed())/n, "ns/session")
}

// cpu returns the processor time of this process, which other processes of a shared machine disturb less than elapsed time.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkDecode decodes JSON to wire types. The strings of some forty sessions take one allocation, and so does the first
// session of each agent.
func BenchmarkDecode(b *testing.B) {
	perSession(b, func(extract.Record[extract.Session]) error { return nil })
}

// BenchmarkDecodeAndNormalise turns JSON into rows. A session takes two more allocations: its events and its viewers' places.
func BenchmarkDecodeAndNormalise(b *testing.B) {
	perSession(b, func(rec extract.Record[extract.Session]) error {
		if _, ok, _ := transform.UsageNew(rec); !ok {
			b.Fatal(rec.Path())
		}
		return nil
	})
}
