package simulator

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // the same zones, hence the same facts, on every machine
)

// agent is a user with an office and personal characteristics.
type agent struct {
	User
	index     int
	zone      *time.Location
	country   string
	join      int // first day at work; < 0 = before history
	leave     int // first day after leaving
	volume    float64
	length    float64 // of sessions
	slowness  float64 // in answering
	sharing   float64 // fondness of video
	skill     float64 // in converting
	workStart int     // seconds of the local day
	workEnd   int
}

const never = 1 << 30

// office is a zone with the country whose holidays are kept there.
type office struct {
	zone    *time.Location
	country string
}

var offices = [][2]string{
	{"Atlantic/Reykjavik", "IS"}, {"Europe/London", "GB"}, {"Europe/Berlin", "DE"}, {"America/New_York", "US"},
	{"America/Chicago", "US"}, {"America/Los_Angeles", "US"}, {"Asia/Kolkata", "IN"}, {"Asia/Singapore", "SG"},
	{"Australia/Sydney", "AU"}, {"Pacific/Auckland", "NZ"},
}

// officesAround lists the company's own zone and the offices that share most of its working day.
func officesAround(zone *time.Location, at time.Time) []office {
	_, home := at.In(zone).Zone()
	list := []office{{zone, ""}}
	for _, o := range offices {
		loc, err := time.LoadLocation(o[0])
		if err != nil {
			continue
		}
		_, offset := at.In(loc).Zone()
		if o[0] == zone.String() || offset == home && list[0].country == "" {
			list[0].country = o[1]
			continue
		}
		if d := offset - home; d >= -5*3600 && d <= 2*3600 {
			list = append(list, office{loc, o[1]})
		}
	}
	return list
}

// newTeam hires agents one by one until Options.Until. A few leave earlier and are replaced.
func newTeam(o Options, cal calendar) []*agent {
	d := roll(o.Seed, seqTeam, 0)
	around := officesAround(o.Zone, o.From)
	span := max(1, cal.day(o.Until))
	var team []*agent
	hire := func(join, leave int) *agent {
		a := newAgent(d, len(team), around)
		a.join, a.leave = join, leave
		if join > 0 {
			a.Joined = cal.begin(join)
		}
		if leave < never {
			a.Left = cal.begin(leave)
		}
		team = append(team, a)
		return a
	}
	owner := hire(-1, never)
	owner.Privilege, owner.volume, owner.InDemoPool, owner.PoolUnset = "owner", .15, false, true
	reporting := hire(-1, never)
	reporting.Privilege, reporting.volume, reporting.InDemoPool = "reporting", 0, false
	founders := (o.Agents*45 + 99) / 100
	for seat := range o.Agents {
		join := -1
		if seat >= founders {
			join = min(span, 1+(seat-founders+1)*span/(o.Agents-founders+1)+d.IntN(1+span/40))
		}
		if left := span - join; seat%9 == 4 && left > 60 {
			quit := join + 25 + d.IntN(left-45)
			hire(join, quit)
			join = min(span, quit+2+d.IntN(15))
		}
		hire(join, never)
	}
	return team
}

func newAgent(d dice, index int, around []office) *agent {
	first, last := firstNames[(index*7+3)%len(firstNames)], lastNames[(index*11+index/len(firstNames)+5)%len(lastNames)]
	local := ascii(first) + "." + ascii(last)
	if index%9 != 4 { // the other addresses keep the capitals they were typed with
		local = strings.ToLower(local)
	}
	if index >= len(firstNames) {
		local += fmt.Sprint(index / len(firstNames))
	}
	place := around[0]
	if d.yes(.35) {
		place = pick(d, around)
	}
	a := &agent{
		User:      User{Email: local + "@acme.example", Name: first + " " + last, Privilege: "user", InDemoPool: d.yes(.8)},
		index:     index,
		zone:      place.zone,
		country:   place.country,
		volume:    d.lognormal(1, .35),
		length:    d.lognormal(1, .25),
		slowness:  d.lognormal(1, .3),
		sharing:   d.lognormal(1, .6),
		skill:     d.between(.85, 1.12),
		workStart: 8*3600 + d.IntN(2*3600),
	}
	a.workEnd = a.workStart + 8*3600 + d.IntN(3600)
	if index%8 == 2 {
		a.Privilege = "admin"
	}
	a.PoolUnset = !a.InDemoPool && d.yes(.5)
	return a
}

// presence is the fraction of a usual working day that an agent works: 0 on leave, less than 1 while new.
func (s *Simulator) presence(a *agent, day int) float64 {
	if day < a.join || day >= a.leave {
		return 0
	}
	year, month, dom := s.cal.date(day)
	weekday := ((s.cal.first+day+4)%7 + 7) % 7 // 1970-01-01 was a Thursday
	p := officeWeek[weekday]
	if isHoliday(a.country, year, month, dom) {
		return p * .02
	}
	if chance(s.opts.Seed, seqLeave, a.index, (s.cal.first+day+3)/7, .06) { // on holiday for a week
		return 0
	}
	if chance(s.opts.Seed, seqLeave, -1-a.index, day, .025) { // ill for a day
		return 0
	}
	if a.join >= 0 {
		p *= min(1, .3+.7*float64(day-a.join)/30)
	}
	return p
}
