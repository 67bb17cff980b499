package simulator

import (
	"fmt"
	"math"
	"time"
)

// shares makes the day's shares, each with every visit it will ever have.
func (w *workday) shares() []Share {
	d := roll(w.sim.opts.Seed, seqShares, w.day)
	var list []Share
	for i := range w.staff {
		p := &w.staff[i]
		for range d.poisson(.42 * p.sharing * p.presence * w.trend * w.sim.opts.ShareDensity) {
			at := w.at(d, p.midnight, officeHours.second(d)).Truncate(time.Second)
			if c := w.shareable(d, p.agent, at); c != nil {
				list = append(list, w.share(d, p.agent, c, at))
			}
		}
	}
	return list
}

// shareable picks a content for an agent to share: mostly a recent recording, preferably the agent's own, and otherwise an
// item of the library. It returns nil while there are none.
func (w *workday) shareable(d dice, a *agent, at time.Time) *Content {
	if d.yes(.6) {
		recorded := w.sim.recordings(max(0, w.day-int(d.ExpFloat64()*4)))
		var found *Content
		for i := range recorded {
			r := &recorded[i]
			if r.content.CreatedAt.After(at) || r.content.State != "ready" {
				continue
			}
			if found == nil || r.agent == a {
				found = &r.content
			}
		}
		if found != nil {
			return found
		}
	}
	if deck := w.deck(); len(deck) > 0 {
		return &deck[d.IntN(len(deck))]
	}
	return nil
}

func (w *workday) share(d dice, a *agent, c *Content, at time.Time) Share {
	s := Share{
		Slug: d.uuid(), CreatedAt: at, CreatedBy: a.Email, CreatedByName: a.Name,
		Segment: pick(d, segments), HasCTA: d.yes(.4), AccessSharing: d.yes(.7),
		ContentID: c.ID, ContentName: c.Name, ContentCreatedBy: c.CreatedBy, ContentRecordedAt: c.RecordedAt,
		ContentRuntimeMS: c.RuntimeMS,
	}
	if d.yes(.35) {
		s.CustomerAccountID = pick(d, []string{fmt.Sprintf("ACCT-%05d", d.IntN(2000)), fmt.Sprint(1_000_000_000 + d.IntN(900))})
	}
	s.Visits = w.visits(d, &s)
	return s
}

// visits makes a share's visits. Most come within days; a share that ends up in a newsletter or a bookmark is visited for
// years.
func (w *workday) visits(d dice, s *Share) []Visit {
	n, slow := 0, 6.0 // slow: mean days until the slower visits
	switch u := d.Float64(); {
	case u < .18:
	case u < .9:
		n = 1 + int(d.ExpFloat64()*3)
	default:
		n, slow = 8+int(d.ExpFloat64()*22), d.lognormal(60, .8)
	}
	visits := make([]Visit, 0, n)
	for range n {
		days := d.ExpFloat64() * .9
		if d.yes(.35) {
			days = d.ExpFloat64() * slow
		}
		visits = append(visits, w.visit(d, s, int(min(days, 1000))))
	}
	return visits
}

func (w *workday) visit(d dice, s *Share, days int) Visit {
	v := Visit{ID: d.hex16(), Played: d.yes(.66)}
	if days == 0 {
		v.At = s.CreatedAt.Add(time.Duration(20+min(d.ExpFloat64()*5400, 20*3600)) * time.Second)
	} else {
		v.At = time.Unix(w.companyMidnight()+int64(days)*86400+int64(browsingHours.second(d)), 0).UTC()
		if wd := v.At.Weekday(); (wd == time.Saturday || wd == time.Sunday) && d.yes(.7) {
			v.At = v.At.AddDate(0, 0, 2)
		}
	}
	if d.yes(.004) { // the last or first second of a UTC day, where the values of Bound differ
		v.At = v.At.Truncate(24 * time.Hour).Add(24*time.Hour - time.Duration(d.IntN(2))*time.Second)
	}
	if !v.Played {
		return v
	}
	if v.PercentWatched = d.Float64(); d.yes(.45) {
		v.PercentWatched = max(0, 1-d.ExpFloat64()*.08)
	}
	v.PercentWatched = math.Round(v.PercentWatched*1e4) / 1e4
	v.WatchSeconds = math.Round(v.PercentWatched*float64(s.ContentRuntimeMS)/100) / 10
	v.CTAClicked = s.HasCTA && v.PercentWatched > .5 && d.yes(.3)
	return v
}
