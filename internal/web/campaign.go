package web

import (
	"context"
	"maps"
	"strings"
)

// campaignPage shows the demo requests of a campaign: of an origin, of UTM tags, or of both.
var campaignPage = &page{Name: "campaign", Path: "/campaign", Title: "Campaign", Keeps: campaignFields, Read: readCampaign}

// campaignFields are the parameters that select a campaign.
var campaignFields = []string{"channel", "origin", "source", "medium", "campaign"}

type campaignData struct {
	Facts     []fact
	Figures   []figure
	Funnel    *chart
	OverTime  *chart
	Breakdown *table
	Agents    *table
	Demos     listing
}

// campaignReading is the state of reading a campaign page.
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
	for _, read := range []func(context.Context) error{r.readFigures, r.readBreakdown, r.readAgents, r.readDemos} {
		if err := read(ctx); err != nil {
			return nil, err
		}
	}
	return r.campaignData, nil
}

// inAddress encodes a campaign's field for an address: "-" stands for none, and a value that begins with "-" gets another "-"
// before it.
func inAddress(s string) string {
	if s == "" || s[0] == '-' {
		return "-" + s
	}
	return s
}

// fromAddress decodes inAddress. asked is false if the address does not have the field.
func fromAddress(s string) (v string, asked bool) {
	return strings.TrimPrefix(s, "-"), s != ""
}

// ask reads the fields in the address. A field that is not there matches anything.
func (r *campaignReading) ask() error {
	var title []string
	for _, field := range campaignFields {
		r.asked[field] = (*string)(nil)
		v, asked := fromAddress(r.Values.Get(field))
		switch {
		case !asked:
			continue
		case !fits(v):
			return badRequest("The " + field + " in the address is not valid.")
		case v == "":
			r.asked[field] = ""
			r.Facts = append(r.Facts, fact{capital(field), "none", ""})
			continue
		}
		r.asked[field] = v
		shown := shorten(v, 80)
		if field == "channel" {
			shown = channelName(v)
		} else {
			title = append(title, shown)
		}
		r.Facts = append(r.Facts, fact{capital(field), shown, ""})
	}
	if len(r.Facts) == 0 {
		return badRequest("The address has no origin, source, medium or campaign.")
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

// with adds the campaign to a statement's arguments.
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
			return unknown("This account has never had a demo request from the campaign in this page's address.")
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

func (r *campaignReading) readBreakdown(ctx context.Context) error {
	all, err := rows[struct {
		Channel, Origin, Source, Medium, Campaign string
		Requested, Answered, Confirmed, Shared    int64
	}](ctx, r.request, "breakdown", r.asked)
	if err != nil {
		return err
	}
	t := r.table("parts", "Requests by origin and campaign", col("Origin"), col("Link from"), col("Campaign"), col("Source"), col("Medium"), num("Requested"), num("Answered"), num("Calls confirmed"), num("Screens shared"))
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
	r.Breakdown = t
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
	t := r.table("agents", "Requests by agent", col("Agent"), num("Requests"), num("Calls confirmed"), num("Screens shared"), num("Median time to respond"))
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
	t := r.table("demos", "Demo requests, newest first", append(demoColumns[:len(demoColumns):len(demoColumns)], col("Handled by"))...)
	t.Empty = "No demo request in this range."
	type row struct {
		demoRow
		Agent *string
	}
	err := each(ctx, r.request, "demos", r.with(map[string]any{"skip": skip, "most": most}), func(d row) {
		t.add(append(d.cells(r.request), r.agent(d.Agent))...)
	})
	if err != nil {
		return err
	}
	r.Demos = listing{t, p}
	return nil
}
