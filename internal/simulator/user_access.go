package simulator

import (
	"net/http"
	"strconv"
)

// userAccess is a snapshot of the users who have access now.
func (c *call) userAccess() {
	c.buf = append(c.buf, '[')
	comma := false
	for _, a := range c.sim.team {
		if !a.AsOf(c.now) {
			continue
		}
		if comma {
			c.buf = append(c.buf, ',')
		}
		comma = true
		c.user(&a.User)
	}
	c.buf = append(c.buf, ']')
}

func (c *call) userAccessItem() {
	for _, a := range c.sim.team {
		if a.Email == c.arg && a.AsOf(c.now) {
			c.user(&a.User)
			return
		}
	}
	c.fail(http.StatusNotFound, "not found")
}

func (c *call) user(u *User) {
	b := appendString(append(c.buf, `{"privilege":`...), u.Privilege)
	b = append(b, `,"in_demo_pool":`...)
	if !u.InDemoPool && (u.PoolUnset || c.sim.opts.Shape.PoolNull) {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendBool(b, u.InDemoPool)
	}
	c.buf = append(appendString(append(b, `,"email":`...), u.Email), '}')
}
