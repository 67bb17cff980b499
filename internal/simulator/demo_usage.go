package simulator

import (
	"net/http"
	"strconv"
	"time"
)

func (c *call) demoUsage() {
	w, err := c.sim.windowOf(c.query, c.now, 28)
	if err != nil {
		c.fail(http.StatusBadRequest, err.Error())
		return
	}
	first, last := c.sim.daysOf(w)
	canceled := 0
	for day := last; day >= first; day-- {
		for _, at := range c.sim.facts(day).Cancellations {
			if w.contains(at) {
				canceled++
			}
		}
	}
	c.buf = appendInt(append(c.buf, `{"total_canceled_requests":`...), canceled)
	c.buf = append(c.buf, `,"sessions":[`...)
	comma := false
	for day := last; day >= first; day-- {
		list := c.sim.facts(day).Requests
		for i := len(list) - 1; i >= 0; i-- {
			r, ok := list[i].AsOf(c.now)
			if !ok || !w.selects(c.sim.opts.Select, r.StartedAt, r.LastEventAt) {
				continue
			}
			if comma {
				c.buf = append(c.buf, ',')
			}
			comma = true
			c.request(&r)
			if !c.spill() {
				return
			}
		}
	}
	c.buf = append(c.buf, `]}`...)
}

// request appends a demo request, its keys in the recorded order.
func (c *call) request(r *Request) {
	shape := &c.sim.opts.Shape
	b := shape.naive(append(c.buf, `{"start_ts":`...), r.StartedAt)
	b = append(b, `,"seconds_to_respond":`...)
	if r.AnsweredAt.IsZero() {
		b = append(b, `"never"`...)
	} else {
		b = appendInt(b, r.SecondsToRespond)
	}
	b = append(b, `,"screenshared":`...)
	b = appendOutcome(b, !r.ConfirmedAt.IsZero(), r.SharedAt)
	b = append(b, `,"prospect_info":{`...)
	for i, a := range r.Info {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(appendString(b, a.Key), ':'), a.Value)
	}
	b = shape.naive(append(b, `},"last_event_ts":`...), r.LastEventAt)
	b = strconv.AppendInt(append(b, `,"id":`...), r.ID, 10)
	switch {
	case r.Agent != "":
		b = appendString(append(b, `,"handled_by":`...), r.Agent)
	case !shape.HandledByAbsent:
		b = append(b, `,"handled_by":"none"`...)
	}
	b = append(b, `,"call_confirmed":`...)
	b = appendOutcome(b, !r.AnsweredAt.IsZero(), r.ConfirmedAt)
	b = appendString(append(b, `,"availability_bucket":`...), r.Availability)
	b = append(b, `,"accepted_from":`...)
	if r.AcceptedFrom == "" {
		b = append(b, `"n/a"`...)
	} else {
		b = appendString(b, r.AcceptedFrom)
	}
	c.buf = append(b, '}')
}

// appendOutcome appends whether a step of the funnel happened, or "n/a" where the step before it did not.
func appendOutcome(b []byte, applies bool, at time.Time) []byte {
	if !applies {
		return append(b, `"n/a"`...)
	}
	return strconv.AppendBool(b, !at.IsZero())
}
