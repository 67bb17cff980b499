package web

import (
	_ "embed"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/testdb"
)

//go:embed testdata/ledger.sql
var fiveYears string

// BenchmarkPipelinePages measures the server's time for each page, on a nightly ledger of five years and eight streams.
func BenchmarkPipelinePages(b *testing.B) {
	dsn := testdb.NewDirect(b)
	conn, err := pgx.Connect(b.Context(), dsn)
	if err != nil {
		b.Fatal(err)
	}
	for statement := range strings.SplitSeq(fiveYears, ";\n") {
		if _, err := conn.Exec(b.Context(), statement); err != nil {
			b.Fatalf("%v\n%s", err, statement)
		}
	}
	if err := conn.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	s, err := New(Options{Database: dsn, Listen: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for _, path := range []string{"/pipeline", "/pipeline?days=1826", "/pipeline/windows?stream=usage_new", "/pipeline/windows?stream=share_details&days=365", "/pipeline/window?load=40000",
		"/pipeline/runs", "/pipeline/runs?days=365", "/pipeline/rejects", "/pipeline/changes", "/pipeline/changes?since=1500"} {
		b.Run(path, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, nil)
				r.Host = "127.0.0.1"
				began := time.Now()
				s.Handler().ServeHTTP(w, r)
				took = append(took, time.Since(began))
				if w.Code != http.StatusOK {
					b.Fatalf("%s: %d\n%s", path, w.Code, w.Body)
				}
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms/median")
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "ms/p95")
			b.ReportMetric(0, "ns/op")
		})
	}
}
