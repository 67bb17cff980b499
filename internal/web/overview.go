package web

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// overviewPage tells how the account sells.
var overviewPage = &page{Name: "overview", Path: "/", Title: "Overview", Nav: "Overview", Keeps: []string{"all"}, Read: readOverview}

// overview is what its template shows.
type overview struct {
	Trust          trust
	Demos, Video   []figure
	Funnel         *chart
	Requests       *chart
	Response       []*chart
	Agents         *table
	AllAgents      string // address with all of them; "" where all are shown
	Tags, Origins  *table
	AllTags        string
	AllOrigins     string
	Plays          *chart
	Shares         *table
	Hours, Handled *chart
}

// requestRow is the funnel of a range.
type requestRow struct {
	Now                                    bool
	Requested, Answered, Confirmed, Shared int64
	Median, P90                            *float64
}

// requestDay is the funnel of a day.
type requestDay struct {
	Day                                    time.Time
	Requested, Answered, Confirmed, Shared int64
}

func (r *requestRow) add(d requestDay) {
	r.Requested += d.Requested
	r.Answered += d.Answered
	r.Confirmed += d.Confirmed
	r.Shared += d.Shared
}

func readOverview(ctx context.Context, q *request) (any, error) {
	o := &overview{}
	for _, read := range []func(context.Context, *request) error{o.readDemos, o.readAgents, o.readCampaigns, o.readVideo, o.readShares, o.readTrust} {
		if err := read(ctx, q); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func (o *overview) readDemos(ctx context.Context, q *request) error {
	days, err := rows[requestDay](ctx, q, "requests", nil)
	if err != nil {
		return err
	}
	canceled, err := one[struct{ Now, Before int64 }](ctx, q, "canceled", nil)
	if err != nil {
		return err
	}
	var now, before requestRow
	var over []bucket
	for _, d := range days {
		if d.Day.Before(q.From) {
			before.add(d)
			continue
		}
		now.add(d)
		over = append(over, bucket{q.back(d.Day), d.Requested, d.Answered})
	}
	if err := o.readResponse(ctx, q, &now, &before); err != nil {
		return err
	}
	figures := q.funnelFigures(now, before)
	o.Demos = append([]figure{figures[0], q.counted("Cancelled", canceled.Now, canceled.Before, of(canceled.Now, now.Requested+canceled.Now, "all asked for"))}, figures[1:]...)
	o.Funnel = q.funnel(now, &canceled.Now)
	o.Requests = q.overTime("requests", "Demo requests over time", "Requested", "Answered", over)
	return nil
}

func nowAndBefore(both []requestRow) (now, before requestRow) {
	for _, r := range both {
		if r.Now {
			now = r
		} else {
			before = r
		}
	}
	return now, before
}

// funnelFigures are the numbers of a range's requests.
func (q *request) funnelFigures(now, before requestRow) []figure {
	never := now.Requested - now.Answered
	return []figure{
		q.counted("Demo requests", now.Requested, before.Requested, "not cancelled"),
		q.counted("Answered", now.Answered, before.Answered, of(now.Answered, now.Requested, "requests")),
		q.counted("Never answered", never, before.Requested-before.Answered, of(never, now.Requested, "requests")),
		q.counted("Calls confirmed", now.Confirmed, before.Confirmed, of(now.Confirmed, now.Requested, "requests")),
		q.counted("Screens shared", now.Shared, before.Shared, of(now.Shared, now.Requested, "requests")),
		q.timed("Median time to respond", now.Median, before.Median, "of those answered"),
		q.timed("90th percentile", now.P90, before.P90, "nine of ten answers came sooner"),
	}
}

// funnel draws a range's requests, step by step. canceled: nil where it is not known.
func (q *request) funnel(r requestRow, canceled *int64) *chart {
	whole, share := r.Requested, "Of all requested"
	if canceled != nil {
		whole, share = whole+*canceled, "Of all asked for"
	}
	t := q.table("funnel", "From request to shared screen", col("Step"), num("Requests"), num(share))
	var steps []bar
	step := func(name string, n int64) {
		t.add(text(name), count(n), ratio(n, whole))
		steps = append(steps, bar{Name: name, Value: float64(n), Shown: showCount(n)})
	}
	if canceled != nil {
		step("Asked for", whole) // requested are those that were not cancelled, here as everywhere
	}
	step("Requested", r.Requested)
	step("Answered", r.Answered)
	step("Call confirmed", r.Confirmed)
	step("Screen shared", r.Shared)
	return funnelChart("funnel", "From request to shared screen", "How many demo requests got as far as each step.", t, steps)
}

// trust tells whether the figures can be relied on.
type trust struct {
	Whole bool
	Say   string
	Link  string
}

func (o *overview) readTrust(ctx context.Context, q *request) error {
	t, err := q.readTrust(ctx)
	o.Trust = t
	return err
}

func (q *request) readTrust(ctx context.Context) (trust, error) {
	streams, err := rows[struct {
		Stream    string
		Whole     bool
		Differing int64
	}](ctx, q, "whole", nil)
	if err != nil {
		return trust{}, err
	}
	whole := true
	for _, s := range streams {
		whole = whole && s.Whole && s.Differing == 0
	}
	t := trust{Whole: true, Link: q.Link("/pipeline"), Say: "every day of this range is loaded, and adds up to the API's own totals wherever it states any."}
	if whole {
		return t, nil
	}
	lacking, err := rows[struct {
		Stream, Status string
		Days           int64
	}](ctx, q, "lacking", nil)
	parts := q.outside()
	if err != nil || len(lacking)+len(parts) == 0 {
		return t, err
	}
	words := map[string]string{"gap": "not loaded", "failed": "failed", "unreconciled": "loaded in part, or not adding up to the API's totals"}
	for _, l := range lacking {
		parts = append(parts, fmt.Sprintf("%s: %s %s", l.Stream, inDays(l.Days), words[l.Status]))
	}
	t.Whole, t.Say = false, "not all of this range can be relied on. "+strings.Join(parts, "; ")+"."
	return t, nil
}

// outside tells of days of the range of which bi.coverage says nothing: before the account's history, and to come.
func (q *request) outside() (parts []string) {
	before := q.Account.HistoryFrom.AddDate(0, 0, -1)
	if q.To.Before(before) {
		before = q.To
	}
	if n := int64(before.Sub(q.From).Hours()/24) + 1; n > 0 {
		parts = append(parts, fmt.Sprintf("%s before %s, from which on days are loaded", inDays(n), showDay(q.Account.HistoryFrom)))
	}
	after := q.Account.Today.AddDate(0, 0, 1)
	if q.From.After(after) {
		after = q.From
	}
	if n := int64(q.To.Sub(after).Hours()/24) + 1; n > 0 {
		parts = append(parts, inDays(n)+" to come")
	}
	return parts
}

func inDays(n int64) string {
	if n == 1 {
		return "1 day"
	}
	return showCount(n) + " days"
}
