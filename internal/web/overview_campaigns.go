package web

import (
	"cmp"
	"context"
	"slices"
)

// campaignCounts is what a campaign brought.
type campaignCounts struct{ Requested, Answered, Confirmed, Shared, Before int64 }

func (c *campaignCounts) add(d campaignCounts) {
	c.Requested += d.Requested
	c.Answered += d.Answered
	c.Confirmed += d.Confirmed
	c.Shared += d.Shared
	c.Before += d.Before
}

func (c campaignCounts) cells() []cell {
	return []cell{count(c.Requested), count(c.Answered), count(c.Confirmed), count(c.Shared), ratio(c.Shared, c.Requested), count(c.Before)}
}

var campaignColumns = []column{num("Requested"), num("Answered"), num("Calls confirmed"), num("Screens shared"), num("Of requested"), num("Requested before")}

// campaignKey is by what requests are added up; "" is none.
type campaignKey [3]string

// addUp adds campaigns up by some of their parts, most requests first. Those of the range before alone are left out.
func addUp(all []campaignRow, key func(campaignRow) campaignKey) (keys []campaignKey, sums map[campaignKey]*campaignCounts) {
	sums = map[campaignKey]*campaignCounts{}
	for _, c := range all {
		k := key(c)
		if sums[k] == nil {
			sums[k] = &campaignCounts{}
		}
		sums[k].add(c.campaignCounts)
	}
	for k, n := range sums {
		if n.Requested > 0 {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b campaignKey) int {
		return cmp.Or(cmp.Compare(sums[b].Requested, sums[a].Requested), slices.Compare(a[:], b[:]))
	})
	return keys, sums
}

// campaignRow is a campaign by all that it is known by.
type campaignRow struct {
	Channel, Origin, Source, Medium, Campaign string
	campaignCounts
}

func (o *overview) readCampaigns(ctx context.Context, q *request) error {
	all, err := rows[campaignRow](ctx, q, "campaigns", nil)
	if err != nil {
		return err
	}
	keys, sums := addUp(all, func(c campaignRow) campaignKey { return campaignKey{c.Campaign, c.Source, c.Medium} })
	t := q.table("tags", "Campaigns by UTM tags", append([]column{col("Campaign"), col("Source"), col("Medium")}, campaignColumns...)...)
	t.Empty = "No demo request in this range."
	for _, k := range keys[:q.cut(t, len(keys))] {
		href := q.Link("/campaign", "campaign", inAddress(k[0]), "source", inAddress(k[1]), "medium", inAddress(k[2]))
		t.add(append([]cell{textElse(k[0], "no campaign").to(href), textElse(k[1], nothing), textElse(k[2], nothing)}, sums[k].cells()...)...)
	}
	o.Tags, o.AllTags = t, q.rest(t, len(keys))
	keys, sums = addUp(all, func(c campaignRow) campaignKey { return campaignKey{c.Channel, c.Origin} })
	t = q.table("origins", "Campaigns by origin", append([]column{col("Origin"), col("Kind")}, campaignColumns...)...)
	t.Empty = "No demo request in this range."
	for _, k := range keys[:q.cut(t, len(keys))] {
		href := q.Link("/campaign", "channel", inAddress(k[0]), "origin", inAddress(k[1]))
		t.add(append([]cell{textElse(k[1], "no origin").to(href), text(channelName(k[0]))}, sums[k].cells()...)...)
	}
	o.Origins, o.AllOrigins = t, q.rest(t, len(keys))
	return nil
}

// textElse is a text, or what is said where it is empty.
func textElse(s, lacking string) cell {
	if s == "" {
		return cell{Text: lacking}
	}
	return text(s)
}

func channelName(channel string) string {
	switch channel {
	case "":
		return nothing
	case "email_campaign":
		return "campaign link"
	}
	return "page"
}
