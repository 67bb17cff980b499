package web

import (
	"context"
	"maps"
	"time"
)

// sharePage shows one video share.
var sharePage = &page{Name: "share", Path: "/share", Title: "Share", Keeps: []string{"slug"}, Read: readShare}

type shareData struct {
	Facts        []fact
	Figures      []figure
	OverTime     *chart
	Days, Visits listing
}

// shareReading is the state of reading a share page.
type shareReading struct {
	*request
	shareData
	slug   map[string]any
	visits int64
}

func readShare(ctx context.Context, q *request) (any, error) {
	slug, err := q.given("slug")
	if err != nil {
		return nil, err
	}
	r := shareReading{request: q, slug: map[string]any{"slug": slug}}
	for _, read := range []func(context.Context) error{r.readFacts, r.readFigures, r.readDays, r.readVisits} {
		if err := read(ctx); err != nil {
			return nil, err
		}
	}
	return r.shareData, nil
}

// with adds the share to a statement's arguments.
func (r *shareReading) with(more map[string]any) map[string]any {
	maps.Copy(more, r.slug)
	return more
}

func (r *shareReading) readFacts(ctx context.Context) error {
	known, err := rows[struct {
		Content     *string
		Created     *time.Time
		Email, Name *string
		Segment     *string
		CTA         *bool
		Runtime     *float64
		Customer    *string
		Open        *bool
	}](ctx, r.request, "share", r.slug)
	if err != nil {
		return err
	}
	if len(known) == 0 {
		return unknown("This account has no share with the slug in this page's address.")
	}
	s := known[0]
	r.Title = "A share"
	if s.Content != nil {
		r.Title = shorten(*s.Content, 80)
	}
	add := func(name string, c cell) {
		if c.Text != nothing {
			r.Facts = append(r.Facts, fact{name, c.Text, c.Href})
		}
	}
	by := r.agent(s.Email)
	if s.Name != nil {
		by.Text = shorten(*s.Name, longestShown)
	}
	add("Shared by", by)
	add("Created", r.moment(s.Created))
	add("Video", seconds(s.Runtime))
	add("Segment", textOr(s.Segment, nothing))
	add("CRM account", textOr(s.Customer, nothing))
	add("Call to action", yesNo(s.CTA))
	add("Link open", yesNo(s.Open))
	ever, err := one[struct {
		Visits, Plays int64
		Last          *time.Time
	}](ctx, r.request, "ever", r.slug)
	if err != nil {
		return err
	}
	add("Visits in all", count(ever.Visits))
	add("Plays in all", count(ever.Plays))
	add("Last visit", r.moment(ever.Last))
	add("Slug", text(r.slug["slug"].(string)))
	return nil
}

type visitedRow struct {
	Now                   bool
	Visits, Plays, Clicks int64
	Watched, Seconds      *float64
}

func (r *shareReading) readFigures(ctx context.Context) error {
	both, err := rows[visitedRow](ctx, r.request, "visited", r.slug)
	if err != nil {
		return err
	}
	over, err := rows[bucket](ctx, r.request, "over_time", r.with(map[string]any{"step": r.step()}))
	if err != nil {
		return err
	}
	var now, before visitedRow
	for _, v := range both {
		if v.Now {
			now = v
		} else {
			before = v
		}
	}
	r.visits = now.Visits
	r.Figures = []figure{
		r.counted("Visits", now.Visits, before.Visits, ""),
		r.counted("Plays", now.Plays, before.Plays, of(now.Plays, now.Visits, "visits")),
		r.counted("Clicks", now.Clicks, before.Clicks, "on the call to action"),
		{Name: "Watched on average", Value: share(now.Watched).Text, Note: "of the video, all visits", Trend: r.trendPtr(now.Watched, before.Watched)},
		r.timed("Time watched", now.Seconds, before.Seconds, ""),
	}
	r.OverTime = r.overTime("over-time", "Visits and plays over time", "Visits", "Plays", over)
	return nil
}

func (r *shareReading) readDays(ctx context.Context) error {
	n, err := one[int64Row](ctx, r.request, "days_count", r.slug)
	if err != nil {
		return err
	}
	p, skip, most := r.pageOf("days", "Days", n.N)
	t := r.table("days", "Days with visits, as counted by the API", col("Day"), num("Visits"), num("Plays"), num("Clicks"), num("Watched"), num("Engagement score"))
	t.Empty = "No visit in this range."
	type row struct {
		Day                   time.Time
		Visits, Plays, Clicks int64
		Watched, Score        *float64
	}
	err = each(ctx, r.request, "days", r.with(map[string]any{"skip": skip, "most": most}), func(d row) {
		t.add(date(d.Day), count(d.Visits), count(d.Plays), count(d.Clicks), share(d.Watched), number(d.Score, showNumber))
	})
	if err != nil {
		return err
	}
	r.Days = listing{t, p}
	return nil
}

func (r *shareReading) readVisits(ctx context.Context) error {
	p, skip, most := r.pageOf("visits", "Visits", r.visits)
	t := r.table("visits", "Visits, newest first", col("Visited at"), col("Played"), num("Watched"), num("Watch time"), col("Clicked"), col("Visit"))
	t.Empty = "No visit in this range."
	type row struct {
		At      time.Time
		Played  *bool
		Watched *float64
		Seconds *float64
		Clicked *bool
		ID      string
	}
	err := each(ctx, r.request, "visits", r.with(map[string]any{"skip": skip, "most": most}), func(v row) {
		t.add(r.moment(&v.At), yesNo(v.Played), share(v.Watched), seconds(v.Seconds), yesNo(v.Clicked), text(v.ID))
	})
	if err != nil {
		return err
	}
	r.Visits = listing{t, p}
	return nil
}
