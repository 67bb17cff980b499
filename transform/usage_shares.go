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

// UsageShares normalises an agent's counts of a day. See the package comment for ok and rejects.
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
	if r.problem != "" {
		return row, false, rejectRecord(rec.Path(), r.problem, rec.Raw, row.AgentEmail)
	}
	row.Extra = r.extra(u.Extra)
	return row, true, nil
}

// ShareUsages adds up the entries of an answer by agent, because addresses that differ only in case are one agent. The zero
// value is ready to use.
type ShareUsages struct{ byAgent map[string][]ShareUsage }

// Add adds an entry.
func (s *ShareUsages) Add(u ShareUsage) {
	if s.byAgent == nil {
		s.byAgent = map[string][]ShareUsage{}
	}
	s.byAgent[u.AgentEmail] = append(s.byAgent[u.AgentEmail], u)
}

// Clear removes all entries.
func (s *ShareUsages) Clear() { clear(s.byAgent) }

// Sums returns one row for each agent with a share or a play, sorted by agent, and in merged how many entries with a share or a play
// were added to another one. A row has the unknown members of all entries; of members with one name, the last entry's. Where an
// agent's sum is too large for the column, each of the agent's entries with a share or a play becomes a reject.
func (s *ShareUsages) Sums() (rows []ShareUsage, merged int, rejects []Reject) {
	for _, agent := range slices.Sorted(maps.Keys(s.byAgent)) {
		entries := s.byAgent[agent]
		sum, shares, plays, counted := entries[0], int64(0), int64(0), 0
		for i, u := range entries {
			shares, plays = shares+int64(u.Shares), plays+int64(u.Plays)
			if u.Any() {
				counted++
			}
			if u.AgentName.V > sum.AgentName.V {
				sum.AgentName = u.AgentName
			}
			if i > 0 {
				sum.Extra = mergeExtra(sum.Extra, u.Extra)
			}
		}
		switch {
		case counted == 0:
		case max(shares, plays) > math.MaxInt32:
			for _, u := range entries {
				if u.Any() {
					rejects = append(rejects, u.tooLarge())
				}
			}
		default:
			sum.Shares, sum.Plays = int32(shares), int32(plays)
			rows, merged = append(rows, sum), merged+counted-1
		}
	}
	return rows, merged, rejects
}

// Any tells whether the agent shared or was played.
func (u ShareUsage) Any() bool { return u.Shares > 0 || u.Plays > 0 }

// mergeExtra returns the members of both objects. Of members with one name, the later's is kept.
func mergeExtra(earlier, later []byte) []byte {
	switch {
	case earlier == nil:
		return later
	case later == nil:
		return earlier
	}
	members := extract.Extra{}
	_ = json.Unmarshal(earlier, &members) // both are objects: never fails
	_ = json.Unmarshal(later, &members)   // adds to the members, and replaces those of the same name
	return members.JSON()
}

// tooLarge returns the reject of an entry whose agent has too large a sum. It holds the entry as normalised, not as sent.
func (u ShareUsage) tooLarge() Reject {
	raw := extract.Extra{}
	if u.Extra != nil {
		_ = json.Unmarshal(u.Extra, &raw) // Extra is an object: never fails
	}
	put := func(name string, v any) { raw[name], _ = json.Marshal(v) } // never fails for strings and numbers
	put("email", u.AgentEmail)
	if u.AgentName.Valid {
		put("name", u.AgentName.V)
	}
	put("shares_count", u.Shares)
	put("plays_count", u.Plays)
	return rejectRecord("$.stats.by_user", "shares_count, plays_count: the agent's entries add up to a number too large", raw.JSON(), u.AgentEmail)[0]
}
