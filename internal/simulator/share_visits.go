package simulator

import (
	"math"
	"net/http"
	"strconv"
)

// shareVisits shows one share and its visits in the window, newest first. Without bounds it shows all visits so far.
func (c *call) shareVisits() {
	w := allTime(c.now)
	if c.query.Has("from") || c.query.Has("to") {
		var err error
		if w, err = c.sim.windowOf(c.query, c.now, 29); err != nil {
			c.fail(http.StatusBadRequest, err.Error())
			return
		}
	}
	s := c.sim.libraryAt(c.now).bySlug[c.arg]
	if s == nil || s.CreatedAt.After(c.now) {
		c.fail(http.StatusNotFound, "not found")
		return
	}
	visits := s.visitsIn(w)
	e := engagementOf(visits)
	b := strconv.AppendInt(append(c.buf, `{"content_runtime_ms":`...), s.ContentRuntimeMS, 10)
	b = strconv.AppendBool(append(b, `,"has_cta":`...), s.HasCTA)
	b = appendText(append(b, `,"segment":`...), s.Segment)
	b = append(b, `,"sessions":[`...)
	for i := len(visits) - 1; i >= 0; i-- {
		v := &visits[i]
		b = strconv.AppendBool(append(b, `{"cta_clicked":`...), v.CTAClicked)
		b = appendFloat(append(b, `,"percent_watched":`...), v.PercentWatched)
		b = strconv.AppendBool(append(b, `,"played":`...), v.Played)
		b = appendString(append(b, `,"visit_id":`...), v.ID)
		b = c.sim.opts.Shape.instant(append(b, `,"visited_at":`...), v.At)
		b = append(appendFloat(append(b, `,"watch_time_sec":`...), v.WatchSeconds), '}')
		if i > 0 {
			b = append(b, ',')
		}
	}
	b = appendString(append(b, `],"slug":`...), s.Slug)
	b = appendFloat(append(b, `,"summary":{"avg_percent_watched":`...), e.avgPercent())
	avgWatch := math.Round(e.seconds * 1000 / float64(max(1, e.plays)))
	b = appendFloat(append(b, `,"avg_watch_time_ms":`...), avgWatch)
	b = appendInt(append(b, `,"cta_clicks":`...), e.clicks)
	b = appendFloat(append(b, `,"engagement_score_v1":`...), e.score())
	b = appendFloat(append(b, `,"play_rate":`...), e.playRate())
	b = appendInt(append(b, `,"total_plays":`...), e.plays)
	b = appendInt(append(b, `,"total_visits":`...), e.visits)
	c.buf = append(b, `}}`...)
}
