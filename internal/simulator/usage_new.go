package simulator

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
)

// recordingURL is the address of a session's recording, without the content id.
const recordingURL = "https://acme.crankwheel.com/ss/api/company_content/"

// totals is what usage_new's stats say about one user or all users.
type totals struct{ count, seconds int }

func (t *totals) add(s *Session) { t.count, t.seconds = t.count+1, t.seconds+s.seconds() }

func (c *call) usageNew() {
	w, err := c.sim.windowOf(c.query, c.now, 28)
	if err != nil {
		c.fail(http.StatusBadRequest, err.Error())
		return
	}
	all, users := totals{}, map[string]*totals{}
	count := func(s *Session) bool {
		all.add(s)
		if users[s.Agent] == nil {
			users[s.Agent] = &totals{}
		}
		users[s.Agent].add(s)
		return true
	}
	statsFirst := c.sim.opts.Shape.ArrayStats
	c.buf = append(c.buf, '{')
	if statsFirst {
		c.sim.selectedSessions(w, count)
		c.stats(all, users)
		c.buf = append(c.buf, ',')
	}
	c.buf = append(c.buf, `"sessions":[`...)
	comma := false
	c.sim.selectedSessions(w, func(s *Session) bool {
		if comma {
			c.buf = append(c.buf, ',')
		}
		comma = true
		c.session(s)
		return c.spill() && (statsFirst || count(s))
	})
	c.buf = append(c.buf, ']')
	if !statsFirst {
		c.buf = append(c.buf, ',')
		c.stats(all, users)
	}
	c.buf = append(c.buf, '}')
}

// selectedSessions calls f for the sessions that a window selects, newest first, until f returns false.
func (s *Simulator) selectedSessions(w window, f func(*Session) bool) {
	first, last := s.daysOf(w)
	var x Session // declared once: it escapes to the heap through f
	for day := last; day >= first; day-- {
		list := s.facts(day).Sessions
		for i := len(list) - 1; i >= 0; i-- {
			var ok bool
			if x, ok = list[i].AsOf(w.now); ok && w.selects(s.opts.Select, x.StartedAt, x.EndedAt) && !f(&x) {
				return
			}
		}
	}
}

func (c *call) stats(all totals, users map[string]*totals) {
	array := c.sim.opts.Shape.ArrayStats
	b := append(c.buf, `"stats":{`...)
	b = append(all.append(b), `,"user_stats":`...)
	b = append(b, pair(array, '[', '{'))
	for i, email := range slices.Sorted(maps.Keys(users)) {
		if i > 0 {
			b = append(b, ',')
		}
		if array {
			b = append(b, '{')
		}
		b = append(users[email].append(append(appendString(b, email), `:{`...)), '}')
		if array {
			b = append(b, '}')
		}
	}
	c.buf = append(append(b, pair(array, ']', '}')), '}')
}

func (t totals) append(b []byte) []byte {
	b = appendInt(append(b, `"total_count":`...), t.count)
	return appendInt(append(b, `,"total_sec":`...), t.seconds)
}

func pair(first bool, a, b byte) byte {
	if first {
		return a
	}
	return b
}

func (c *call) session(s *Session) {
	shape := &c.sim.opts.Shape
	if shape.Sparse {
		c.sparseSession(s)
		return
	}
	b := appendInt(append(c.buf, `{"duration":`...), s.seconds())
	b = appendString(append(b, `,"email":`...), s.Agent)
	b = shape.end(b, s, `,"end_date":`)
	b = shape.end(b, s, `,"end_time":`)
	if s.RecordingID != 0 {
		b = strconv.AppendInt(append(b, `,"links":{"recording":"`+recordingURL...), s.RecordingID, 10)
		b = append(b, `"}`...)
	}
	b = append(b, `,"logs":[`...)
	for i := len(s.Logs) - 1; i >= 0; i-- {
		l := &s.Logs[i]
		b = appendString(append(b, `{"content":`...), l.Content)
		b = shape.instant(append(b, `,"date":`...), l.At)
		b = appendString(append(b, `,"email":`...), l.Email)
		b = append(appendString(append(b, `,"type":`...), l.Kind), '}')
		if i > 0 {
			b = append(b, ',')
		}
	}
	b = appendInt(append(b, `],"rtc_seconds":`...), s.RTCSeconds)
	b = strconv.AppendBool(append(b, `,"session_ended":`...), !s.Running)
	b = shape.instant(append(b, `,"start_date":`...), s.StartedAt)
	b = shape.instant(append(b, `,"start_time":`...), s.StartedAt)
	b = appendStrings(append(b, `,"viewer_info":{"locations":`...), s.Locations)
	b = appendInt(append(b, `,"max_viewer_count":`...), s.MaxViewers)
	b = appendInt(append(b, `,"viewer_count":`...), s.Viewers)
	b = appendInt(append(b, `},"webcam_s":`...), s.WebcamSeconds)
	c.buf = append(b, '}')
}

// sparseSession appends a session with the keys of 2020, in the recorded order.
func (c *call) sparseSession(s *Session) {
	shape := &c.sim.opts.Shape
	b := appendInt(append(c.buf, `{"viewer_info":{"max_viewer_count":`...), s.MaxViewers)
	b = shape.instant(append(b, `},"start_date":`...), s.StartedAt)
	b = append(b, `,"logs":[]`...)
	b = shape.end(b, s, `,"end_date":`)
	b = appendString(append(b, `,"email":`...), s.Agent)
	b = appendInt(append(b, `,"duration":`...), s.seconds())
	c.buf = append(b, '}')
}

// end appends a key with the session's end or, while the session runs, what [RunningEnd] prescribes.
func (s *Shape) end(b []byte, x *Session, key string) []byte {
	switch {
	case !x.Running || s.RunningEnd == EndSoFar && !s.Sparse:
		return s.instant(append(b, key...), x.EndedAt)
	case s.RunningEnd == EndNull:
		return append(append(b, key...), "null"...)
	}
	return b
}
