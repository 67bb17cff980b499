package extract

import (
	"context"
	"math"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// DemoRequest is one entry of demo_usage's `sessions`: an Instant Demo request.
type DemoRequest struct {
	ID                 Integer
	Start              Instant // sent without a zone, and then in UTC
	LastEvent          Instant
	AvailabilityBucket Text // full_capacity, half_capacity, no_capacity
	SecondsToRespond   SecondsOrNever
	HandledBy          Text // an agent's address, or "none"
	CallConfirmed      BoolOrNA
	ScreenShared       BoolOrNA
	AcceptedFrom       Text // extension, email, "n/a"
	Prospect           []Answer
	Problem            string // says that prospect_info is not an object; "" where it is
	Extra              Extra
}

// Answer is one prospect-… member of prospect_info: an answer to a question of the API or of the account. Answers keep the
// order in which they were sent. Of answers to one question only the last remains.
type Answer struct {
	Question string         // the member's name without "prospect-"
	Text     Text           // has a problem where the value is an object or an array
	JSON     jsontext.Value // canonical; nil where the value is a string or null
}

// DemoUsage asks for the demo requests of a window and calls row for each. canceled is how many more requests of the window
// were cancelled; the API tells nothing else about those. canceled is not valid where the API states no such count, or a
// negative one.
func (c *Client) DemoUsage(ctx context.Context, w Window, out Answers, row func(Record[DemoRequest]) error) (canceled Integer, rep Report, err error) {
	whole := true
	err = c.bisect(ctx, w, func(c *Client, half Window) error {
		var n Integer
		err := c.get(ctx, &rep, "/ss/api/demo_usage", half.events(), func(a *answer) error {
			n = Integer{}
			out.Begin()
			return a.demoUsage(&n, row)
		})
		if err != nil {
			return err
		}
		out.Commit()
		whole = whole && n.Valid && n.V >= 0
		canceled.V += n.V
		return nil
	})
	canceled.Valid = whole && err == nil && canceled.V <= math.MaxInt32
	return canceled, rep, err
}

func (a *answer) demoUsage(canceled *Integer, row func(Record[DemoRequest]) error) error {
	return a.rowsUnder("sessions", func() error {
		return records(a, "$.sessions", (*decoder).demoRequest, row)
	}, func(d *decoder, name string) (known bool, err error) {
		if name == "total_canceled_requests" {
			return true, d.integer(canceled)
		}
		return false, nil
	})
}

func (d *decoder) demoRequest(r *DemoRequest) error {
	return d.object(func(name []byte) error {
		switch string(name) {
		case "id":
			return d.integer(&r.ID)
		case "start_ts":
			return d.instant(&r.Start)
		case "last_event_ts":
			return d.instant(&r.LastEvent)
		case "availability_bucket":
			return d.text(&r.AvailabilityBucket)
		case "seconds_to_respond":
			return d.integer(&r.SecondsToRespond)
		case "handled_by":
			return d.text(&r.HandledBy)
		case "call_confirmed":
			return d.boolean(&r.CallConfirmed)
		case "screenshared":
			return d.boolean(&r.ScreenShared)
		case "accepted_from":
			return d.text(&r.AcceptedFrom)
		case "prospect_info":
			return d.prospectInfo(r)
		}
		return d.extra(&r.Extra)
	})
}

func (d *decoder) prospectInfo(r *DemoRequest) error {
	r.Prospect = nil
	var unknown Extra
	var exact []string // exact names of the questions
	place := map[string]int{}
	err := d.objectOrNull(&r.Problem, "prospect_info", func(name []byte) error {
		question, ok := strings.CutPrefix(cleanText(string(name)), "prospect-")
		if !ok || question == "" {
			return d.extra(&unknown)
		}
		member := d.exactName()
		answer, err := d.answer()
		if err != nil {
			return err
		}
		if i, again := place[member]; again {
			r.Prospect[i] = answer
			return nil
		}
		place[member] = len(exact)
		exact = append(exact, member)
		r.Prospect = append(r.Prospect, answer)
		return nil
	})
	for i, question := range distinctNames(exact, func(name string) string { return strings.TrimPrefix(name, "prospect-") }) {
		r.Prospect[i].Question = question
	}
	r.Extra.nest("prospect_info", unknown)
	return err
}

// answer reads the prospect's answer to a question.
func (d *decoder) answer() (Answer, error) {
	var a Answer
	kind := d.kind()
	if kind == '"' || kind == 'n' {
		return a, d.text(&a.Text)
	}
	raw, err := d.value()
	if err != nil {
		return a, err
	}
	if a.JSON, err = Canonical(raw); err != nil {
		return a, err
	}
	if kind == '{' || kind == '[' {
		a.Text = wrongKind[string](kind, "a text")
	} else {
		a.Text = fieldOf(string(a.JSON))
	}
	return a, nil
}
