package main

import (
	"wheelhouse/internal/metrics"
	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/scheduler"
)

// watch connects metrics to a runner, in addition to the observer that it has. schedules may be nil.
func watch(m *metrics.Metrics, queue *pipeline.Queue, r *pipeline.Runner, accounts []*pipeline.Account, schedules func() []scheduler.State) {
	r.Queue = queue
	m.Attach(metrics.Sources{Warehouse: r.Warehouse, Accounts: accounts, Queue: r.Queue, Schedules: schedules, Now: r.Now})
	if r.Observe == nil {
		r.Observe = m
	} else {
		r.Observe = pipeline.Both(m, r.Observe)
	}
}
