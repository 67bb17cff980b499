package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

type agentRow struct {
	Email                                                    string
	Name                                                     *string
	Sessions, Seconds, Viewers, Demos, Shared, Shares, Plays int64
	SessionsBefore, DemosBefore, PlaysBefore                 int64
}

func (o *overview) readAgents(ctx context.Context, q *request) error {
	all, err := rows[agentRow](ctx, q, "agents", nil)
	if err != nil {
		return err
	}
	t := q.table("agents", "Agents", col("Agent"), num("Sessions"), num("Hours"), num("Viewers"), num("Demos handled"), num("Screens shared"),
		num("Shares"), num("Plays"), num("Sessions before"), num("Demos before"), num("Plays before"))
	t.Empty = "No agent was active in this range."
	for _, a := range all[:q.cut(t, len(all))] {
		hours := float64(a.Seconds) / 3600
		who := textOr(a.Name, a.Email).to(q.agentLink(a.Email))
		who.Value, who.Title = a.Email, shorten(a.Email, longestShown)
		t.add(who, count(a.Sessions), number(&hours, oneDecimal), count(a.Viewers), count(a.Demos), count(a.Shared),
			count(a.Shares), count(a.Plays), count(a.SessionsBefore), count(a.DemosBefore), count(a.PlaysBefore))
	}
	o.Agents, o.AllAgents = t, q.rest(t, len(all))
	o.Hours, o.Handled = q.bestAgents(all)
	return nil
}

func oneDecimal(x float64) string { return fmt.Sprintf("%.1f", x) }

// rest is the address of a whole table of which the page shows only the first rows, or "" if it shows all.
func (q *request) rest(t *table, have int) string {
	if len(t.Rows) == have {
		return ""
	}
	t.More = fmt.Sprintf("The first %s of %s.", showCount(int64(len(t.Rows))), showCount(int64(have)))
	return q.Here("all", t.Name) + "#rows-" + t.Name
}

// bestAgents draws the agents with the most hours of screen sharing, and those with the most demos.
func (q *request) bestAgents(all []agentRow) (hours, handled *chart) {
	draw := func(name, title, unit string, show func(float64) string, of func(agentRow) float64) *chart {
		t := q.table(name, title, col("Agent"), num(unit))
		best := slices.Clone(all)
		slices.SortStableFunc(best, func(a, b agentRow) int { return cmp.Compare(of(b), of(a)) })
		var bars []bar
		for _, a := range best[:min(10, len(best))] {
			v, who := of(a), a.Email
			if a.Name != nil {
				who = *a.Name
			}
			t.add(text(who).to(q.agentLink(a.Email)), number(&v, show))
			bars = append(bars, bar{Name: who, Value: v, Shown: show(v)})
		}
		return barsChart(name, title, title+": the ten agents with the most.", t, bars)
	}
	hours = draw("agent-hours", "Hours of screen sharing", "Hours", oneDecimal, func(a agentRow) float64 { return float64(a.Seconds) / 3600 })
	return hours, draw("agent-demos", "Demo requests handled", "Requests", showNumber, func(a agentRow) float64 { return float64(a.Demos) })
}
