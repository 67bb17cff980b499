package web

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// overviewPage shows how the account sells.
var overviewPage = &page{Name: "overview", Path: "/", Title: "Overview", Nav: "Overview", Keeps: []string{"all"}, Read: readOverview}

// overview is the data of the template.
type overview struct {
	Trust          trust
	Demos, Video   []figure
	Funnel         *chart
	Requests       *chart
	Response       []*chart
	Agents         *table
	AllAgents      string // address of the whole table; "" if it is shown whole
	Tags, Origins  *table
	AllTags        string
	AllOrigins     string
	Plays          *chart
	Shares         *table
	Hours, Handled *chart
}

// requestRow is the funnel over a range.
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
	o.Demos = append([]figure{figures[0], q.counted("Cancelled", canceled.Now, canceled.Before, of(canceled.Now, now.Requested+canceled.Now, "all requests"))}, figures[1:]...)
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

// funnelFigures are the figures of a range's requests.
func (q *request) funnelFigures(now, before requestRow) []figure {
	never := now.Requested - now.Answered
	return []figure{
		q.counted("Demo requests", now.Requested, before.Requested, "not cancelled"),
		q.counted("Answered", now.Answered, before.Answered, of(now.Answered, now.Requested, "requests")),
		q.counted("Never answered", never, before.Requested-before.Answered, of(never, now.Requested, "requests")),
		q.counted("Calls confirmed", now.Confirmed, before.Confirmed, of(now.Confirmed, now.Requested, "requests")),
		q.counted("Screens shared", now.Shared, before.Shared, of(now.Shared, now.Requested, "requests")),
		q.timed("Median time to respond", now.Median, before.Median, "of those answered"),
		q.timed("90th percentile", now.P90, before.P90, "nine of ten answers were faster"),
	}
}

// funnel draws a range's requests, step by step. canceled is nil if it is not known.
func (q *request) funnel(r requestRow, canceled *int64) *chart {
	whole, share := r.Requested, "Of all requested"
	if canceled != nil {
		whole, share = whole+*canceled, "Of all requests"
	}
	t := q.table("funnel", "From request to shared screen", col("Step"), num("Requests"), num(share))
	var steps []bar
	step := func(name string, n int64) {
		t.add(text(name), count(n), ratio(n, whole))
		steps = append(steps, bar{Name: name, Value: float64(n), Shown: showCount(n)})
	}
	if canceled != nil {
		step("All requests", whole) // "requested" excludes cancelled requests, as on all pages
	}
	step("Requested", r.Requested)
	step("Answered", r.Answered)
	step("Call confirmed", r.Confirmed)
	step("Screen shared", r.Shared)
	return funnelChart("funnel", "From request to shared screen", "The number of demo requests at each step.", t, steps)
}

// trust says whether the figures are complete.
type trust struct {
	Whole   bool
	Message string
	Link    string
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
	t := trust{Whole: true, Link: q.Link("/pipeline"), Message: "every day of this range is loaded, and reconciled wherever the API states totals."}
	if whole {
		return t, nil
	}
	incomplete, err := rows[struct {
		Stream, Status string
		Days           int64
	}](ctx, q, "incomplete", nil)
	reasons := q.outside()
	if err != nil || len(incomplete)+len(reasons) == 0 {
		return t, err
	}
	words := map[string]string{"gap": "not loaded", "failed": "failed", "unreconciled": "loaded in part, or not reconciled with the API's totals"}
	for _, l := range incomplete {
		reasons = append(reasons, fmt.Sprintf("%s: %s %s", l.Stream, inDays(l.Days), words[l.Status]))
	}
	t.Whole, t.Message = false, "this range is not complete. "+strings.Join(reasons, "; ")+"."
	return t, nil
}

// outside lists the days of the range that bi.coverage does not have: before the account's history, and in the future.
func (q *request) outside() (reasons []string) {
	before := q.Account.HistoryFrom.AddDate(0, 0, -1)
	if q.To.Before(before) {
		before = q.To
	}
	if n := int64(before.Sub(q.From).Hours()/24) + 1; n > 0 {
		reasons = append(reasons, fmt.Sprintf("%s before %s, the first day to load", inDays(n), showDay(q.Account.HistoryFrom)))
	}
	after := q.Account.Today.AddDate(0, 0, 1)
	if q.From.After(after) {
		after = q.From
	}
	if n := int64(q.To.Sub(after).Hours()/24) + 1; n > 0 {
		reasons = append(reasons, inDays(n)+" in the future")
	}
	return reasons
}

func inDays(n int64) string {
	if n == 1 {
		return "1 day"
	}
	return showCount(n) + " days"
}
