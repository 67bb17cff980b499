package web

import (
	"cmp"
	"context"
	"slices"
)

// campaignCounts is the funnel of a campaign's requests.
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

// campaignKey is the fields by which requests are grouped; "" is none.
type campaignKey [3]string

// groupCampaigns groups campaigns by a key, most requests first. It leaves out groups without a request in the range itself.
func groupCampaigns(all []campaignRow, key func(campaignRow) campaignKey) (keys []campaignKey, groups map[campaignKey]*campaignCounts) {
	groups = map[campaignKey]*campaignCounts{}
	for _, c := range all {
		k := key(c)
		if groups[k] == nil {
			groups[k] = &campaignCounts{}
		}
		groups[k].add(c.campaignCounts)
	}
	for k, n := range groups {
		if n.Requested > 0 {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b campaignKey) int {
		return cmp.Or(cmp.Compare(groups[b].Requested, groups[a].Requested), slices.Compare(a[:], b[:]))
	})
	return keys, groups
}

// campaignRow is a campaign with all its fields.
type campaignRow struct {
	Channel, Origin, Source, Medium, Campaign string
	campaignCounts
}

func (o *overview) readCampaigns(ctx context.Context, q *request) error {
	all, err := rows[campaignRow](ctx, q, "campaigns", nil)
	if err != nil {
		return err
	}
	keys, groups := groupCampaigns(all, func(c campaignRow) campaignKey { return campaignKey{c.Campaign, c.Source, c.Medium} })
	t := q.table("tags", "Campaigns by UTM tags", append([]column{col("Campaign"), col("Source"), col("Medium")}, campaignColumns...)...)
	t.Empty = "No demo request in this range."
	for _, k := range keys[:q.cut(t, len(keys))] {
		href := q.Link("/campaign", "campaign", inAddress(k[0]), "source", inAddress(k[1]), "medium", inAddress(k[2]))
		t.add(append([]cell{textElse(k[0], "no campaign").to(href), textElse(k[1], nothing), textElse(k[2], nothing)}, groups[k].cells()...)...)
	}
	o.Tags, o.AllTags = t, q.rest(t, len(keys))
	keys, groups = groupCampaigns(all, func(c campaignRow) campaignKey { return campaignKey{c.Channel, c.Origin} })
	t = q.table("origins", "Campaigns by origin", append([]column{col("Origin"), col("Link from")}, campaignColumns...)...)
	t.Empty = "No demo request in this range."
	for _, k := range keys[:q.cut(t, len(keys))] {
		href := q.Link("/campaign", "channel", inAddress(k[0]), "origin", inAddress(k[1]))
		t.add(append([]cell{textElse(k[1], "no origin").to(href), text(channelName(k[0]))}, groups[k].cells()...)...)
	}
	o.Origins, o.AllOrigins = t, q.rest(t, len(keys))
	return nil
}

// textElse is a text, or another text if it is empty.
func textElse(s, otherwise string) cell {
	if s == "" {
		return cell{Text: otherwise}
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
