package load

import (
	"database/sql"
	"time"

	"wheelhouse/transform"
)

// UsageShares loads crankwheel.share_usage_daily.
var UsageShares = newStream("usage_shares", shareUsage.Table)

// usageOfDay is an agent's video sharing on a day.
type usageOfDay struct {
	day time.Time
	transform.ShareUsage
}

var shareUsage = newRows(
	Table{Name: "share_usage_daily", LoadID: "load_id", rolledUp: true, Scope: Scope{Day: true}, Deletion: HardDelete},
	[]field[usageOfDay]{
		date("day", func(u *usageOfDay) time.Time { return u.day }),
		requiredText("agent_email", func(u *usageOfDay) string { return u.AgentEmail }),
	},
	[]field[usageOfDay]{
		text("agent_name", func(u *usageOfDay) sql.Null[string] { return u.AgentName }),
		additive(requiredInteger("shares", func(u *usageOfDay) int32 { return u.Shares })),
		additive(requiredInteger("plays", func(u *usageOfDay) int32 { return u.Plays })),
		extra(func(u *usageOfDay) []byte { return u.Extra }),
	})

// ShareUsage adds an entry of an agent. An entry without a share or a play is not counted as a record, and makes no row.
func (b *Batch) ShareUsage(u transform.ShareUsage) error {
	if u.Any() {
		b.totals.records++
	}
	b.usage.Add(u)
	return nil
}

// addUsage adds one row for each agent, after the last entry of an answer.
func (b *Batch) addUsage() error {
	all, merged, rejects := b.usage.Sums()
	b.totals.merged += int64(merged)
	b.usage.Clear()
	for _, r := range rejects {
		b.totals.rejected++
		if err := b.reject(r, true); err != nil {
			return err
		}
	}
	for _, u := range all {
		if err := add(b, 0, shareUsage, &usageOfDay{b.window.Day, u}); err != nil {
			return err
		}
	}
	return nil
}
