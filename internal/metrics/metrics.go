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

// Metrics are those of one process. They are a pipeline.Watcher.
type Metrics struct {
	registry *prometheus.Registry
	instruments
	ledger *ledgerCollector
}

// New makes the metrics of a process; version is the program's.
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), instruments: newInstruments(), ledger: &ledgerCollector{}}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "wheelhouse_build_info", Help: "1; the labels tell which program this is.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(build, m.instruments, m.ledger,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Sources are what is asked when somebody asks for the metrics.
type Sources struct {
	Warehouse *load.Warehouse
	Accounts  []*pipeline.Account
	Queue     *pipeline.Queue
	Schedules func() []scheduler.State // nil: nothing is scheduled
	Now       func() time.Time
}

// Attach adds what is known once loading can begin. It is called once.
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

// Handler answers with the metrics, in the formats that Prometheus asks for.
func (m *Metrics) Handler() http.Handler {
	// What cannot be gathered is left out: the rest is worth more than an error.
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// byStream are the labels of nearly everything.
var byStream = []string{"account", "stream"}

func with(labels ...string) []string { return append(append([]string{}, byStream...), labels...) }

// seconds is a moment as Prometheus has moments; 0 where there was none.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
