package simulator

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
)

// engagement summarises a share's visits in a window. Averages are over plays.
type engagement struct {
	visits, plays, clicks int
	percent, seconds      float64 // totals over plays
}

func engagementOf(visits []Visit) engagement {
	e := engagement{visits: len(visits)}
	for i := range visits {
		v := &visits[i]
		if v.Played {
			e.plays++
			e.percent += v.PercentWatched
			e.seconds += v.WatchSeconds
		}
		if v.CTAClicked {
			e.clicks++
		}
	}
	return e
}

func (e *engagement) avgPercent() float64 {
	return math.Round(e.percent/float64(max(1, e.plays))*1e4) / 1e4
}

func (e *engagement) playRate() float64 {
	return math.Round(float64(e.plays)/float64(max(1, e.visits))*1e4) / 1e4
}

// score is 10 for a share that was only visited (as recorded), and up to 100 with plays, watching and clicks. The vendor's
// formula is unknown.
func (e *engagement) score() float64 {
	if e.visits == 0 {
		return 0
	}
	score := 10 + 40*e.playRate() + 40*e.avgPercent() + 10*min(1, float64(e.clicks)/float64(e.visits))
	return math.Round(score*10) / 10
}

// shares lists the shares visited in the window or, with inactive=true, all shares created before the window's end, newest
// first.
func (c *call) shares() {
	w, err := c.sim.windowOf(c.query, c.now, 29)
	if err != nil {
		c.fail(http.StatusBadRequest, err.Error())
		return
	}
	page, ok := positive(c.query, "page", 1)
	asked, ok2 := positive(c.query, "page_size", 25)
	if !ok || !ok2 {
		c.fail(http.StatusBadRequest, "page and page_size must be positive integers")
		return
	}
	size, skip := asked, asked
	if limit := c.sim.opts.MaxPageSize; limit > 0 && size > limit {
		size = limit
		if skip = limit; c.sim.opts.OffsetsFromAsked {
			skip = asked
		}
	}
	list := c.sim.listed(w, c.query)
	total := len(list)
	if page-1 > total/skip {
		list = nil
	} else {
		list = list[min(total, (page-1)*skip):]
	}
	c.buf = append(c.buf, `{"data":[`...)
	for i := range min(size, len(list)) {
		if i > 0 {
			c.buf = append(c.buf, ',')
		}
		c.share(list[i], w)
		if !c.spill() {
			return
		}
	}
	b := appendString(append(c.buf, `],"from":`...), w.askedFrom)
	b = appendInt(append(b, `,"pagination":{"page":`...), page)
	b = appendInt(append(b, `,"page_size":`...), size)
	b = appendInt(append(b, `,"total":`...), total)
	b = appendString(append(b, `},"to":`...), w.askedTo)
	c.buf = append(b, '}')
}

// listed is the list of all pages. It is built for each request, at a cost proportional to its shares.
func (s *Simulator) listed(w window, q url.Values) []*Share {
	lib := s.libraryAt(w.now)
	by, inactive := q.Get("created_by"), q.Get("inactive") == "true"
	if inactive && by == "" {
		n := lib.countBefore(w)
		list := make([]*Share, n)
		for i, share := range lib.shares[:n] {
			list[n-1-i] = share
		}
		return list
	}
	var list []*Share
	keep := func(share *Share) {
		if by == "" || by == share.CreatedBy {
			list = append(list, share)
		}
	}
	if inactive {
		for _, share := range lib.shares[:lib.countBefore(w)] {
			keep(share)
		}
	} else {
		seen := map[*Share]bool{}
		s.visitsIn(lib, w, func(share *Share, _ *Visit) {
			if !seen[share] {
				seen[share] = true
				keep(share)
			}
		})
	}
	newestFirst(list)
	return list
}

func (c *call) share(s *Share, w window) {
	e := engagementOf(s.visitsIn(w))
	b := appendFloat(append(c.buf, `{"avg_percent_watched":`...), e.avgPercent())
	b = appendInt(append(b, `,"company_content_id":`...), s.ContentID)
	b = appendString(append(b, `,"content_name":`...), s.ContentName)
	b = c.sim.opts.Shape.instant(append(b, `,"created_at":`...), s.CreatedAt)
	b = appendString(append(b, `,"created_by_email":`...), s.CreatedBy)
	b = appendString(append(b, `,"created_by_name":`...), s.CreatedByName)
	b = appendInt(append(b, `,"cta_clicks":`...), e.clicks)
	b = appendFloat(append(b, `,"engagement_score_v1":`...), e.score())
	b = strconv.AppendBool(append(b, `,"has_cta":`...), s.HasCTA)
	b = appendInt(append(b, `,"plays":`...), e.plays)
	b = appendText(append(b, `,"segment":`...), s.Segment)
	b = appendString(append(b, `,"slug":`...), s.Slug)
	b = appendInt(append(b, `,"visits":`...), e.visits)
	c.buf = append(b, '}')
}

func positive(q url.Values, key string, otherwise int) (int, bool) {
	text := q.Get(key)
	if text == "" {
		return otherwise, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n > 0
}
