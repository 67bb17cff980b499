package metrics

import (
	"context"
	"errors"
	"sync"
	"time"

	"wheelhouse/internal/ledger"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	readLimit = 5 * time.Second // of one read: Prometheus waits for 10 seconds by default
	keepFor   = 5 * time.Second // the least time for which a result is reused
	keepTimes = 20              // a result is reused for this many times as long as reading took
)

// gauge is a metric that is computed for a scrape.
func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	ledgerUp   = gauge("wheelhouse_ledger_up", "1 if the ledger could be read. If 0, the other wheelhouse_ledger_ metrics are missing.")
	ledgerRead = gauge("wheelhouse_ledger_read_duration_seconds", "Time that the last read of the ledger took, even if it failed.")
)

// ledgerGauges are the metrics of each stream that are read from the ledger.
var ledgerGauges = []struct {
	desc *prometheus.Desc
	of   func(ledger.Health) float64
}{
	{gauge("wheelhouse_ledger_last_load_timestamp_seconds", "Time at which a window of the stream was last loaded, by any process. 0: never.", byStream...),
		func(h ledger.Health) float64 { return secondsOr0(h.LoadedAt) }},
	{gauge("wheelhouse_ledger_covered_until_timestamp_seconds", "End of the newest loaded window; of a snapshot, the time at which it was loaded. 0: nothing is loaded.", byStream...),
		func(h ledger.Health) float64 { return secondsOr0(h.CoveredUntil) }},
	{gauge("wheelhouse_ledger_gaps", "Gaps: whole days from the account's first day to yesterday that no load covers. Always 0 for a snapshot.", byStream...),
		func(h ledger.Health) float64 { return float64(h.GapDays) }},
	{gauge("wheelhouse_ledger_failed_gaps", "Gaps in which a load was tried and failed.", byStream...),
		func(h ledger.Health) float64 { return float64(h.FailedDays) }},
	{gauge("wheelhouse_ledger_failed_windows", "Windows whose newest load failed and that no other load covers.", byStream...),
		func(h ledger.Health) float64 { return float64(h.Failed) }},
	{gauge("wheelhouse_ledger_stale_windows", "Windows whose newest load failed and that an older load covers.", byStream...),
		func(h ledger.Health) float64 { return float64(h.Stale) }},
	{gauge("wheelhouse_ledger_unreconciled_windows", "Windows whose newest load lacks parts that could not be had, or is not reconciled with the API's own totals.", byStream...),
		func(h ledger.Health) float64 { return float64(h.Unreconciled) }},
	{gauge("wheelhouse_ledger_running_windows", "Windows that any process is loading now.", byStream...),
		func(h ledger.Health) float64 { return float64(h.Running) }},
	{gauge("wheelhouse_ledger_open_rejects", "Rejects that are not resolved: records that could not be understood.", byStream...),
		func(h ledger.Health) float64 { return float64(h.Rejects) }},
}

func secondsOr0(t *time.Time) float64 {
	if t == nil {
		return 0
	}
	return seconds(*t)
}

// ledgerCollector exposes the state of the ledger. It is a prometheus.Collector.
type ledgerCollector struct {
	mu     sync.Mutex
	source func(context.Context) ([]ledger.Health, error)
	now    []ledger.Health
	err    error
	took   time.Duration
	until  time.Time // the result is reused until then
}

var errNotAttached = errors.New("there is no database yet")

// attach sets the source.
func (l *ledgerCollector) attach(source func(context.Context) ([]ledger.Health, error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.source = source
}

// read reads the ledger, or reuses the last result. Concurrent callers wait for the same result.
func (l *ledgerCollector) read() (now []ledger.Health, took time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.source == nil {
		return nil, 0, errNotAttached
	}
	if began := time.Now(); !began.Before(l.until) {
		ctx, stop := context.WithTimeout(context.Background(), readLimit)
		defer stop()
		l.now, l.err = l.source(ctx)
		l.took = time.Since(began)
		l.until = time.Now().Add(max(keepFor, keepTimes*l.took))
	}
	return l.now, l.took, l.err
}

// Describe implements prometheus.Collector.
func (l *ledgerCollector) Describe(descs chan<- *prometheus.Desc) {
	descs <- ledgerUp
	descs <- ledgerRead
	for _, g := range ledgerGauges {
		descs <- g.desc
	}
}

// Collect implements prometheus.Collector.
func (l *ledgerCollector) Collect(metrics chan<- prometheus.Metric) {
	now, took, err := l.read()
	send := func(desc *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	send(ledgerRead, took.Seconds())
	if err != nil {
		send(ledgerUp, 0)
		return
	}
	send(ledgerUp, 1)
	for _, h := range now {
		for _, g := range ledgerGauges {
			send(g.desc, g.of(h), h.Account, h.Stream)
		}
	}
}
