package simulator

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// seen is what someone would count on a dashboard.
type seen struct {
	week                                                  [7]int
	hour                                                  [24]int
	lag                                                   [30]int // visits by days since their share's creation
	late                                                  map[string][]int
	requests, answered, confirmed, shared, mail           int
	sessions, overlaps, sameSecond, equal, crossing, pipe int
	first, last                                           int // sessions of the first and the last 45 days
}

func (c *seen) sessionsOf(t *testing.T, d *Day) {
	c.week[d.Begin.Weekday()] += len(d.Sessions)
	if d.Begin.Before(jan1.AddDate(0, 0, 45)) {
		c.first += len(d.Sessions)
	} else if !d.Begin.Before(july.AddDate(0, 0, -45)) {
		c.last += len(d.Sessions)
	}
	count := func(n *int, yes bool) {
		if yes {
			*n++
		}
	}
	latest := map[string]Session{}
	for _, x := range d.Sessions {
		c.sessions++
		c.hour[x.StartedAt.Hour()]++
		before := latest[x.Agent]
		sameSecond := before.StartedAt.Equal(x.StartedAt)
		count(&c.overlaps, before.EndedAt.After(x.StartedAt))
		count(&c.sameSecond, sameSecond)
		count(&c.equal, sameSecond && before.EndedAt.Equal(x.EndedAt) && len(before.Logs) == len(x.Logs))
		count(&c.crossing, x.EndedAt.After(d.End))
		for _, l := range x.Logs {
			count(&c.pipe, strings.Count(l.Content, "|") > 1)
			if l.At.Before(x.StartedAt) || l.At.After(x.EndedAt) {
				t.Errorf("a log at %s in a session from %s to %s", l.At, x.StartedAt, x.EndedAt)
			}
		}
		latest[x.Agent] = x
	}
}

func (c *seen) others(d *Day) {
	for _, r := range d.Requests {
		c.requests++
		if strings.Contains(r.Info[0].Value, "/ss/showu/") {
			c.mail++
		}
		if !r.AnsweredAt.IsZero() {
			c.answered++
			c.late[r.Availability] = append(c.late[r.Availability], r.SecondsToRespond)
		}
		if !r.ConfirmedAt.IsZero() {
			c.confirmed++
		}
		if !r.SharedAt.IsZero() {
			c.shared++
		}
	}
	for _, x := range d.Shares {
		for _, v := range x.Visits {
			if n := int(v.At.Sub(x.CreatedAt) / (24 * time.Hour)); n < len(c.lag) {
				c.lag[n]++
			}
		}
	}
}

func median(list []int) int {
	slices.Sort(list)
	return list[len(list)/2]
}

// The ratios that a dashboard would show are checked for four accounts.
func TestFiguresAreBelievable(t *testing.T) {
	for seed := range uint64(4) {
		c := seen{late: map[string][]int{}}
		for d := range account(func(o *Options) { o.Seed = seed }).Days(jan1, july) {
			c.sessionsOf(t, &d)
			c.others(&d)
		}
		full, half, none := median(c.late["full_capacity"]), median(c.late["half_capacity"]), median(c.late["no_capacity"])
		for _, p := range []struct {
			name      string
			a, b      int
			low, high float64
		}{
			{"weekend of week", c.week[0] + c.week[6], c.sessions, .002, .04},
			{"lunch of eleven o'clock", c.hour[12], c.hour[11], .3, .9},
			{"night of day", c.hour[1] + c.hour[2] + c.hour[3], c.sessions, 0, .02},
			{"last 45 days of first", c.last, c.first, 1.3, 4},
			{"answered", c.answered, c.requests, .5, .85},
			{"confirmed of answered", c.confirmed, c.answered, .6, .95},
			{"shared of confirmed", c.shared, c.confirmed, .4, .8},
			{"mail campaigns", c.mail, c.requests, .01, .4},
			{"overlapping", c.overlaps, c.sessions, .005, .15},
			{"half capacity's response to full's", half, full, 1.4, 6},
			{"no capacity's response to half's", none, half, 8, 200},
			{"second day's visits to first's", c.lag[1], c.lag[0], .1, .8},
			{"second week's visits to first's", c.lag[7] + c.lag[8] + c.lag[9], c.lag[0] + c.lag[1] + c.lag[2], .02, .35},
			{"same-second sessions", c.sameSecond, c.sessions, .0001, .01},
			{"equal same-second sessions", c.equal, c.sameSecond, .01, .9},
			{"across midnight", c.crossing, c.sessions, .0001, .01},
			{"names with |", c.pipe, c.sessions, .001, .5},
		} {
			if x := float64(p.a) / float64(p.b); !(x >= p.low && x <= p.high) {
				t.Errorf("seed %d: %s is %.4f, want %g to %g", seed, p.name, x, p.low, p.high)
			}
		}
	}
}

