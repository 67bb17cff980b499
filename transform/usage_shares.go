package transform

import (
	"database/sql"
	"encoding/json"
	"maps"
	"math"
	"slices"

	"wheelhouse/extract"
)

// ShareUsage is a row of crankwheel.share_usage_daily.
type ShareUsage struct {
	AgentEmail string
	AgentName  sql.Null[string]
	Shares     int32
	Plays      int32
	Extra      []byte
}

// UsageShares normalises an agent's video sharing over a day. ok is false where it is set aside.
func UsageShares(rec extract.Record[extract.ShareUsage]) (row ShareUsage, ok bool, rejects []Reject) {
	u, r := &rec.Value, reader{}
	r.note("record", notObject(rec.Raw))
	row = ShareUsage{
		AgentEmail: r.agentKey("email", u.Email),
		AgentName:  r.text("name", u.Name),
	}
	shares, plays := r.count("shares_count", u.Shares), r.count("plays_count", u.Plays)
	if !shares.Valid || !plays.Valid {
		r.note("shares_count, plays_count", "missing")
	}
	row.Shares, row.Plays = shares.V, plays.V
	if r.why != "" {
		return row, false, aside(rec.Path(), r.why, rec.Raw, row.AgentEmail)
	}
	row.Extra = r.extra(u.Extra)
	return row, true, nil
}

// ShareUsages adds up the entries of an answer by agent: entries whose addresses differ in case alone are one agent's.
// The zero value is empty.
type ShareUsages struct{ byAgent map[string][]ShareUsage }

// Add adds an entry.
func (s *ShareUsages) Add(u ShareUsage) {
	if s.byAgent == nil {
		s.byAgent = map[string][]ShareUsage{}
	}
	s.byAgent[u.AgentEmail] = append(s.byAgent[u.AgentEmail], u)
}

// Clear forgets all entries.
func (s *ShareUsages) Clear() { clear(s.byAgent) }

// Sums returns one row for each agent, and how many entries were added to another one. The entries of an agent whose sum
// no column can hold become rejects, one each.
func (s *ShareUsages) Sums() (rows []ShareUsage, merged int, rejects []Reject) {
	for _, agent := range slices.Sorted(maps.Keys(s.byAgent)) {
		entries := s.byAgent[agent]
		sum, shares, plays := entries[0], int64(0), int64(0)
		for _, u := range entries {
			shares, plays = shares+int64(u.Shares), plays+int64(u.Plays)
			if u.AgentName.V > sum.AgentName.V {
				sum.AgentName = u.AgentName
			}
		}
		if max(shares, plays) > math.MaxInt32 {
			for _, u := range entries {
				rejects = append(rejects, u.tooMuch())
			}
			continue
		}
		sum.Shares, sum.Plays = int32(shares), int32(plays)
		rows, merged = append(rows, sum), merged+len(entries)-1
	}
	return rows, merged, rejects
}

// tooMuch is the reject of an entry that adds up to too much with others. It holds the entry as it was understood.
func (u ShareUsage) tooMuch() Reject {
	raw := extract.Extra{}
	if u.Extra != nil {
		_ = json.Unmarshal(u.Extra, &raw) // canonical JSON of an object
	}
	put := func(name string, v any) { raw[name], _ = json.Marshal(v) } // texts and numbers: never fails
	put("email", u.AgentEmail)
	if u.AgentName.Valid {
		put("name", u.AgentName.V)
	}
	put("shares_count", u.Shares)
	put("plays_count", u.Plays)
	return aside("$.stats.by_user", "shares_count, plays_count: the agent's entries add up to a number too large", raw.JSON(), u.AgentEmail)[0]
}
