package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/scheduler"
)

// schedules expose the state of the scheduler. They are a prometheus.Collector.
type schedules struct{ states func() []scheduler.State }

// scheduleMetrics are the metrics of each stream's schedule. A time that does not exist has no value.
var scheduleMetrics = []struct {
	desc  *prometheus.Desc
	value prometheus.ValueType
	of    func(scheduler.State) float64
	known func(scheduler.State) bool // nil: always
}{
	{gauge("wheelhouse_schedule_due_timestamp_seconds", "Last time of the stream's schedule. A stream that was loaded later is up to date.", byStream...),
		prometheus.GaugeValue, func(s scheduler.State) float64 { return seconds(s.Due) }, func(s scheduler.State) bool { return !s.Due.IsZero() }},
	{gauge("wheelhouse_schedule_next_timestamp_seconds", "Next time of the stream's schedule.", byStream...),
		prometheus.GaugeValue, func(s scheduler.State) float64 { return seconds(s.Next) }, func(s scheduler.State) bool { return !s.Next.IsZero() }},
	{gauge("wheelhouse_schedule_interval_seconds", "Seconds from the last time of the schedule to the next.", byStream...),
		prometheus.GaugeValue, func(s scheduler.State) float64 { return s.Next.Sub(s.Due).Seconds() },
		func(s scheduler.State) bool { return !s.Due.IsZero() && !s.Next.IsZero() }},
	{gauge("wheelhouse_schedule_pass_running", "1 while a pass of the stream is running.", byStream...),
		prometheus.GaugeValue, func(s scheduler.State) float64 { return map[bool]float64{true: 1}[s.Running] }, nil},
	{gauge("wheelhouse_schedule_last_pass_timestamp_seconds", "Time at which the stream's last pass in this process ended.", byStream...),
		prometheus.GaugeValue, func(s scheduler.State) float64 { return seconds(s.Finished) }, func(s scheduler.State) bool { return !s.Finished.IsZero() }},
	{gauge("wheelhouse_schedule_passes_total", "Passes started.", byStream...),
		prometheus.CounterValue, func(s scheduler.State) float64 { return float64(s.Passes) }, nil},
	{gauge("wheelhouse_schedule_skipped_total", "Times of the schedule that were skipped because the pass before was still running.", byStream...),
		prometheus.CounterValue, func(s scheduler.State) float64 { return float64(s.Skipped) }, nil},
	{gauge("wheelhouse_schedule_panics_total", "Passes that ended with a panic, which is a defect of the program.", byStream...),
		prometheus.CounterValue, func(s scheduler.State) float64 { return float64(s.Panics) }, nil},
}

// Describe implements prometheus.Collector.
func (s schedules) Describe(descs chan<- *prometheus.Desc) {
	for _, m := range scheduleMetrics {
		descs <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (s schedules) Collect(metrics chan<- prometheus.Metric) {
	for _, state := range s.states() {
		for _, m := range scheduleMetrics {
			if m.known == nil || m.known(state) {
				metrics <- prometheus.MustNewConstMetric(m.desc, m.value, m.of(state), state.Account, state.Stream)
			}
		}
	}
}

var queued = gauge("wheelhouse_queue_windows", "Windows that runs of this process still have to load: waiting (due, and not requested yet), asking (requested from the API), "+
	"ready (answered, and waiting for a transaction) or committing.", with("stage")...)

// queue exposes the stages of windows. It is a prometheus.Collector.
type queue struct {
	queue    *pipeline.Queue
	accounts []*pipeline.Account
}

// Describe implements prometheus.Collector.
func (q queue) Describe(descs chan<- *prometheus.Desc) { descs <- queued }

// Collect implements prometheus.Collector. Streams without a run have the value 0.
func (q queue) Collect(metrics chan<- prometheus.Metric) {
	type stream struct{ account, name string }
	totals := map[stream]pipeline.Queued{}
	for _, a := range q.accounts {
		for _, s := range a.Streams(nil) {
			totals[stream{a.ID, s.Name}] = pipeline.Queued{}
		}
	}
	for _, one := range q.queue.Streams() { // a stream may be in more than one run
		key := stream{one.Account, one.Stream}
		total := totals[key]
		totals[key] = pipeline.Queued{
			Waiting: total.Waiting + one.Waiting, Asking: total.Asking + one.Asking, Ready: total.Ready + one.Ready, Committing: total.Committing + one.Committing,
		}
	}
	for key, total := range totals {
		for _, at := range []struct {
			stage   string
			windows int
		}{{"waiting", total.Waiting}, {"asking", total.Asking}, {"ready", total.Ready}, {"committing", total.Committing}} {
			metrics <- prometheus.MustNewConstMetric(queued, prometheus.GaugeValue, float64(at.windows), key.account, key.name, at.stage)
		}
	}
}