func TestHolidaysDifferByCountry(t *testing.T) {
	for _, c := range []struct {
		country, date string
		want          bool
	}{
		{"US", "2024-11-28", true}, {"US", "2024-11-21", false}, {"US", "2024-05-27", true}, {"GB", "2024-03-29", true},
		{"GB", "2024-08-26", true}, {"GB", "2024-08-19", false}, {"DE", "2024-05-09", true}, {"DE", "2025-06-09", true},
		{"IS", "2024-06-17", true}, {"IS", "2024-03-28", true}, {"US", "2024-03-29", false}, {"", "2024-12-25", true},
	} {
		d, err := time.Parse(time.DateOnly, c.date)
		if err != nil {
			t.Fatal(err)
		}
		if got := isHoliday(c.country, d.Year(), d.Month(), d.Day()); got != c.want {
			t.Errorf("%s in %s: holiday %t", c.date, c.country, got)
		}
	}
}

// BenchmarkHistory reads half a year through all endpoints, as a backfill by days does.
func BenchmarkHistory(b *testing.B) {
	for b.Loop() {
		s := account()
		asked, bytes := 0, 0
		get := func(path string) string {
			w := ask(s, path, "Accept-Encoding", "gzip")
			asked++
			bytes += w.Body.Len()
			return path
		}
		for day := jan1; day.Before(july); day = day.AddDate(0, 0, 1) {
			q := query(day, day.AddDate(0, 0, 1))
			for _, p := range []string{"usage_new", "demo_usage", "usage_shares", "share_details"} {
				get(p + q)
			}
			lib := s.libraryAt(july)
			w := window{from: day, to: day.AddDate(0, 0, 1), now: july}
			for page := range lib.countBefore(w)/100 + 1 {
				get("company_content/shares" + q + "&inactive=true&page_size=100&page=" + string(rune('1'+page)))
			}
			seen := map[string]bool{}
			s.visitsIn(lib, w, func(x *Share, _ *Visit) { seen[x.Slug] = true })
			for slug := range seen {
				get("company_content/shares/" + slug + q)
			}
		}
		b.ReportMetric(float64(asked), "requests")
		b.ReportMetric(float64(bytes), "sent-bytes")
	}
}

// BenchmarkMillion streams a million sessions in one answer.
func BenchmarkMillion(b *testing.B) {
	for b.Loop() {
		s := account(func(o *Options) { o.Density, o.ShareDensity = 80, 1 })
		u := 0
		w := window{from: jan1, to: july, now: july}
		s.selectedSessions(w, func(*Session) bool { u++; return true })
		b.ReportMetric(float64(u), "sessions")
	}
}

func TestProjectingLengthensLogs(t *testing.T) {
	t.Parallel()
	perSession := func(projecting float64) float64 {
		sessions, logs := 0, 0
		for d := range New(Options{Seed: 1, Agents: 60, From: jan1, Projecting: projecting}).Days(jan1, jan1.AddDate(0, 0, 30)) {
			sessions += len(d.Sessions)
			for _, s := range d.Sessions {
				logs += len(s.Logs)
			}
		}
		return float64(logs) / float64(sessions)
	}
	usual, more := perSession(0), perSession(.35)
	if usual < 1.45 || usual > 1.65 || more < 1.65 || more > 1.85 {
		t.Errorf("%.2f entries a session, %.2f with more projecting", usual, more)
	}
}
