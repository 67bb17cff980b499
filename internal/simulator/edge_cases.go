package simulator

import (
	"slices"
	"time"
)

// edgeCases adds rare facts that a loader must handle: sessions across midnight, facts at the very border of a day and
// same-second sessions.
func (w *workday) edgeCases(out *Day) {
	d := roll(w.sim.opts.Seed, seqEdgeCases, w.day)
	if len(w.staff) == 0 {
		return
	}
	p := pick(d, w.staff)
	if d.yes(.08) {
		w.acrossMidnight(d, out, p.agent)
	}
	if len(out.Sessions) > 0 && d.yes(.08) {
		w.sameSecond(d, out)
	}
	if d.yes(.03) { // of two same-second sessions, one crosses midnight
		i := len(out.Sessions)
		w.acrossMidnight(d, out, p.agent)
		if len(out.Sessions) > i {
			first := out.Sessions[i]
			out.Sessions = append(out.Sessions, w.session(d, p.agent, first.StartedAt, 40*time.Second))
		}
	}
	if d.yes(.06) {
		w.onTheBorder(d, out, p.agent)
	}
}

func (w *workday) acrossMidnight(d dice, out *Day, a *agent) {
	m := w.midnight(d)
	start := m.Add(-time.Duration(60+d.IntN(2400)) * time.Second)
	if start.Before(w.begin) {
		return
	}
	length := m.Sub(start) + time.Duration(1+d.IntN(3600))*time.Second
	out.Sessions = append(out.Sessions, w.session(d, a, start, length))
}

// sameSecond adds a session that starts in the same second as another one: mostly a different session, sometimes an equal one.
func (w *workday) sameSecond(d dice, out *Day) {
	s := pick(d, out.Sessions)
	if d.yes(.4) {
		s.Logs, s.Locations = slices.Clone(s.Logs), slices.Clone(s.Locations)
		out.Sessions = append(out.Sessions, s)
		return
	}
	for i := range w.staff {
		if a := w.staff[i].agent; a.Email == s.Agent {
			out.Sessions = append(out.Sessions, w.session(d, a, s.StartedAt, w.length(d, a)))
			return
		}
	}
}

// onTheBorder adds facts in the first and last second of a UTC day, where the values of Bound differ.
func (w *workday) onTheBorder(d dice, out *Day, a *agent) {
	m := w.begin.Truncate(24 * time.Hour)
	if m.Before(w.begin) {
		m = m.Add(24 * time.Hour)
	}
	lastSecond := m.Add(24*time.Hour - time.Second)
	if lastSecond.After(w.end.Add(-time.Second)) {
		lastSecond = m.Add(-time.Second)
	}
	for _, at := range []time.Time{m, lastSecond} {
		if at.Before(w.begin) || !at.Before(w.end) || d.yes(.3) {
			continue
		}
		out.Sessions = append(out.Sessions, w.session(d, a, at, w.length(d, a)))
		r := Request{StartedAt: at, Info: w.prospect(d, nil), Availability: "no_capacity"}
		if at == lastSecond {
			r.StartedAt = at.Add(time.Duration(d.IntN(1_000_000)) * time.Microsecond)
		}
		r.LastEventAt = r.StartedAt.Add(30 * time.Second)
		out.Requests = append(out.Requests, r)
		out.Cancellations = append(out.Cancellations, at)
	}
}
