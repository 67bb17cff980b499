package web

import (
	"context"
	"maps"
	"strings"
)

// campaignPage is about the requests that a campaign brought: those of an origin, of some UTM tags, or of both.
var campaignPage = &page{Name: "campaign", Path: "/campaign", Title: "Campaign", Keeps: campaignParts, Read: readCampaign}

// campaignParts are what a campaign can be asked for by.
var campaignParts = []string{"channel", "origin", "source", "medium", "campaign"}

type campaignData struct {
	Facts         []fact
	Figures       []figure
	Funnel        *chart
	OverTime      *chart
	Parts, Agents *table
	Demos         listing
}

// campaignReading is the page while it is read.
type campaignReading struct {
	*request
	campaignData
	asked map[string]any
	found int64
}

func readCampaign(ctx context.Context, q *request) (any, error) {
	r := campaignReading{request: q, asked: map[string]any{}}
	if err := r.ask(); err != nil {
		return nil, err
	}
	for _, read := range []func(context.Context) error{r.readFigures, r.readParts, r.readAgents, r.readDemos} {
		if err := read(ctx); err != nil {
			return nil, err
		}
	}
	return r.campaignData, nil
}

// inAddress is a part of a campaign as an address has it: "-" is none, and what begins with "-" has another one before it.
func inAddress(s string) string {
	if s == "" || s[0] == '-' {
		return "-" + s
	}
	return s
}

// fromAddress reads inAddress; asked is false where the address does not name it.
func fromAddress(s string) (v string, asked bool) {
	return strings.TrimPrefix(s, "-"), s != ""
}

// ask reads the address. What it does not name may be anything.
func (r *campaignReading) ask() error {
	var title []string
	for _, part := range campaignParts {
		r.asked[part] = (*string)(nil)
		v, asked := fromAddress(r.Values.Get(part))
		switch {
		case !asked:
			continue
		case !fits(v):
			return badRequest("The address has a " + part + " that none can be.")
		case v == "":
			r.asked[part] = ""
			r.Facts = append(r.Facts, fact{capital(part), "none", ""})
			continue
		}
		r.asked[part] = v
		shown := shorten(v, 80)
		if part == "channel" {
			shown = channelName(v)
		} else {
			title = append(title, shown)
		}
		r.Facts = append(r.Facts, fact{capital(part), shown, ""})
	}
	if len(r.Facts) == 0 {
		return badRequest("The address names no origin, source, medium or campaign.")
	}
	channel, _ := r.asked["channel"].(string)
	switch {
	case len(title) > 0:
		r.Title = strings.Join(title, " · ")
	case channel != "" && len(r.Facts) == 1:
		r.Title = "Requests from a " + channelName(channel)
	default:
		r.Title = "Requests without a campaign"
	}
	return nil
}

// with is the campaign and more arguments.
func (r *campaignReading) with(more map[string]any) map[string]any {
	maps.Copy(more, r.asked)
	return more
}

func (r *campaignReading) readFigures(ctx context.Context) error {
	both, err := rows[requestRow](ctx, r.request, "requests", r.asked)
	if err != nil {
		return err
	}
	if len(both) == 0 {
		known, err := one[struct{ Known bool }](ctx, r.request, "known", r.asked)
		if err != nil {
			return err
		}
		if !known.Known {
			return unknown("No demo request of this account ever came from the campaign in this page's address.")
		}
	}
	over, err := rows[bucket](ctx, r.request, "over_time", r.with(map[string]any{"step": r.step()}))
	if err != nil {
		return err
	}
	now, before := nowAndBefore(both)
	r.found = now.Requested
	r.Figures, r.Funnel = r.funnelFigures(now, before), r.funnel(now, nil)
	r.OverTime = r.overTime("over-time", "Demo requests over time", "Requested", "Answered", over)
	return nil
}

func (r *campaignReading) readParts(ctx context.Context) error {
	all, err := rows[struct {
		Channel, Origin, Source, Medium, Campaign string
		Requested, Answered, Confirmed, Shared    int64
	}](ctx, r.request, "parts", r.asked)
	if err != nil {
		return err
	}
	t := r.table("parts", "Where they came from", col("Origin"), col("Kind"), col("Campaign"), col("Source"), col("Medium"), num("Requested"), num("Answered"), num("Calls confirmed"), num("Screens shared"))
	t.Empty = "No demo request in this range."
	shown := all
	if !r.wholeTable("parts") && len(all) > pageRows {
		shown = all[:pageRows]
		t.More = "The first " + showCount(pageRows) + " of " + showCount(int64(len(all))) + "; the CSV has all of them."
	}
	for _, p := range shown {
		origin := textElse(p.Origin, "no origin").to(r.Link("/campaign", "channel", inAddress(p.Channel), "origin", inAddress(p.Origin)))
		campaign := textElse(p.Campaign, "no campaign").to(r.Link("/campaign", "source", inAddress(p.Source), "medium", inAddress(p.Medium), "campaign", inAddress(p.Campaign)))
		t.add(origin, text(channelName(p.Channel)), campaign, textElse(p.Source, nothing), textElse(p.Medium, nothing), count(p.Requested), count(p.Answered), count(p.Confirmed), count(p.Shared))
	}
	r.Parts = t
	return nil
}

func (r *campaignReading) readAgents(ctx context.Context) error {
	all, err := rows[struct {
		Email                      *string
		Handled, Confirmed, Shared int64
		Median                     *float64
	}](ctx, r.request, "agents", r.asked)
	if err != nil {
		return err
	}
	t := r.table("agents", "Who answered them", col("Agent"), num("Requests"), num("Calls confirmed"), num("Screens shared"), num("Median time to respond"))
	t.Empty = "No demo request in this range."
	for _, a := range all {
		who := r.agent(a.Email)
		if a.Email == nil {
			who = cell{Text: "nobody", Value: "nobody"}
		}
		t.add(who, count(a.Handled), count(a.Confirmed), count(a.Shared), seconds(a.Median))
	}
	r.Agents = t
	return nil
}

func (r *campaignReading) readDemos(ctx context.Context) error {
	p, skip, most := r.pageOf("demos", "Demo requests", r.found)
	all, err := rows[struct {
		demoRow
		Agent *string
	}](ctx, r.request, "demos", r.with(map[string]any{"skip": skip, "most": most}))
	if err != nil {
		return err
	}
	t := r.table("demos", "Demo requests, newest first", append(demoColumns[:len(demoColumns):len(demoColumns)], col("Handled by"))...)
	t.Empty = "No demo request in this range."
	for _, d := range all {
		t.add(append(d.cells(r.request), r.agent(d.Agent))...)
	}
	r.Demos = listing{t, p}
	return nil
}
