package simulator

import (
	"strconv"
	"time"
)

// maxSpan is the longest time a session or a request can last. It bounds how far back a window must look for facts that
// overlap it.
const maxSpan = 24 * time.Hour

// sessions makes the day's screen shares that no demo request led to, including the recorded ones.
func (w *workday) sessions() []Session {
	d := roll(w.sim.opts.Seed, seqSessions, w.day)
	recorded := w.sim.recordings(w.day)
	mean := 5.6 * w.trend * w.sim.opts.Density
	list := make([]Session, 0, int(mean*float64(len(w.staff))))
	for i := range w.staff {
		p := &w.staff[i]
		n := d.poisson(mean * p.volume * p.presence)
		from := len(list)
		for range n {
			start := w.at(d, p.midnight, officeHours.second(d)).Truncate(time.Second)
			list = append(list, w.session(d, p.agent, start, w.length(d, p.agent)))
		}
		for j := range recorded {
			if r := &recorded[j]; r.agent == p.agent && r.meeting {
				s := w.session(d, p.agent, r.begin, r.end.Sub(r.begin))
				s.RecordingID = r.content.ID
				list = append(list, s)
			}
		}
		w.queue(d, list[from:])
	}
	return list
}

// length is how long a session lasts: a short trial, or a meeting.
func (w *workday) length(d dice, a *agent) time.Duration {
	if d.yes(.17) {
		return time.Duration(1+d.ExpFloat64()*25) * time.Second
	}
	return time.Duration(min(d.lognormal(640*a.length, .8), 4*3600)) * time.Second
}

// queue delays each of an agent's sessions until the one before it ends. A few overlap all the same, and so do sessions
// that would be delayed by 45 minutes or more, as happens at high densities.
func (w *workday) queue(d dice, mine []Session) {
	copy(mine, inOrder(mine, func(s *Session) time.Time { return s.StartedAt }))
	var free time.Time
	for i := range mine {
		s := &mine[i]
		wait := free.Sub(s.StartedAt)
		if wait > 0 && wait < 45*time.Minute && s.RecordingID == 0 && !d.yes(.05) {
			wait += time.Duration(20+d.IntN(240)) * time.Second
			if s.EndedAt.Add(wait).Before(w.end) {
				s.shift(wait)
			}
		}
		if s.EndedAt.After(free) {
			free = s.EndedAt
		}
	}
}

func (s *Session) shift(by time.Duration) {
	s.StartedAt, s.EndedAt = s.StartedAt.Add(by), s.EndedAt.Add(by)
	for i := range s.Logs {
		s.Logs[i].At = s.Logs[i].At.Add(by)
	}
}

// session makes one screen share.
func (w *workday) session(d dice, a *agent, start time.Time, length time.Duration) Session {
	length = max(length.Truncate(time.Second), time.Second)
	s := Session{Agent: a.Email, StartedAt: start, EndedAt: start.Add(length), MaxViewers: 1, Viewers: 1}
	switch u := d.Float64(); {
	case u < .06:
		s.MaxViewers, s.Viewers = 0, 0 // nobody watched
	case u < .2:
		s.MaxViewers = 2 + int(d.ExpFloat64()*1.5)
		s.Viewers = s.MaxViewers + d.IntN(2)
	}
	switch u := d.Float64(); {
	case s.Viewers == 0 || u < .05:
	case u < .38:
		s.Locations = []string{"*"}
	case u < .88 || s.Viewers == 1:
		s.Locations = []string{pick(d, cities)}
	default:
		s.Locations = []string{pick(d, cities), "*", pick(d, cities)}[:1+d.IntN(3)]
	}
	seconds := length.Seconds()
	s.RTCSeconds = int(seconds * d.between(.2, 1))
	if d.yes(.12) {
		s.WebcamSeconds = int(seconds * d.between(.1, .9))
	}
	s.Logs = w.logs(d, a, start, length)
	return s
}

// logs makes a session's log entries, which alternate between the agent's screen and projected contents. Most sessions
// show the screen only.
func (w *workday) logs(d dice, a *agent, start time.Time, length time.Duration) []Log {
	if d.yes(.05) {
		return nil
	}
	n := 1
	if d.yes(w.sim.opts.Projecting) && length > time.Minute {
		n += 1 + d.IntN(5)
	}
	logs := make([]Log, 0, n)
	at, step := start, length/time.Duration(n)
	for i := range n {
		log := Log{At: at.Add(time.Duration(d.Int64N(1 + min(int64(step), int64(time.Second))))), Email: a.Email, Kind: "screen"}
		log.At = log.At.Truncate(time.Microsecond)
		if i%2 == 1 {
			log.Kind, log.Content = "projector", w.projected(d)
		}
		logs = append(logs, log)
		at = at.Add(step/2 + time.Duration(d.Int64N(int64(step)/2+1)))
	}
	return logs
}

func (w *workday) projected(d dice) string {
	deck := w.deck()
	if len(deck) == 0 { // the first day: nothing is in the library yet
		return ""
	}
	c := &deck[d.IntN(len(deck))]
	return strconv.FormatInt(c.ID, 10) + "|" + c.Name
}

// demoSession is the screen share that a demo request led to.
func (w *workday) demoSession(d dice, r *Request) Session {
	start, end := r.SharedAt.Truncate(time.Second), r.LastEventAt.Truncate(time.Second)
	for i := range w.staff {
		if p := &w.staff[i]; p.Email == r.Agent {
			return w.session(d, p.agent, start, end.Sub(start))
		}
	}
	return Session{Agent: r.Agent, StartedAt: start, EndedAt: end.Add(time.Second)}
}
