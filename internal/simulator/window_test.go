package simulator

import (
	"testing"
	"time"
)

// before is the meaning of each Bound, implemented a second time.
func before(b Bound, at, to time.Time) bool {
	switch b {
	case Exclusive:
		return at.UnixMicro() < to.UnixMicro()
	case WholeSecond:
		return at.Unix() <= to.Unix()
	}
	return at.UnixMicro() <= to.UnixMicro()
}

// counts are the numbers of facts that a window selects.
type counts struct{ sessions, requests, canceled, plays, shares int }

func (c *counts) add(o counts) {
	c.sessions += o.sessions
	c.requests += o.requests
	c.canceled += o.canceled
	c.plays += o.plays
	c.shares += o.shares
}

// served counts the facts in the answers.
func served(t *testing.T, s *Simulator, from, to time.Time) counts {
	q := query(from, to)
	u, d := mustGet[usageNew](t, s, "usage_new"+q), mustGet[demoUsage](t, s, "demo_usage"+q)
	x := mustGet[usageShares](t, s, "usage_shares"+q)
	return counts{len(u.Sessions), len(d.Sessions), d.Canceled, x.Stats.Plays, x.Stats.Shares}
}

// meant counts the facts that belong in the answers.
func meant(days []Day, o Options, from, to time.Time) (c counts) {
	contains := func(at time.Time) bool { return !at.Before(from) && before(o.To, at, to) }
	one := func(yes bool) int {
		if yes {
			return 1
		}
		return 0
	}
	selects := func(start, end time.Time) int {
		switch o.Select {
		case ByEnd:
			return one(contains(end))
		case ByOverlap:
			return one(before(o.To, start, to) && !end.Before(from))
		}
		return one(contains(start))
	}
	for i := range days {
		d := &days[i]
		for _, x := range d.Sessions {
			c.sessions += selects(x.StartedAt, x.EndedAt)
		}
		for _, x := range d.Requests {
			c.requests += selects(x.StartedAt, x.LastEventAt)
		}
		for _, x := range d.Cancellations {
			c.canceled += one(contains(x))
		}
		for _, x := range d.Shares {
			c.shares += one(contains(x.CreatedAt))
			for _, v := range x.Visits {
				c.plays += one(v.Played && contains(v.At))
			}
		}
	}
	return c
}

// bordering adds all types of facts on both sides of a UTC midnight.
func bordering(t *testing.T, s *Simulator, midnight time.Time) {
	t.Helper()
	for _, shift := range []time.Duration{-time.Second, -time.Second / 2, 0, time.Microsecond} {
		at := midnight.Add(shift)
		if _, err := s.Mutate(at, func(d *Day) {
			d.Sessions = append(d.Sessions, Session{Agent: "x@acme.example", StartedAt: at, EndedAt: at.Add(time.Minute)},
				Session{Agent: "x@acme.example", StartedAt: d.Begin, EndedAt: at})
			d.Requests = append(d.Requests, Request{ID: at.UnixMicro(), StartedAt: at, LastEventAt: at})
			d.Cancellations = append(d.Cancellations, at)
			d.Shares = append(d.Shares, Share{Slug: at.String(), CreatedAt: at, CreatedBy: "x@acme.example",
				Visits: []Visit{{ID: at.String(), At: at, Played: true}}})
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// The company works in New York and the windows are UTC days, so that no window begins with one of the generator's days.
func TestWindowsSelectTheirFacts(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	everySelectionAndBound(t, func(t *testing.T, s *Simulator) {
		s = account(func(o *Options) { o.Select, o.To, o.Zone = s.opts.Select, s.opts.To, zone })
		from, to := jan1.AddDate(0, 3, 0), jan1.AddDate(0, 3, 11)
		bordering(t, s, from.AddDate(0, 0, 5))
		var days []Day
		for d := range s.Days(jan1, to.AddDate(0, 0, 2)) {
			days = append(days, d)
		}
		for _, shortened := range []time.Duration{0, time.Second} { // days up to 00:00:00, and up to 23:59:59
			var daily counts
			for day := from; day.Before(to); day = day.AddDate(0, 0, 1) {
				end := day.AddDate(0, 0, 1).Add(-shortened)
				got, want := served(t, s, day, end), meant(days, s.opts, day, end)
				if got != want {
					t.Errorf("%s to %s: %+v, want %+v", day, end, got, want)
				}
				daily.add(got)
			}
			total := served(t, s, from, to.Add(-shortened))
			contiguous := s.opts.To == Exclusive && shortened == 0 || s.opts.To == WholeSecond && shortened != 0
			if s.opts.Select == ByOverlap { // facts across midnight belong to both days
				daily.sessions, daily.requests = total.sessions, total.requests
			}
			if contiguous && daily != total {
				t.Errorf("the days have %+v together, the whole window %+v", daily, total)
			}
			if !contiguous && daily == total {
				t.Errorf("days with gaps or overlaps have as many as the whole window: %+v", daily)
			}
		}
	})
}
