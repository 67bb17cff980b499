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
	readLimit = 5 * time.Second // of one read: Prometheus waits for 10 seconds if not told otherwise
	keepFor   = 5 * time.Second // what was read, at the least
	keepTimes = 20              // as long as reading took, at the least
)

// gauge is a metric that is worked out when it is asked for.
func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	ledgerUp   = gauge("wheelhouse_ledger_up", "1 if the ledger could be read, 0 if not: then the other wheelhouse_ledger_ metrics are missing.")
	ledgerRead = gauge("wheelhouse_ledger_read_duration_seconds", "Time that reading the ledger took, or failing to.")
)

// ledgerGauges are what the ledger says of each stream.
var ledgerGauges = []struct {
	desc *prometheus.Desc
	of   func(ledger.Health) float64
}{
	{gauge("wheelhouse_ledger_last_load_timestamp_seconds", "When a window of the stream was last loaded, by any process. 0: never.", byStream...),
		func(h ledger.Health) float64 { return moment(h.LoadedAt) }},
	{gauge("wheelhouse_ledger_covered_until_timestamp_seconds", "End of the newest window loaded; of a snapshot, when it was taken. 0: nothing is loaded.", byStream...),
		func(h ledger.Health) float64 { return moment(h.CoveredUntil) }},
	{gauge("wheelhouse_ledger_gaps", "Gaps: whole days from the account's first to yesterday that are not covered. None for a snapshot.", byStream...),
		func(h ledger.Health) float64 { return float64(h.GapDays) }},
	{gauge("wheelhouse_ledger_failed_gaps", "Those of the gaps of which a part that is missing was tried, and failed.", byStream...),
		func(h ledger.Health) float64 { return float64(h.FailedDays) }},
	{gauge("wheelhouse_ledger_failed_windows", "Windows whose newest try failed and that nothing loaded covers.", byStream...),
		func(h ledger.Health) float64 { return float64(h.Failed) }},
	{gauge("wheelhouse_ledger_stale_windows", "Windows whose newest try failed and that older data covers.", byStream...),
		func(h ledger.Health) float64 { return float64(h.Stale) }},
	{gauge("wheelhouse_ledger_unreconciled_windows", "Windows whose newest load lacks parts that could not be had, or does not add up to the API's own totals.", byStream...),
		func(h ledger.Health) float64 { return float64(h.Unreconciled) }},
	{gauge("wheelhouse_ledger_running_windows", "Windows being loaded at this moment, by any process.", byStream...),
		func(h ledger.Health) float64 { return float64(h.Running) }},
	{gauge("wheelhouse_ledger_open_rejects", "Records set aside because they could not be understood, and not resolved.", byStream...),
		func(h ledger.Health) float64 { return float64(h.Rejects) }},
}

func moment(t *time.Time) float64 {
	if t == nil {
		return 0
	}
	return seconds(*t)
}

// ledgerCollector tells what the ledger says. It is a prometheus.Collector.
type ledgerCollector struct {
	mu     sync.Mutex
	source func(context.Context) ([]ledger.Health, error)
	now    []ledger.Health
	err    error
	took   time.Duration
	until  time.Time // what was read is told until then
}

var errNotAttached = errors.New("there is no database yet")

// attach says where to read.
func (l *ledgerCollector) attach(source func(context.Context) ([]ledger.Health, error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.source = source
}

// read reads the ledger, unless what was read last is still good. Who asks meanwhile waits for the same.
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

// Describe is a prometheus.Collector's.
func (l *ledgerCollector) Describe(descs chan<- *prometheus.Desc) {
	descs <- ledgerUp
	descs <- ledgerRead
	for _, g := range ledgerGauges {
		descs <- g.desc
	}
}

// Collect is a prometheus.Collector's.
func (l *ledgerCollector) Collect(metrics chan<- prometheus.Metric) {
	now, took, err := l.read()
	tell := func(desc *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	tell(ledgerRead, took.Seconds())
	if err != nil {
		tell(ledgerUp, 0)
		return
	}
	tell(ledgerUp, 1)
	for _, h := range now {
		for _, g := range ledgerGauges {
			tell(g.desc, g.of(h), h.Account, h.Stream)
		}
	}
}
