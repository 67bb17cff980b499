package load

import (
	_ "embed"

	"wheelhouse/transform"
)

//go:embed usage_shares.sql
var usageSharesSQL string

// UsageShares loads crankwheel.share_usage_daily.
var UsageShares = Stream{
	Name:  "usage_shares",
	Daily: true,
	stages: []stageTable{
		{"stage_share_usage_1", []string{"n", "agent_email", "agent_name", "shares", "plays", "extra"}},
	},
	summed: true,
	sql:    parseSQL(usageSharesSQL),
}

// ShareUsage adds an agent's day. A day without a share or a play is not stored, and not counted as read.
func (b *Batch) ShareUsage(u transform.ShareUsage) error {
	if u.Shares == 0 && u.Plays == 0 {
		return nil
	}
	return b.record(func() error {
		t, place := b.begin(rowsStage, false)
		t.text(u.AgentEmail)
		t.nullText(u.AgentName)
		t.int4(u.Shares)
		t.int4(u.Plays)
		t.jsonb(u.Extra)
		return b.put(rowsStage, place)
	})
}
