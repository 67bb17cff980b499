package simulator

import (
	"net/http"
	"strconv"
)

const videoURL = "https://meeting.is/ss/share/"

// shareDetails lists the shares created in the window, oldest first, as in the recorded answer.
func (c *call) shareDetails() {
	w, err := c.sim.windowOf(c.query, c.now, 0)
	if err != nil {
		c.fail(http.StatusBadRequest, err.Error())
		return
	}
	c.buf = append(c.buf, `{"shares":[`...)
	for i, s := range c.sim.libraryAt(c.now).createdIn(w) {
		if i > 0 {
			c.buf = append(c.buf, ',')
		}
		b := strconv.AppendBool(append(c.buf, `{"access_sharing_enabled":`...), s.AccessSharing)
		b = appendText(append(b, `,"content_created_by":`...), s.ContentCreatedBy)
		b = whole(append(b, `,"content_recorded_at":`...), s.ContentRecordedAt)
		b = appendClock(append(b, `,"content_runtime":`...), s.ContentRuntimeMS/1000)
		b = c.sim.opts.Shape.instant(append(b, `,"created_at":`...), s.CreatedAt)
		b = appendText(append(b, `,"customer_account_id":`...), s.CustomerAccountID)
		b = appendString(append(b, `,"id":`...), s.Slug)
		b = append(b, `,"video_url":"`+videoURL...)
		c.buf = append(append(b, s.Slug...), `"}`...)
		if !c.spill() {
			return
		}
	}
	c.buf = append(c.buf, `]}`...)
}

// appendClock appends seconds as HH:MM:SS.
func appendClock(b []byte, seconds int64) []byte {
	n := int(seconds)
	b = append(two(append(b, '"'), n/3600), ':')
	b = append(two(b, n/60%60), ':')
	return append(two(b, n%60), '"')
}
