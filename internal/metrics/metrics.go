package metrics

import (
	"context"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/scheduler"
	"wheelhouse/load"
)

// Metrics are the metrics of one process. They are a pipeline.Watcher.
type Metrics struct {
	registry *prometheus.Registry
	instruments
	ledger *ledgerCollector
}

// New makes the metrics of a process. version is the program's version.
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), instruments: newInstruments(), ledger: &ledgerCollector{}}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "wheelhouse_build_info", Help: "Always 1. The labels are the versions of the program and of Go.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(build, m.instruments, m.ledger,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Sources are the sources of the metrics that are computed for a scrape.
type Sources struct {
	Warehouse *load.Warehouse
	Accounts  []*pipeline.Account
	Queue     *pipeline.Queue
	Schedules func() []scheduler.State // nil: nothing is scheduled
	Now       func() time.Time
}

// Attach adds the metrics that need the warehouse. It is called once.
func (m *Metrics) Attach(s Sources) {
	for _, a := range s.Accounts {
		for _, stream := range a.Streams(nil) {
			m.begin(a.ID, stream.Name)
		}
	}
	m.registry.MustRegister(queue{s.Queue, s.Accounts})
	if s.Schedules != nil {
		m.registry.MustRegister(schedules{s.Schedules})
	}
	m.ledger.attach(func(ctx context.Context) ([]ledger.Health, error) {
		var accounts []ledger.Configured
		for _, a := range s.Accounts {
			accounts = append(accounts, a.Configured())
		}
		return s.Warehouse.Ledger.Health(ctx, s.Now(), readLimit, accounts...)
	})
}

// Handler serves the metrics, in the formats of Prometheus.
func (m *Metrics) Handler() http.Handler {
	// Metrics that cannot be gathered are left out: the others are more useful than an error.
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// byStream are the labels of nearly all metrics.
var byStream = []string{"account", "stream"}

func with(labels ...string) []string { return append(append([]string{}, byStream...), labels...) }

// seconds is a time in Unix seconds, or 0 for the zero time.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
