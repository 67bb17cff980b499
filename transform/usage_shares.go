package transform

import "wheelhouse/extract"

// ShareUsage is a row of crankwheel.share_usage_daily.
type ShareUsage struct {
	AgentEmail string
	AgentName  Null[string]
	Shares     int32
	Plays      int32
	Extra      []byte
}

// UsageShares normalises an agent's video sharing over a day. ok is false where it is set aside.
func UsageShares(rec extract.Record[extract.ShareUsage]) (row ShareUsage, ok bool, rejects []Reject) {
	u, r := &rec.Value, reader{}
	r.odd("record", notObject(rec.Raw))
	row = ShareUsage{
		AgentEmail: r.agentKey("email", u.Email),
		AgentName:  r.text("name", u.Name),
	}
	shares, plays := r.count("shares_count", u.Shares), r.count("plays_count", u.Plays)
	if !shares.Valid || !plays.Valid {
		r.odd("shares_count, plays_count", "missing")
	}
	row.Shares, row.Plays = shares.V, plays.V
	if r.why != "" {
		return row, false, aside(rec.Path(), r.why, rec.Raw, row.AgentEmail)
	}
	row.Extra = r.extra(u.Extra)
	return row, true, nil
}
