package metrics

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"wheelhouse/extract"
	"wheelhouse/internal/pipeline"
)

// instruments count what this process does.
type instruments struct {
	rows, windows, requests, retries, waits *prometheus.CounterVec
	windowTook, headTook, requestTook       *prometheus.HistogramVec
	commitTook                              *prometheus.HistogramVec
}

// What became of a window.
const (
	loaded       = "loaded"
	unreconciled = "unreconciled"
	failed       = "failed"
	elsewhere    = "elsewhere"
	interrupted  = "interrupted"
)

// Why a request waited.
const (
	byLimit  = "limit"
	byServer = "server"
)

var (
	rowOutcomes    = []string{"read", "inserted", "updated", "unchanged", "deleted", "merged", "rejected"}
	windowOutcomes = []string{loaded, unreconciled, failed, elsewhere, interrupted}

	// From an answer that is at hand to one that is generated while it is sent.
	apiSeconds = []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800}
	// From a night's unchanged window to a month's first load.
	commitSeconds = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}
)

func newInstruments() instruments {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, with(labels...))
	}
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, byStream)
	}
	return instruments{
		rows: counter("wheelhouse_rows_total", "Rows of windows that this process has loaded: read from the API, and what loading them came to. "+
			"read is inserted, updated, unchanged, merged and rejected together; deleted are those that were no longer brought.", "outcome"),
		windows: counter("wheelhouse_windows_total", "Windows that this process has tried: loaded, unreconciled (loaded, and parts of it could not be had or its rows do not add up to the API's totals), "+
			"failed, elsewhere (another process has loaded it meanwhile) or interrupted (this process was stopped).", "outcome"),
		requests: counter("wheelhouse_api_requests_total", "Requests sent to the API, retries included, by how they ended: ok, unauthorized (401), forbidden (403), not_found (404), "+
			"throttled (429), refused (other statuses below 500), server_error (500 and above), broken (200 without a whole answer), timeout, "+
			"no_answer (network, TLS or names) or given_up (by this process).", "outcome"),
		retries: counter("wheelhouse_api_retries_total", "Requests sent again because the same one had failed."),
		waits: counter("wheelhouse_api_wait_seconds_total", "Time that requests waited to be sent: for the requests a second of the settings (limit), "+
			"or because the API had asked to wait (server). Requests that wait at the same time add up.", "reason"),
		windowTook:  histogram("wheelhouse_window_duration_seconds", "Time from a window's claim to its end, whatever became of it.", apiSeconds),
		headTook:    histogram("wheelhouse_api_first_byte_seconds", "Time from sending a request to the head of its answer.", apiSeconds),
		requestTook: histogram("wheelhouse_api_request_duration_seconds", "Time from sending a request to the end of its answer, reading it included, or to its failure.", apiSeconds),
		commitTook: histogram("wheelhouse_commit_duration_seconds", "Time to load answers that are complete into the database, up to the commit, retries included. "+
			"Some windows of a stream may share a transaction.", commitSeconds),
	}
}

func (i instruments) all() []prometheus.Collector {
	return []prometheus.Collector{i.rows, i.windows, i.requests, i.retries, i.waits, i.windowTook, i.headTook, i.requestTook, i.commitTook}
}

// Describe is a prometheus.Collector's.
func (i instruments) Describe(descs chan<- *prometheus.Desc) {
	for _, c := range i.all() {
		c.Describe(descs)
	}
}

// Collect is a prometheus.Collector's.
func (i instruments) Collect(metrics chan<- prometheus.Metric) {
	for _, c := range i.all() {
		c.Collect(metrics)
	}
}

// begin makes a stream's series, at 0: of a counter that appears with its first event, that event shows in no rate.
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
	for _, h := range []*prometheus.HistogramVec{i.windowTook, i.headTook, i.requestTook, i.commitTook} {
		h.WithLabelValues(account, stream)
	}
}

// Planned is a pipeline.Observer's. What is planned the queue tells.
func (i instruments) Planned(string, string, int) {}

// Loaded counts a window that was tried, and its rows if they were loaded.
func (i instruments) Loaded(o pipeline.Outcome) {
	account, stream := o.Account, o.Stream.Name
	i.windows.WithLabelValues(account, stream, outcomeOf(o)).Inc()
	i.windowTook.WithLabelValues(account, stream).Observe(o.Took.Seconds())
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
	if r.Retry {
		i.retries.WithLabelValues(account, stream).Inc()
	}
	i.waits.WithLabelValues(account, stream, byLimit).Add(r.Turn.Seconds())
	i.waits.WithLabelValues(account, stream, byServer).Add(r.Pause.Seconds())
	if r.Head > 0 {
		i.headTook.WithLabelValues(account, stream).Observe(r.Head.Seconds())
	}
	i.requestTook.WithLabelValues(account, stream).Observe(r.Took.Seconds())
}

// Committed counts a transaction.
func (i instruments) Committed(account, stream string, _ int, took time.Duration) {
	i.commitTook.WithLabelValues(account, stream).Observe(took.Seconds())
}
