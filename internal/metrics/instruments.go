package metrics

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"wheelhouse/extract"
	"wheelhouse/internal/pipeline"
)

// instruments count the requests, windows and rows of this process.
type instruments struct {
	rows, windows, requests, retries, waits *prometheus.CounterVec
	windowSeconds, firstByteSeconds         *prometheus.HistogramVec
	requestSeconds, commitSeconds           *prometheus.HistogramVec
}

// The outcomes of a window.
const (
	loaded       = "loaded"
	unreconciled = "unreconciled"
	failed       = "failed"
	elsewhere    = "elsewhere"
	interrupted  = "interrupted"
)

// The reasons for which a request waits.
const (
	byLimit  = "limit"
	byServer = "server"
)

var (
	rowOutcomes    = []string{"read", "inserted", "updated", "unchanged", "deleted", "merged", "rejected"}
	windowOutcomes = []string{loaded, unreconciled, failed, elsewhere, interrupted}

	// From a cached answer to one that is generated while it is sent.
	apiBuckets = []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800}
	// From an unchanged window of a day to the first load of a month.
	commitBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}
)

func newInstruments() instruments {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, with(labels...))
	}
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, byStream)
	}
	return instruments{
		rows: counter("wheelhouse_rows_total", "Rows of the windows that this process has loaded, by outcome. "+
			"read is the sum of inserted, updated, unchanged, merged and rejected; deleted are rows that the API no longer sends.", "outcome"),
		windows: counter("wheelhouse_windows_total", "Windows that this process has tried: loaded, unreconciled (loaded, but parts could not be had, or not reconciled with the API's totals), "+
			"failed, elsewhere (loaded by another process in the meantime) or interrupted (this process was stopped).", "outcome"),
		requests: counter("wheelhouse_api_requests_total", "Requests sent to the API, including retries, by outcome: ok, unauthorized (401), forbidden (403), not_found (404), "+
			"throttled (429), refused (other statuses below 500), server_error (500 and above), broken (200 without a complete answer), timeout, "+
			"no_answer (an error of network, TLS or DNS) or given_up (by this process).", "outcome"),
		retries: counter("wheelhouse_api_retries_total", "Requests sent again because the same request had failed."),
		waits: counter("wheelhouse_api_wait_seconds_total", "Time that requests waited before they were sent: because of requests_per_second in the settings (limit), "+
			"or because the API had asked to wait (server). Simultaneous waits are counted separately.", "reason"),
		windowSeconds:    histogram("wheelhouse_window_duration_seconds", "Time from the claim of a window to its end, for every outcome.", apiBuckets),
		firstByteSeconds: histogram("wheelhouse_api_first_byte_seconds", "Time from sending a request to the first byte of its answer.", apiBuckets),
		requestSeconds:   histogram("wheelhouse_api_request_duration_seconds", "Time from sending a request to the end of its answer, or to its failure.", apiBuckets),
		commitSeconds: histogram("wheelhouse_commit_duration_seconds", "Time to load complete answers into the database, up to the commit, including retries. "+
			"Several windows of a stream may share a transaction.", commitBuckets),
	}
}

func (i instruments) all() []prometheus.Collector {
	return []prometheus.Collector{i.rows, i.windows, i.requests, i.retries, i.waits, i.windowSeconds, i.firstByteSeconds, i.requestSeconds, i.commitSeconds}
}

// Describe implements prometheus.Collector.
func (i instruments) Describe(descs chan<- *prometheus.Desc) {
	for _, c := range i.all() {
		c.Describe(descs)
	}
}

// Collect implements prometheus.Collector.
func (i instruments) Collect(metrics chan<- prometheus.Metric) {
	for _, c := range i.all() {
		c.Collect(metrics)
	}
}

// begin makes a stream's series with the value 0. If a counter appeared with its first event, no rate would include that
// event.
func (i instruments) begin(account, stream string) {
	for _, outcome := range rowOutcomes {
		i.rows.WithLabelValues(account, stream, outcome)
	}
	for _, outcome := range windowOutcomes {
		i.windows.WithLabelValues(account, stream, outcome)
	}
	for _, result := range extract.Results {
		i.requests.WithLabelValues(account, stream, string(result))
	}
	i.retries.WithLabelValues(account, stream)
	i.waits.WithLabelValues(account, stream, byLimit)
	i.waits.WithLabelValues(account, stream, byServer)
	for _, h := range []*prometheus.HistogramVec{i.windowSeconds, i.firstByteSeconds, i.requestSeconds, i.commitSeconds} {
		h.WithLabelValues(account, stream)
	}
}

// Planned implements pipeline.Observer. The metrics of the queue show planned windows.
func (i instruments) Planned(string, string, int) {}

// Loaded counts a window that was tried, and its rows if they were loaded.
func (i instruments) Loaded(o pipeline.Outcome) {
	account, stream := o.Account, o.Stream.Name
	i.windows.WithLabelValues(account, stream, outcomeOf(o)).Inc()
	i.windowSeconds.WithLabelValues(account, stream).Observe(o.Took.Seconds())
	if o.Err != nil || o.Elsewhere {
		return
	}
	n := o.Counts
	for at, rows := range []int64{n.Read, n.Inserted, n.Updated, n.Unchanged, n.Deleted, n.Merged, n.Rejected} {
		i.rows.WithLabelValues(account, stream, rowOutcomes[at]).Add(float64(rows))
	}
}

func outcomeOf(o pipeline.Outcome) string {
	switch {
	case o.Elsewhere:
		return elsewhere
	case errors.Is(o.Err, context.Canceled):
		return interrupted
	case o.Err != nil:
		return failed
	case o.Unreconciled():
		return unreconciled
	}
	return loaded
}

// Asked counts a request.
func (i instruments) Asked(account, stream string, r extract.Request) {
	i.requests.WithLabelValues(account, stream, string(r.Result)).Inc()
	if r.Attempt.Number > 1 {
		i.retries.WithLabelValues(account, stream).Inc()
	}
	i.waits.WithLabelValues(account, stream, byLimit).Add(r.Turn.Seconds())
	i.waits.WithLabelValues(account, stream, byServer).Add(r.Pause.Seconds())
	if r.Head > 0 {
		i.firstByteSeconds.WithLabelValues(account, stream).Observe(r.Head.Seconds())
	}
	i.requestSeconds.WithLabelValues(account, stream).Observe(r.Took.Seconds())
}

// Committed counts a transaction.
func (i instruments) Committed(account, stream string, _ int, elapsed time.Duration) {
	i.commitSeconds.WithLabelValues(account, stream).Observe(elapsed.Seconds())
}
