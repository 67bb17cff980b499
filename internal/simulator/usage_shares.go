package simulator

import (
	"maps"
	"net/http"
	"slices"
)

// sharer is one user's entry in usage_shares.
type sharer struct {
	name          string
	shares, plays int
}

// usageShares counts, for each user, the shares created in the window and the plays in the window of all the user's shares.
func (c *call) usageShares() {
	w, err := c.sim.windowOf(c.query, c.now, 0)
	if err != nil {
		c.fail(http.StatusBadRequest, err.Error())
		return
	}
	all := c.query.Get("include_all_users") == "true"
	users, shares, plays := c.sharers(w, all)
	b := appendString(append(c.buf, `{"from":`...), w.askedFrom)
	b = append(b, `,"include_all_users":false,"stats":{"by_user":[`...) // false whatever was asked, as recorded
	for i, email := range slices.Sorted(maps.Keys(users)) {
		if i > 0 {
			b = append(b, ',')
		}
		u := users[email]
		b = appendString(append(b, `{"email":`...), email)
		b = appendString(append(b, `,"name":`...), u.name)
		b = appendInt(append(b, `,"plays_count":`...), u.plays)
		b = append(appendInt(append(b, `,"shares_count":`...), u.shares), '}')
	}
	b = appendInt(append(b, `],"total_plays":`...), plays)
	b = appendInt(append(b, `,"total_shares":`...), shares)
	c.buf = append(appendString(append(b, `},"to":`...), w.askedTo), '}')
}

// sharers counts by user. It includes users with shares or plays and, if all is set, everyone who has access now.
func (c *call) sharers(w window, all bool) (users map[string]*sharer, shares, plays int) {
	users = map[string]*sharer{}
	of := func(s *Share) *sharer {
		if users[s.CreatedBy] == nil {
			users[s.CreatedBy] = &sharer{name: s.CreatedByName}
		}
		return users[s.CreatedBy]
	}
	lib := c.sim.libraryAt(c.now)
	created := lib.createdIn(w)
	for _, s := range created {
		of(s).shares++
	}
	c.sim.visitsIn(lib, w, func(s *Share, v *Visit) {
		if v.Played {
			of(s).plays++
			plays++
		}
	})
	for _, a := range c.sim.team {
		if all && users[a.Email] == nil && a.AsOf(c.now) {
			users[a.Email] = &sharer{name: a.Name}
		}
	}
	return users, len(created), plays
}
