package pipeline

import (
	"time"

	"go.uber.org/zap"

	"wheelhouse/extract"
	"wheelhouse/internal/ledger"
)

// client returns a stream's client. The client reports its requests to the Watcher, if there is one, and everything it does to the log, if
// that has level debug.
func (r *Runner) client(a *Account, s Stream) *extract.Client {
	watcher, watched := r.Observe.(Watcher)
	debug := r.Log.Core().Enabled(zap.DebugLevel)
	if !watched && !debug {
		return s.client
	}
	account, stream := a.ID, s.Name
	var o extract.Observer
	if debug {
		o = debugObserver(r.Log.With(zap.String("account", account), zap.String("stream", stream)))
	}
	if logged := o.Request; watched {
		o.Request = func(req extract.Request) {
			watcher.Asked(account, stream, req)
			if logged != nil {
				logged(req)
			}
		}
	}
	return s.client.Observed(o)
}

// debugObserver logs each request, each retry with its reason, and each wait with its end.
func debugObserver(log *zap.Logger) extract.Observer {
	return extract.Observer{
		Request: func(r extract.Request) {
			fields := append(attemptFields(r.Attempt), zap.String("outcome", string(r.Result)), zap.Int64("bytes", r.Bytes),
				zap.Duration("took", r.Took), zap.Duration("waited", r.Turn+r.Pause))
			if r.Status != 0 {
				fields = append(fields, zap.Int("status", r.Status))
			}
			if r.RequestID != "" {
				fields = append(fields, zap.String("request_id", r.RequestID))
			}
			log.Debug("request", fields...)
		},
		Retry: func(r extract.Retry) {
			log.Debug("retry", append(attemptFields(r.Attempt), zap.String("reason", string(r.Result)), zap.Duration("wait", r.Wait))...)
		},
		Wait: func(why extract.WaitReason, d time.Duration) func() {
			log.Debug("wait", zap.String("reason", string(why)), zap.Duration("wait", d))
			began := time.Now()
			return func() {
				log.Debug("wait is over", zap.String("reason", string(why)), zap.Duration("waited", time.Since(began)))
			}
		},
	}
}

func attemptFields(a extract.Attempt) []zap.Field {
	fields := []zap.Field{zap.String("method", "GET"), zap.String("path", a.Path())}
	for _, f := range []struct{ name, value string }{{"from", a.From()}, {"to", a.To()}, {"page", a.Page()}} {
		if f.value != "" {
			fields = append(fields, zap.String(f.name, f.value))
		}
	}
	return append(fields, zap.Int("attempt", a.Number))
}

// leaseWaits logs, at level debug, when windows begin to wait for another process's lease and when these waits end. Its zero value
// logs nothing.
type leaseWaits struct {
	log   *zap.Logger
	since map[ledger.Window]time.Time // when the wait of a window began
}

// newLeaseWaits returns the zero value if log does not have level debug.
func newLeaseWaits(log *zap.Logger) leaseWaits {
	if !log.Core().Enabled(zap.DebugLevel) {
		return leaseWaits{}
	}
	return leaseWaits{log, map[ledger.Window]time.Time{}}
}

// begin logs that a window begins to wait for another process's lease.
func (l leaseWaits) begin(w ledger.Window) {
	if _, waiting := l.since[w]; l.log == nil || waiting {
		return
	}
	l.since[w] = time.Now()
	l.log.Debug("wait", append(windowFields(w), zap.String("reason", leased))...)
}

// end logs the outcome of a window's wait. If the window does not wait, end does nothing.
func (l leaseWaits) end(w ledger.Window, outcome string) {
	began, waiting := l.since[w]
	if !waiting {
		return
	}
	delete(l.since, w)
	l.log.Debug("wait is over", append(windowFields(w), zap.String("reason", leased), zap.Duration("waited", time.Since(began)), zap.String("outcome", outcome))...)
}

// endAll ends all waits.
func (l leaseWaits) endAll(outcome string) {
	for w := range l.since {
		l.end(w, outcome)
	}
}

// leased is the reason of a wait for a lease.
const leased = "lease of another process"

func windowFields(w ledger.Window) []zap.Field {
	return []zap.Field{zap.String("account", w.Account), zap.String("stream", w.Stream.Name), zap.Time("from", w.From), zap.Time("to", w.To)}
}
