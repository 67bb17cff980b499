package web

import (
	"context"
	"strings"
	"time"
)

func (r *agentReading) readSessions(ctx context.Context) error {
	p, skip, most := r.pageOf("sessions", "Sessions", r.sessions)
	t := r.table("sessions", "Sessions, newest first", col("Began"), num("Lasted"), num("Viewers"), num("At one time"), col("Seen from"), num("Video"), num("Webcam"), num("Recording"))
	t.Empty = "No session in this range."
	type row struct {
		Start         time.Time
		End           *time.Time
		Seconds       *int64
		Ended         bool
		Viewers, Most *int64
		Locations     []string
		RTC, Webcam   *int64
		Recording     *int64
	}
	err := each(ctx, r.request, "sessions", r.with(map[string]any{"skip": skip, "most": most}), func(s row) {
		lasted := wholeSeconds(s.Seconds)
		if !s.Ended {
			lasted.Text += " so far"
		}
		recording := cell{Text: nothing}
		if s.Recording != nil {
			recording = id(*s.Recording)
		}
		t.add(r.moment(&s.Start), lasted, countOr(s.Viewers), countOr(s.Most), text(strings.Join(s.Locations, "; ")), wholeSeconds(s.RTC), wholeSeconds(s.Webcam), recording)
	})
	if err != nil {
		return err
	}
	r.Sessions = listing{t, p}
	return nil
}

// wholeSeconds is a duration in whole seconds.
func wholeSeconds(s *int64) cell {
	if s == nil {
		return cell{Text: nothing}
	}
	x := float64(*s)
	return seconds(&x)
}

// demoRow is a demo request in a list.
type demoRow struct {
	Start                    time.Time
	Availability             *string
	Seconds                  *int64
	From                     *string
	Confirmed, Shared        *bool
	Channel, Origin          *string
	Source, Medium, Campaign *string
}

// val is a text, or "" for nil.
func val(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func yesNo(b *bool) cell {
	if b == nil {
		return cell{Text: nothing}
	}
	return text(map[bool]string{true: "yes", false: "no"}[*b])
}

var demoColumns = []column{col("Requested at"), num("Time to respond"), col("Call confirmed"), col("Screen shared"), col("Availability"), col("Accepted from"), col("Origin"), col("Campaign"), col("Source"), col("Medium")}

// cells is a demo request's row of a table. Origin and campaign link to their pages.
func (d demoRow) cells(q *request) []cell {
	answer := wholeSeconds(d.Seconds)
	if d.Seconds == nil {
		answer = cell{Text: "never", Value: "never"}
	}
	origin, campaign := textOr(d.Origin, nothing), textOr(d.Campaign, nothing)
	if d.Origin != nil {
		origin.Href = q.Link("/campaign", "channel", inAddress(val(d.Channel)), "origin", inAddress(*d.Origin))
	}
	if d.Campaign != nil {
		campaign.Href = q.Link("/campaign", "source", inAddress(val(d.Source)), "medium", inAddress(val(d.Medium)), "campaign", inAddress(*d.Campaign))
	}
	return []cell{q.moment(&d.Start), answer, yesNo(d.Confirmed), yesNo(d.Shared), textOr(d.Availability, nothing), textOr(d.From, nothing), origin, campaign,
		textOr(d.Source, nothing), textOr(d.Medium, nothing)}
}

func (r *agentReading) readDemos(ctx context.Context) error {
	p, skip, most := r.pageOf("demos", "Demo requests", r.handled)
	t := r.table("demos", "Demo requests handled, newest first", demoColumns...)
	t.Empty = "No demo request handled in this range."
	err := each(ctx, r.request, "demos", r.with(map[string]any{"skip": skip, "most": most}), func(d demoRow) {
		t.add(d.cells(r.request)...)
	})
	if err != nil {
		return err
	}
	r.Shown = listing{t, p}
	return nil
}

func (r *agentReading) readShares(ctx context.Context) error {
	n, err := one[int64Row](ctx, r.request, "shares_count", r.email)
	if err != nil {
		return err
	}
	p, skip, most := r.pageOf("shares", "Shares", n.N)
	t := r.table("shares", "Shares created, newest first", col("Video"), col("Created"), col("Segment"), col("CRM account"))
	t.Empty = "No share created in this range."
	type row struct {
		Slug              string
		Content           *string
		Created           *time.Time
		Segment, Customer *string
	}
	err = each(ctx, r.request, "shares", r.with(map[string]any{"skip": skip, "most": most}), func(s row) {
		t.add(r.share(s.Slug, s.Content), r.moment(s.Created), textOr(s.Segment, nothing), textOr(s.Customer, nothing))
	})
	if err != nil {
		return err
	}
	r.Shares = listing{t, p}
	return nil
}
