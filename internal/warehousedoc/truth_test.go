package main

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"wheelhouse/internal/sample"
	"wheelhouse/internal/simulator"
)

// truth is the facts of the sample's account until its last run, by days of its zone, from the simulator.
type truth struct {
	sample   *sample.Sample
	now      time.Time
	zone     *time.Location
	requests []request
	days     []day
}

type request struct {
	simulator.Request
	day      string
	hour     int
	answered bool
	tags     map[string]string
}

// day is the other facts of a day.
type day struct {
	date     string
	canceled int
	sessions []simulator.Session
	shares   []simulator.Share // with the visits so far
}

func truthOf(s *sample.Sample) *truth {
	now := sample.Passes[len(sample.Passes)-1]
	zone, _ := time.LoadLocation(sample.Zone) // Load has already loaded the zone
	t := &truth{sample: s, now: now, zone: zone}
	from, _ := time.ParseInLocation(time.DateOnly, sample.From, zone)
	for facts := range s.Truth.Days(from, now) {
		d := day{date: facts.Begin.In(zone).Format(time.DateOnly)}
		for _, r := range facts.Requests {
			if r, ok := r.AsOf(now); ok {
				r.Agent = strings.ToLower(r.Agent)
				t.requests = append(t.requests, newRequest(r, zone))
			}
		}
		for _, at := range facts.Cancellations {
			if !at.After(now) {
				d.canceled++
			}
		}
		for _, x := range facts.Sessions {
			if x, ok := x.AsOf(now); ok {
				x.Agent = strings.ToLower(x.Agent)
				d.sessions = append(d.sessions, x)
			}
		}
		for _, x := range facts.Shares {
			if !x.CreatedAt.After(now) {
				x.CreatedBy = strings.ToLower(x.CreatedBy)
				x.Visits = slices.DeleteFunc(slices.Clone(x.Visits), func(v simulator.Visit) bool { return v.At.After(now) })
				d.shares = append(d.shares, x)
			}
		}
		t.days = append(t.days, d)
	}
	return t
}

func newRequest(r simulator.Request, zone *time.Location) request {
	local := r.StartedAt.In(zone)
	q := request{Request: r, day: local.Format(time.DateOnly), hour: local.Hour(), answered: r.Agent != "", tags: map[string]string{}}
	for _, a := range r.Info {
		q.tags[a.Key] = a.Value
	}
	return q
}

func (t *truth) date(at time.Time) string { return at.In(t.zone).Format(time.DateOnly) }

// shares lists all shares.
func (t *truth) shares() (all []simulator.Share) {
	for _, d := range t.days {
		all = append(all, d.shares...)
	}
	return all
}

// since keeps the requests of the last days up to the newest day with a request.
func (t *truth) since(days int) (recent []request) {
	newest := ""
	for _, r := range t.requests {
		newest = max(newest, r.day)
	}
	last, _ := time.Parse(time.DateOnly, newest)
	first := last.AddDate(0, 0, 1-days).Format(time.DateOnly)
	for _, r := range t.requests {
		if r.day >= first {
			recent = append(recent, r)
		}
	}
	return recent
}

// by groups items.
func by[K cmp.Ordered, V any](items []V, key func(V) K) (keys []K, groups map[K][]V) {
	groups = map[K][]V{}
	for _, x := range items {
		groups[key(x)] = append(groups[key(x)], x)
	}
	return slices.Sorted(maps.Keys(groups)), groups
}

func count[V any](items []V, is func(V) bool) (n int) {
	for _, x := range items {
		if is(x) {
			n++
		}
	}
	return n
}

// percentile is percentile_cont of Postgres over the seconds of the answered requests.
func percentile(requests []request, p float64) float64 {
	var seconds []float64
	for _, r := range requests {
		if r.answered {
			seconds = append(seconds, float64(r.SecondsToRespond))
		}
	}
	slices.Sort(seconds)
	at := p * float64(len(seconds)-1)
	low, high := seconds[int(math.Floor(at))], seconds[int(math.Ceil(at))]
	return low + (high-low)*(at-math.Floor(at))
}

// rounded is round(numeric, digits) of Postgres.
func rounded(x float64, digits int) string {
	unit := math.Pow10(digits)
	return strconv.FormatFloat(math.Round(x*unit)/unit, 'f', digits, 64)
}

// row is a row of an answer.
func row(values ...any) []string {
	var texts []string
	for _, v := range values {
		texts = append(texts, fmt.Sprint(v))
	}
	return texts
}
