package simulator

import (
	"cmp"
	"slices"
	"time"
)

// workday is what a day's facts are generated from: its bounds, who works, and how much.
type workday struct {
	sim        *Simulator
	day        int
	begin, end time.Time
	trend      float64
	staff      []worker
	headcount  float64 // of the staff, with newcomers counted in part
	deckItems  []Content
}

// worker is an agent on a day.
type worker struct {
	*agent
	presence float64
	midnight int64 // Unix seconds at which the agent's own clock shows 00:00, by its offset at noon
}

func (s *Simulator) workday(day int) *workday {
	w := &workday{sim: s, day: day, begin: s.cal.begin(day), end: s.cal.begin(day + 1), trend: s.trend(day)}
	year, month, dom := s.cal.date(day)
	for _, a := range s.team {
		if day < a.join || day >= a.leave || a.volume == 0 {
			continue
		}
		noon := time.Date(year, month, dom, 12, 0, 0, 0, a.zone).Unix()
		p := s.presence(a, day)
		w.staff = append(w.staff, worker{a, p, noon - 12*3600})
		w.headcount += min(1, .3+.7*float64(day-max(a.join, -30))/30)
	}
	return w
}

// exists is false for a date that the zone skips, and for days before history.
func (w *workday) exists() bool { return w.day >= 0 && w.begin.Before(w.end) }

// at turns a second of a local day into an instant of this day. An instant outside the day is moved to around noon.
func (w *workday) at(d dice, midnight int64, second int) time.Time {
	t := time.Unix(midnight+int64(second), 0).UTC()
	if t.Before(w.begin) || !t.Before(w.end) {
		t = w.begin.Add(12*time.Hour + time.Duration(d.IntN(4*3600))*time.Second)
	}
	return t
}

// companyMidnight is the company's midnight in Unix seconds, by the zone's offset at noon.
func (w *workday) companyMidnight() int64 {
	year, month, dom := w.sim.cal.date(w.day)
	return time.Date(year, month, dom, 12, 0, 0, 0, w.sim.cal.zone).Unix() - 12*3600
}

// midnight is the border that an edge case crosses: UTC's midnight or, sometimes, the day's own end.
func (w *workday) midnight(d dice) time.Time {
	utc := w.begin.Truncate(24 * time.Hour).Add(24 * time.Hour)
	if utc.After(w.end) || d.yes(.3) {
		return w.end
	}
	return utc
}

// deck lists the library items, other than recordings, that can be projected or shared on this day.
func (w *workday) deck() []Content {
	if w.deckItems == nil {
		w.deckItems = w.sim.deckBefore(w.day)
	}
	return w.deckItems
}

// build makes a day's facts from the seed, before edits by Mutate.
func (s *Simulator) build(day int, video bool) *Day {
	w := s.workday(day)
	out := &Day{Begin: w.begin, End: w.end}
	if !w.exists() {
		return out
	}
	var fromRequests []Session
	out.Requests, fromRequests = w.requests()
	out.Cancellations = w.cancellations()
	out.Sessions = append(w.sessions(), fromRequests...)
	w.edgeCases(out)
	out.sort()
	s.numberRequests(day, out)
	if video {
		w.video(out)
	}
	return out
}

// video adds the day's contents and shares.
func (w *workday) video(out *Day) {
	if !w.exists() {
		return
	}
	out.Contents = w.sim.deckOf(w.day)
	for _, r := range w.sim.recordings(w.day) {
		out.Contents = append(out.Contents, r.content)
	}
	out.Shares = w.shares()
	out.sort()
}

// numberRequests assigns ids in order of time. They have gaps, as on a server with other customers.
func (s *Simulator) numberRequests(day int, out *Day) {
	last, length := int64(0), out.End.Sub(out.Begin).Seconds()
	for i := range out.Requests {
		r := &out.Requests[i]
		id := 20_000 + int64(float64(s.requestStride)*(float64(day)+r.StartedAt.Sub(out.Begin).Seconds()/length*.9))
		last = max(id, last+1)
		r.ID = last
	}
}

// sort orders the lists by time. Facts at the same instant keep their order.
func (d *Day) sort() {
	d.Requests = inOrder(d.Requests, func(r *Request) time.Time { return r.StartedAt })
	d.Cancellations = inOrder(d.Cancellations, func(t *time.Time) time.Time { return *t })
	d.Sessions = inOrder(d.Sessions, func(s *Session) time.Time { return s.StartedAt })
	d.Shares = inOrder(d.Shares, func(s *Share) time.Time { return s.CreatedAt })
	d.Contents = inOrder(d.Contents, func(c *Content) time.Time { return c.CreatedAt })
	for i := range d.Shares {
		d.Shares[i].Visits = inOrder(d.Shares[i].Visits, func(v *Visit) time.Time { return v.At })
	}
}

// inOrder sorts stably and moves each element once: facts are large, and a stable sort in place would move them many times.
func inOrder[T any](list []T, at func(*T) time.Time) []T {
	type key struct {
		at    int64
		index int
	}
	keys, sorted := make([]key, len(list)), true
	for i := range list {
		keys[i] = key{at(&list[i]).UnixNano(), i}
		sorted = sorted && (i == 0 || keys[i-1].at <= keys[i].at)
	}
	if sorted {
		return list
	}
	slices.SortFunc(keys, func(a, b key) int { return cmp.Or(cmp.Compare(a.at, b.at), a.index-b.index) })
	out := make([]T, len(list))
	for i, k := range keys {
		out[i] = list[k.index]
	}
	return out
}
