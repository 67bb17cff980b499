package simulator

import (
	"fmt"
	"math"
)

// campaign is a burst of demo requests that starts on a launch day and fades.
type campaign struct {
	source, medium, name, term, content string
	mail                                bool // an e-mail campaign with a link straight to CrankWheel
	strength                            float64
}

const (
	campaignEvery = 17 // days between launches, roughly
	campaignLife  = 75 // days after which a campaign brings nothing
)

var channels = []struct {
	source, medium string
	mail           bool
	size, halfLife float64
}{
	{"newsletter", "email", true, 1.6, 1.5},
	{"google", "cpc", false, .35, 22},
	{"facebook", "paid_social", false, .45, 9},
	{"linkedin", "paid_social", false, .3, 11},
	{"winback", "email", true, .9, 2.2},
	{"partner", "referral", false, .25, 18},
}

// campaignsOn lists the campaigns that run on a day. A campaign's strength is its requests as a fraction of the usual ones.
func (s *Simulator) campaignsOn(day int) []campaign {
	var running []campaign
	for k := (day-campaignLife)/campaignEvery - 1; k <= day/campaignEvery+1; k++ {
		d := roll(s.opts.Seed, seqCampaign, k)
		age := day - k*campaignEvery - d.IntN(10)
		ch := channels[d.IntN(len(channels))]
		size := d.lognormal(ch.size, .3)
		c := campaign{source: ch.source, medium: ch.medium, mail: ch.mail}
		year, month, _ := s.cal.date(day - age)
		c.name = fmt.Sprintf("%s-%d-%02d", pick(d, []string{"launch", "spring-offer", "webinar", "insurance", "demo-day"}),
			year, month)
		if ch.medium == "cpc" {
			c.term = pick(d, []string{"screen sharing", "remote sales demo", "share screen phone call"})
		}
		c.content = pick(d, []string{"", "banner-a", "banner-b", "footer"})
		if age < 0 || age > campaignLife {
			continue
		}
		c.strength = size * math.Exp2(-float64(age)/ch.halfLife)
		if c.strength > .005 {
			running = append(running, c)
		}
	}
	return running
}
