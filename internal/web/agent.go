package web

import (
	"context"
	"strings"
	"time"
)

// agentPage shows one agent.
var agentPage = &page{Name: "agent", Path: "/agent", Title: "Agent", Keeps: []string{"email"}, Read: readAgent}

// fact is one line about the subject of a page.
type fact struct{ Name, Value, Href string }

// listing is a table with a pager.
type listing struct {
	Table *table
	Pager *pager
}

type agentData struct {
	Facts                         []fact
	Figures, Demos                []figure
	OverTime                      []*chart
	Days, Sessions, Shown, Shares listing
}

type agentTotals struct {
	Now                                                   bool
	Sessions, Seconds, Viewers, Recordings, Shares, Plays int64
}

func readAgent(ctx context.Context, q *request) (any, error) {
	email, err := q.given("email")
	if err != nil {
		return nil, err
	}
	email = strings.ToLower(strings.TrimSpace(email))
	r := agentReading{request: q, email: map[string]any{"email": email}}
	known, err := rows[agentFacts](ctx, q, "agent", r.email)
	if err != nil {
		return nil, err
	}
	if err := r.readFigures(ctx); err != nil {
		return nil, err
	}
	if len(known) == 0 && !r.seen {
		return nil, unknown("This account has no agent with the e-mail address in this page's address.")
	}
	q.Title = shorten(email, 80)
	r.Facts = []fact{{"E-mail", shorten(email, longestShown), ""}}
	for _, a := range known {
		r.describe(a)
	}
	for _, read := range []func(context.Context) error{r.readDays, r.readSessions, r.readDemos, r.readShares} {
		if err := read(ctx); err != nil {
			return nil, err
		}
	}
	return r.agentData, nil
}

// agentFacts is what is known about an agent.
type agentFacts struct {
	Name      *string
	IsUser    bool
	Privilege *string
	InPool    *bool
	Users     bool // the account's users are known
}

// describe adds the facts about the agent.
func (r *agentReading) describe(a agentFacts) {
	if a.Name != nil {
		r.Title = shorten(*a.Name, 80)
	}
	switch {
	case !a.IsUser && !a.Users:
	case !a.IsUser:
		r.Facts = append(r.Facts, fact{"Access", "not a user of the account now", ""})
	case a.Privilege != nil:
		r.Facts = append(r.Facts, fact{"Access", shorten(*a.Privilege, longestShown), ""})
	}
	if a.InPool != nil && a.IsUser {
		r.Facts = append(r.Facts, fact{"Demo pool", map[bool]string{true: "yes", false: "no"}[*a.InPool], ""})
	}
}

// agentReading is the state of reading an agent page.
type agentReading struct {
	*request
	agentData
	email    map[string]any
	seen     bool // was active in the range or in the one before
	sessions int64
	handled  int64
}

// with adds the agent to a statement's arguments.
func (r *agentReading) with(more map[string]any) map[string]any {
	more["email"] = r.email["email"]
	return more
}

func (r *agentReading) readFigures(ctx context.Context) error {
	totals, err := rows[agentTotals](ctx, r.request, "totals", r.email)
	if err != nil {
		return err
	}
	both, err := rows[requestRow](ctx, r.request, "requests", r.email)
	if err != nil {
		return err
	}
	over, err := rows[struct {
		Back                           int
		Sessions, Demos, Shares, Plays int64
	}](ctx, r.request, "over_time", r.with(map[string]any{"step": r.step()}))
	if err != nil {
		return err
	}
	var now, before agentTotals
	for _, t := range totals {
		if t.Now {
			now = t
		} else {
			before = t
		}
	}
	r.sessions, r.seen = now.Sessions, len(totals) > 0
	r.Figures = []figure{
		r.counted("Sessions", now.Sessions, before.Sessions, ""),
		{Name: "Time shared", Value: showHours(float64(now.Seconds)), Trend: r.trend(float64(now.Seconds), float64(before.Seconds))},
		r.counted("Viewers", now.Viewers, before.Viewers, ""),
		r.counted("Recordings", now.Recordings, before.Recordings, "of sessions"),
		r.counted("Shares", now.Shares, before.Shares, "videos sent"),
		r.counted("Plays", now.Plays, before.Plays, "of all their shares"),
	}
	demos, earlier := nowAndBefore(both)
	r.handled = demos.Requested
	r.Demos = []figure{
		r.counted("Demos handled", demos.Requested, earlier.Requested, ""),
		r.counted("Calls confirmed", demos.Confirmed, earlier.Confirmed, of(demos.Confirmed, demos.Requested, "those handled")),
		r.counted("Screens shared", demos.Shared, earlier.Shared, of(demos.Shared, demos.Requested, "those handled")),
		r.timed("Median time to respond", demos.Median, earlier.Median, ""),
		r.timed("90th percentile", demos.P90, earlier.P90, "nine of ten answers were faster"),
	}
	var meetings, videos []bucket
	for _, x := range over {
		meetings, videos = append(meetings, bucket{x.Back, x.Sessions, x.Demos}), append(videos, bucket{x.Back, x.Shares, x.Plays})
	}
	r.OverTime = []*chart{
		r.overTime("meetings", "Sessions and demos over time", "Sessions", "Demos handled", meetings),
		r.overTime("videos", "Shares and plays over time", "Shares", "Plays", videos),
	}
	return nil
}

func (r *agentReading) readDays(ctx context.Context) error {
	n, err := one[int64Row](ctx, r.request, "days_count", r.email)
	if err != nil {
		return err
	}
	p, skip, most := r.pageOf("days", "Days", n.N)
	t := r.table("days", "Day by day", col("Day"), num("Sessions"), num("Time shared"), num("Viewers"), num("Demos handled"), num("Calls confirmed"), num("Screens shared"), num("Shares"), num("Plays"))
	t.Empty = "Nothing in this range."
	type row struct {
		Day                                                                 time.Time
		Sessions, Seconds, Viewers, Demos, Confirmed, Shared, Shares, Plays int64
	}
	err = each(ctx, r.request, "days", r.with(map[string]any{"skip": skip, "most": most}), func(d row) {
		length := float64(d.Seconds)
		t.add(date(d.Day), count(d.Sessions), number(&length, showHours), count(d.Viewers), count(d.Demos), count(d.Confirmed), count(d.Shared), count(d.Shares), count(d.Plays))
	})
	if err != nil {
		return err
	}
	r.Days = listing{t, p}
	return nil
}

// int64Row is a row with one number.
type int64Row struct{ N int64 }
