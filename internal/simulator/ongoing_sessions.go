package simulator

import (
	"encoding/base64"
	"hash/fnv"
	"net/url"
	"strconv"
)

// ongoingSessions lists the screens being shared now.
func (c *call) ongoingSessions() {
	language := c.query.Get("hl")
	if language == "" {
		language = "en"
	}
	c.buf = append(c.buf, '[')
	comma := false
	first, last := max(0, c.sim.cal.day(c.now.Add(-maxSpan))), c.sim.cal.day(c.now)
	for day := last; day >= first; day-- {
		for i, s := range c.sim.facts(day).Sessions {
			if s.StartedAt.After(c.now) || !s.EndedAt.After(c.now) {
				continue
			}
			if comma {
				c.buf = append(c.buf, ',')
			}
			comma = true
			id := sessionID(&s, i)
			b := appendString(append(c.buf, `{"agent_email":`...), s.Agent)
			b = appendString(append(b, `,"session_id":`...), id)
			b = appendString(append(b, `,"viewer_link":`...),
				"https://us1.crankwheel.com/demo?hl="+url.QueryEscape(language)+"&c="+id)
			c.buf = append(b, '}')
		}
	}
	c.buf = append(c.buf, ']')
}

// sessionID is 12 characters that identify the i-th session of a day.
func sessionID(s *Session, i int) string {
	h := fnv.New128a()
	h.Write(strconv.AppendInt([]byte(s.Agent), s.StartedAt.UnixMicro(), 10))
	h.Write(strconv.AppendInt([]byte{' '}, int64(i), 10))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[7:])
}
