package simulator

import (
	"net/http"
	"strconv"
	"time"
)

// companyContent lists the items of one view that were created in the window. Without bounds it lists all of them.
func (c *call) companyContent() {
	w := allTime(c.now)
	if c.query.Has("from") || c.query.Has("to") {
		if !c.query.Has("from") {
			c.query.Set("from", w.from.UTC().Format(time.RFC3339))
		}
		var err error
		if w, err = c.sim.windowOf(c.query, c.now, 29); err != nil {
			c.fail(http.StatusBadRequest, err.Error())
			return
		}
	}
	view := c.query.Get("view")
	if view != "" && view != "active" && view != "soft_deleted" {
		c.fail(http.StatusBadRequest, "view must be active or soft_deleted")
		return
	}
	c.buf = append(c.buf, '[')
	comma := false
	for _, x := range c.sim.libraryAt(c.now).contentsIn(w) {
		deleted := !x.DeletedAt.IsZero() && !x.DeletedAt.After(c.now)
		if deleted != (view == "soft_deleted") {
			continue
		}
		if comma {
			c.buf = append(c.buf, ',')
		}
		comma = true
		c.content(x)
		if !c.spill() {
			return
		}
	}
	c.buf = append(c.buf, ']')
}

func (c *call) companyContentItem() {
	id, err := strconv.ParseInt(c.arg, 10, 64)
	if err == nil {
		if x := c.sim.libraryAt(c.now).byID[id]; x != nil && !x.CreatedAt.After(c.now) {
			c.content(x)
			return
		}
	}
	c.fail(http.StatusNotFound, "not found")
}

func (c *call) content(x *Content) {
	b := appendText(append(c.buf, `{"created_by":`...), x.CreatedBy)
	b = append(b, `,"events":[`...)
	for i, e := range x.Events {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"name":`...), e.Name)
		b = append(strconv.AppendInt(append(b, `,"time":`...), e.TimeMS, 10), '}')
	}
	b = strconv.AppendInt(append(b, `],"id":`...), x.ID, 10)
	b = appendString(append(b, `,"name":`...), x.Name)
	b = whole(append(b, `,"recorded_at":`...), x.RecordedAt)
	b = strconv.AppendInt(append(b, `,"runtime_ms":`...), x.RuntimeMS, 10)
	b = appendText(append(b, `,"state":`...), x.stateAsOf(c.now))
	b = appendText(append(b, `,"tag":`...), x.Tag)
	b = appendString(append(b, `,"type":`...), x.Type)
	b = appendText(append(b, `,"url":`...), x.URL)
	c.buf = append(b, '}')
}
