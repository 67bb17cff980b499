package main

import (
	"cmp"
	"maps"
	"slices"

	"wheelhouse/internal/simulator"
)

// hours is about the last two complete months, with every agent who was active in them.
func hours(t *truth) (rows [][]string) {
	const last, before = "2025-06", "2025-05"
	sessions, seconds, former := map[string]int{}, map[string]int{}, map[string]int{}
	present := map[string]map[string]bool{last: {}, before: {}}
	for _, d := range t.days {
		month := d.date[:7]
		for _, x := range d.sessions {
			length := int(x.EndedAt.Sub(x.StartedAt).Seconds())
			switch month {
			case last:
				sessions[x.Agent]++
				seconds[x.Agent] += length
			case before:
				former[x.Agent] += length
			}
		}
		if present[month] != nil {
			d.agents(present[month])
		}
	}
	t.handlers(present)
	agents := maps.Clone(present[last])
	maps.Copy(agents, present[before])
	order := slices.SortedFunc(maps.Keys(agents), func(a, b string) int {
		return cmp.Or(-cmp.Compare(seconds[a], seconds[b]), cmp.Compare(a, b))
	})
	for _, agent := range order {
		now, then, change := "", "", ""
		count := ""
		if present[last][agent] {
			now, count = rounded(float64(seconds[agent])/3600, 1), row(sessions[agent])[0]
		}
		if present[before][agent] {
			then = rounded(float64(former[agent])/3600, 1)
		}
		if now != "" && former[agent] > 0 {
			change = rounded(100*(float64(seconds[agent])/float64(former[agent])-1), 0)
		}
		rows = append(rows, row(agent, count, now, then, change))
	}
	return rows
}

// agents adds the agents who shared a screen or a video on the day, or whose video was played.
func (d day) agents(present map[string]bool) {
	for _, x := range d.sessions {
		present[x.Agent] = true
	}
	for _, x := range d.shares {
		present[x.CreatedBy] = true
	}
}

// handlers adds the agents who answered a request, or whose videos were played, in the months.
func (t *truth) handlers(present map[string]map[string]bool) {
	for _, r := range t.requests {
		if month := present[r.day[:7]]; month != nil && r.answered {
			month[r.Agent] = true
		}
	}
	for _, x := range t.shares() {
		for _, v := range x.Visits {
			if month := present[t.date(v.At)[:7]]; month != nil && v.Played {
				month[x.CreatedBy] = true
			}
		}
	}
}

// engaged is the figures of a share's visits.
type engaged struct {
	shares, visits, plays, clicks int
	seconds                       float64
}

func (e *engaged) add(x simulator.Share) {
	e.shares++
	for _, v := range x.Visits {
		e.visits++
		e.seconds += v.WatchSeconds
		if v.Played {
			e.plays++
		}
		if v.CTAClicked {
			e.clicks++
		}
	}
}

func watched(t *truth) (rows [][]string) {
	type one struct {
		simulator.Share
		plays, ended int
		percent      float64 // total over plays
	}
	var list []one
	for _, x := range t.shares() {
		o := one{Share: x}
		for _, v := range x.Visits {
			if v.Played {
				o.plays++
				o.percent += v.PercentWatched
				if v.PercentWatched >= .95 {
					o.ended++
				}
			}
		}
		if o.plays >= 3 {
			list = append(list, o)
		}
	}
	slices.SortFunc(list, func(a, b one) int {
		return cmp.Or(-cmp.Compare(float64(a.ended)/float64(a.plays), float64(b.ended)/float64(b.plays)), -cmp.Compare(a.plays, b.plays), cmp.Compare(a.Slug, b.Slug))
	})
	for _, o := range list[:10] {
		rows = append(rows, row(o.Slug, o.ContentName, o.CreatedBy, o.plays, o.ended, rounded(100*o.percent/float64(o.plays), 0)))
	}
	return rows
}

func customers(t *truth) (rows [][]string) {
	names, groups := by(t.shares(), func(x simulator.Share) string { return x.CustomerAccountID })
	figures := map[string]*engaged{}
	for _, name := range names {
		if name == "" {
			continue
		}
		figures[name] = &engaged{}
		for _, x := range groups[name] {
			figures[name].add(x)
		}
	}
	order := slices.SortedFunc(maps.Keys(figures), func(a, b string) int { return -cmp.Compare(figures[a].seconds, figures[b].seconds) })
	for _, name := range order[:10] {
		f := figures[name]
		rows = append(rows, row(name, f.shares, f.visits, f.plays, f.clicks, rounded(f.seconds/60, 1)))
	}
	return rows
}
