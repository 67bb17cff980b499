package simulator

import (
	"time"
)

// Availability buckets, each with the probability of an answer and the log-normal distribution of the seconds until it.
var buckets = [3]struct {
	name          string
	answered      float64
	median, sigma float64
}{
	{"no_capacity", .12, 2400, 1},
	{"half_capacity", .74, 47, .9},
	{"full_capacity", .9, 21, .7},
}

const longestResponse = 18 * 3600 // seconds; keeps every request shorter than maxSpan

// requests makes the day's demo requests, and the sessions of those whose screen was shared.
func (w *workday) requests() ([]Request, []Session) {
	d := roll(w.sim.opts.Seed, seqRequests, w.day)
	weekday := w.begin.Add(12 * time.Hour).In(w.sim.cal.zone).Weekday()
	base := w.headcount * 1.15 * w.trend * browsingWeek[weekday] * w.sim.opts.Density
	campaigns := w.sim.campaignsOn(w.day)
	list := make([]Request, 0, int(base*1.6))
	var sessions []Session
	add := func(n int, c *campaign) {
		for range n {
			r := w.request(d, c)
			if !r.SharedAt.IsZero() {
				sessions = append(sessions, w.demoSession(d, &r))
			}
			list = append(list, r)
		}
	}
	add(d.poisson(base), nil)
	for i := range campaigns {
		add(d.poisson(base*campaigns[i].strength), &campaigns[i])
	}
	return list, sessions
}

func (w *workday) request(d dice, c *campaign) Request {
	start := w.at(d, w.companyMidnight(), browsingHours.second(d))
	if !d.yes(.02) { // the rest start on a whole second
		start = start.Add(time.Duration(d.IntN(1_000_000)) * time.Microsecond)
	}
	r := Request{StartedAt: start, Info: w.prospect(d, c)}
	who, bucket := w.available(d, start.Unix())
	b := &buckets[bucket]
	r.Availability = b.name
	if who == nil || !d.yes(b.answered*min(1, who.skill)) {
		r.LastEventAt = start.Add(time.Duration(d.lognormal(40e6, .8)) * time.Microsecond)
		return r
	}
	w.handle(d, &r, who, min(longestResponse, int(1+d.lognormal(b.median*who.slowness, b.sigma))))
	return r
}

// handle simulates an answered request: the call and, if it happens on the same day, the screen share.
func (w *workday) handle(d dice, r *Request, who *worker, seconds int) {
	r.Agent, r.SecondsToRespond, r.AcceptedFrom = who.Email, seconds, "extension"
	if r.Availability == "no_capacity" || d.yes(.15) {
		r.AcceptedFrom = "email"
	}
	later := func(t time.Time, median, sigma float64) time.Time {
		return t.Add(time.Duration(min(d.lognormal(median, sigma), 7200)*1e6) * time.Microsecond)
	}
	r.AnsweredAt = r.StartedAt.Add(time.Duration(seconds) * time.Second)
	r.LastEventAt = later(r.AnsweredAt, 8, .6)
	if !d.yes(.8 * who.skill) {
		return
	}
	r.ConfirmedAt = later(r.AnsweredAt, 45, .6)
	r.LastEventAt = later(r.ConfirmedAt, 90, .8)
	if !d.yes(.6 * who.skill) {
		return
	}
	if shared := later(r.ConfirmedAt, 70, .7); shared.Before(w.end) {
		r.SharedAt = shared
		r.LastEventAt = later(shared, 780*who.length, .7)
	}
}

// available returns the agent who could answer at a moment, and the bucket: 2 if more than half of the demo pool are at
// their desks, 1 if some are, 0 if nobody is. Without anybody there, the agent is one who may still see the e-mail.
func (w *workday) available(d dice, at int64) (*worker, int) {
	pool, ready := 0, 0
	var chosen, sleeper *worker
	for i := range w.staff {
		p := &w.staff[i]
		if !p.InDemoPool {
			continue
		}
		pool++
		if d.IntN(pool) == 0 {
			sleeper = p
		}
		local := int(at - p.midnight)
		lunch := local >= 12*3600+p.index%4*900 && local < 12*3600+p.index%4*900+2700
		atWork := local >= p.workStart && local < p.workEnd && !lunch && p.presence > 0 && d.Float64() < p.presence*4
		if !atWork || d.yes(.25) { // the quarter are already sharing a screen
			continue
		}
		ready++
		if d.IntN(ready) == 0 {
			chosen = p
		}
	}
	switch {
	case ready == 0:
		return sleeper, 0
	case ready*2 > pool:
		return chosen, 2
	}
	return chosen, 1
}

// cancellations are instants only: the API reports nothing but their number.
func (w *workday) cancellations() []time.Time {
	d := roll(w.sim.opts.Seed, seqCancellations, w.day)
	weekday := w.begin.Add(12 * time.Hour).In(w.sim.cal.zone).Weekday()
	list := make([]time.Time, d.poisson(w.headcount*.13*w.trend*browsingWeek[weekday]*w.sim.opts.Density))
	for i := range list {
		list[i] = w.at(d, w.companyMidnight(), browsingHours.second(d)).Add(time.Duration(d.IntN(1_000_000)) * time.Microsecond)
	}
	return list
}
