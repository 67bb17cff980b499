package extract

import (
	"context"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Views are the two views of company_content. Together they are the whole library.
var Views = []string{"active", "soft_deleted"}

// Content is one entry of company_content: something to show, or a recording.
type Content struct {
	ID         Integer
	Name       Text
	Type       Text // upload, recording, redirect, cta, video
	State      Text // created, processing, ready, null
	CreatedBy  Text
	RecordedAt Instant
	RuntimeMS  Integer // milliseconds
	Tag        Text
	URL        Text
	View       string // one of Views
	Events     []ContentEvent
	Problem    string
	Extra      Extra
}

// ContentEvent is one entry of a content's `events`.
type ContentEvent struct {
	Raw     jsontext.Value // as sent; valid as long as the record's Raw
	Name    Text           // started, paused, resumed, ended
	Time    Integer        // milliseconds from the start of the recording
	Problem string
	Extra   Extra
}

// CompanyContent asks for all contents that were created in a window, deleted ones too, and calls row for each. A day of
// creation (in UTC) whose request fails alone is left out and named in Report.Missing. If all requests fail, CompanyContent
// fails.
func (c *Client) CompanyContent(ctx context.Context, w Window, out Answers, row func(Record[Content]) error) (Report, error) {
	var rep Report
	var l losses
	var missing []string
	for _, view := range Views {
		lost, err := c.bisectToDays(ctx, w, &l, func(c *Client, half Window) error {
			q := half.events()
			q.Set("view", view)
			err := c.get(ctx, &rep, "/ss/api/company_content", q, func(a *answer) error {
				out.Begin()
				return a.list(func() error {
					return records(a, "$", (*decoder).content, func(rec Record[Content]) error {
						rec.Value.View = view
						return row(rec)
					})
				})
			})
			if err != nil {
				out.Begin() // rows of a broken answer are void
				return err
			}
			out.Commit()
			return nil
		})
		if err != nil {
			return rep, err
		}
		if len(lost) > 0 {
			missing = append(missing, "the view "+view+" of "+namedDays(lost))
		}
	}
	if len(missing) == 0 {
		return rep, nil
	}
	err := l.missing(&rep, strings.Join(missing, "; "))
	return rep, err
}

func (d *decoder) content(c *Content) error {
	return d.object(func(name []byte) error {
		switch string(name) {
		case "id":
			return d.integer(&c.ID)
		case "name":
			return d.text(&c.Name)
		case "type":
			return d.text(&c.Type)
		case "state":
			return d.text(&c.State)
		case "created_by":
			return d.text(&c.CreatedBy)
		case "recorded_at":
			return d.instant(&c.RecordedAt)
		case "runtime_ms":
			return d.integer(&c.RuntimeMS)
		case "tag":
			return d.text(&c.Tag)
		case "url":
			return d.text(&c.URL)
		case "events":
			c.Events = nil
			return d.arrayOrNull(&c.Problem, "events", func() error { return d.contentEvent(c) })
		}
		return d.extra(&c.Extra)
	})
}

func (d *decoder) contentEvent(c *Content) error {
	var e ContentEvent
	d.peek()
	from := d.pos
	err := d.objectOrNull(&e.Problem, "event", func(name []byte) error {
		switch string(name) {
		case "name":
			return d.text(&e.Name)
		case "time":
			return d.integer(&e.Time)
		}
		return d.extra(&e.Extra)
	})
	e.Raw = d.src[from:d.pos:d.pos]
	c.Events = append(c.Events, e)
	return err
}
