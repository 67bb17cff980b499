package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/scheduler"
)

// schedules tell how the schedules are kept. They are a prometheus.Collector.
type schedules struct{ states func() []scheduler.State }

// scheduleMetrics are what is known of each stream's schedule. A moment that there is not has no value.
var scheduleMetrics = []struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	of    func(scheduler.State) float64
	known func(scheduler.State) bool // nil: always
}{
	{gauge("wheelhouse_schedule_due_timestamp_seconds", "When the stream's schedule last said to load. A stream loaded later than that is up to date.", byStream...),
		prometheus.GaugeValue, func(s scheduler.State) float64 { return seconds(s.Due) }, func(s scheduler.State) bool { return !s.Due.IsZero() }},
	{gauge("wheelhouse_schedule_next_timestamp_seconds", "When the stream's schedule says to load next.", byStream...),
		prometheus.GaugeValue, func(s scheduler.State) float64 { return seconds(s.Next) }, func(s scheduler.State) bool { return !s.Next.IsZero() }},
	{gauge("wheelhouse_schedule_interval_seconds", "From the moment that was last due to the next.", byStream...),
		prometheus.GaugeValue, func(s scheduler.State) float64 { return s.Next.Sub(s.Due).Seconds() },
		func(s scheduler.State) bool { return !s.Due.IsZero() && !s.Next.IsZero() }},
	{gauge("wheelhouse_schedule_pass_running", "1 while a pass of the stream is at work.", byStream...),
		prometheus.GaugeValue, func(s scheduler.State) float64 { return map[bool]float64{true: 1}[s.Running] }, nil},
	{gauge("wheelhouse_schedule_last_pass_timestamp_seconds", "When the stream's last pass that is over ended, since this process began.", byStream...),
		prometheus.GaugeValue, func(s scheduler.State) float64 { return seconds(s.Finished) }, func(s scheduler.State) bool { return !s.Finished.IsZero() }},
	{gauge("wheelhouse_schedule_passes_total", "Passes begun.", byStream...),
		prometheus.CounterValue, func(s scheduler.State) float64 { return float64(s.Passes) }, nil},
	{gauge("wheelhouse_schedule_skipped_total", "Moments that were due and found the pass before still at work.", byStream...),
		prometheus.CounterValue, func(s scheduler.State) float64 { return float64(s.Skipped) }, nil},
	{gauge("wheelhouse_schedule_panics_total", "Passes that a defect of the program ended.", byStream...),
		prometheus.CounterValue, func(s scheduler.State) float64 { return float64(s.Panics) }, nil},
}

// Describe is a prometheus.Collector's.
func (s schedules) Describe(descs chan<- *prometheus.Desc) {
	for _, m := range scheduleMetrics {
		descs <- m.desc
	}
}

// Collect is a prometheus.Collector's.
func (s schedules) Collect(metrics chan<- prometheus.Metric) {
	for _, state := range s.states() {
		for _, m := range scheduleMetrics {
			if m.known == nil || m.known(state) {
				metrics <- prometheus.MustNewConstMetric(m.desc, m.kind, m.of(state), state.Account, state.Stream)
			}
		}
	}
}

var queued = gauge("wheelhouse_queue_windows", "Windows that runs of this process have still to load: waiting (due, and not asked for yet), asking (the API is being asked), "+
	"ready (answered, and waiting for a transaction) or committing.", with("stage")...)

// queue tells where windows are. It is a prometheus.Collector.
type queue struct {
	queue    *pipeline.Queue
	accounts []*pipeline.Account
}

// Describe is a prometheus.Collector's.
func (q queue) Describe(descs chan<- *prometheus.Desc) { descs <- queued }

// Collect is a prometheus.Collector's. Streams that nobody loads have nothing queued.
func (q queue) Collect(metrics chan<- prometheus.Metric) {
	type stream struct{ account, name string }
	sums := map[stream]pipeline.Queued{}
	for _, a := range q.accounts {
		for _, s := range a.Streams(nil) {
			sums[stream{a.ID, s.Name}] = pipeline.Queued{}
		}
	}
	for _, one := range q.queue.Streams() { // a stream may be in more than one run
		key := stream{one.Account, one.Stream}
		sum := sums[key]
		sums[key] = pipeline.Queued{
			Waiting: sum.Waiting + one.Waiting, Asking: sum.Asking + one.Asking, Ready: sum.Ready + one.Ready, Committing: sum.Committing + one.Committing,
		}
	}
	for key, sum := range sums {
		for _, at := range []struct {
			stage   string
			windows int
		}{{"waiting", sum.Waiting}, {"asking", sum.Asking}, {"ready", sum.Ready}, {"committing", sum.Committing}} {
			metrics <- prometheus.MustNewConstMetric(queued, prometheus.GaugeValue, float64(at.windows), key.account, key.name, at.stage)
		}
	}
}
