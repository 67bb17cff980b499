package pipeline

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"wheelhouse/internal/settings"
	"wheelhouse/internal/simulator"
	"wheelhouse/internal/testkit"
)

// history is twelve days of an account with all difficult cases: a weekend, the end of a month, sessions across midnight,
// same-second sessions, the same across midnight, events at the border of days, and sessions that run while they are read.
//
// An event in the last second of a day, or at midnight, is in the counts of a window or not, as the API decides. So cancellations,
// visits and creations of shares at such times are left out. Sessions and requests stay.
type history struct {
	first, last time.Time   // days
	runs        []time.Time // when the pipeline runs
}

var twelveDays = history{
	first: date("2026-02-23"), last: date("2026-03-06"),
	runs: []time.Time{
		time.Date(2026, 3, 3, 14, 30, 0, 0, time.UTC), // in working hours: sessions run
		time.Date(2026, 3, 4, 0, 10, 0, 0, time.UTC),  // a session runs across this midnight
		time.Date(2026, 3, 4, 15, 10, 0, 0, time.UTC),
		time.Date(2026, 3, 7, 4, 0, 0, 0, time.UTC),
	},
}

// simulator makes the account. now is its clock.
func (h history) simulator(t *testing.T, now *time.Time, change func(*simulator.Options)) *simulator.Simulator {
	t.Helper()
	o := simulator.Options{
		Seed: 7, Agents: 5, APIKey: testKey, From: h.first, Until: h.first.AddDate(0, 1, 0), Density: .6, ShareDensity: .5,
		Now: func() time.Time { return *now },
	}
	if change != nil {
		change(&o)
	}
	sim := simulator.New(o)
	for day := h.first; !day.After(h.last); day = day.AddDate(0, 0, 1) {
		if _, err := sim.Mutate(day, awkward); err != nil {
			t.Fatal(err)
		}
	}
	return sim
}

// atBorder tells whether a moment is in the last second of a UTC day, or at midnight.
func atBorder(t time.Time) bool {
	return t.Equal(t.Truncate(24*time.Hour)) || t.Truncate(24*time.Hour).Add(24*time.Hour).Sub(t) <= time.Second
}

func awkward(d *simulator.Day) {
	d.Cancellations = slices.DeleteFunc(d.Cancellations, atBorder)
	d.Shares = slices.DeleteFunc(d.Shares, func(s simulator.Share) bool { return atBorder(s.CreatedAt) })
	for i := range d.Shares {
		d.Shares[i].Visits = slices.DeleteFunc(slices.Clone(d.Shares[i].Visits), func(v simulator.Visit) bool { return atBorder(v.At) })
	}
	if len(d.Sessions) == 0 {
		return
	}
	add := func(from, to time.Duration, change func(*simulator.Session)) {
		s := d.Sessions[0]
		s.Agent, s.StartedAt, s.EndedAt = "night@example.com", d.Begin.Add(from), d.Begin.Add(to)
		s.Logs = []simulator.Log{{At: s.StartedAt.Add(time.Millisecond), Email: s.Agent, Kind: "screen"}}
		s.RecordingID, s.RTCSeconds, s.WebcamSeconds, s.Running = 0, 1, 0, false
		if change != nil {
			change(&s)
		}
		d.Sessions = append(d.Sessions, s)
	}
	h, m := time.Hour, time.Minute
	add(23*h+50*m, 24*h+30*m, nil)                                               // across midnight,
	add(23*h+50*m, 23*h+55*m, nil)                                               // with a same-second session that does not
	add(23*h+50*m, 24*h+30*m, func(s *simulator.Session) { s.MaxViewers += 40 }) // and one that ends at the same time
	add(14*h, 15*h, nil)                                                         // running at one of the runs,
	add(14*h, 14*h+50*m, nil)                                                    // with a same-second session that ends earlier
	add(8*h, 8*h+m, nil)                                                         // the same session twice
	add(8*h, 8*h+m, nil)
	add(23*h, 24*h, nil)                     // ends at midnight
	add(23*h+59*m+59*time.Second, 24*h, nil) // in the last second
	add(0, 5*m, nil)                         // begins at midnight
}

// unknowns are settings of the API that must not change the warehouse, with a name.
type unknowns struct {
	name   string
	change func(*simulator.Options)
}

// allUnknowns combines how a window selects rows, whether its end is included, and how pages are cut: each value at least once, and in
// the long tests all combinations. The forms of the answer's members take turns, and each form is used at least once.
func allUnknowns() (all []unknowns) {
	shapes := []simulator.Shape{
		{}, {ArrayStats: true}, {HandledByAbsent: true, RunningEnd: simulator.EndAbsent}, {PoolNull: true, NoGzip: true},
		{NoZeroFraction: true, RunningEnd: simulator.EndSoFar},
		{ArrayStats: true, HandledByAbsent: true, PoolNull: true, NoZeroFraction: true, RunningEnd: simulator.EndSoFar, NoGzip: true},
		{RunningEnd: simulator.EndAbsent, ArrayStats: true},
	}
	for by := simulator.ByStart; by <= simulator.ByOverlap; by++ {
		for to := simulator.Inclusive; to <= simulator.WholeSecond; to++ {
			for pages := range 3 { // uncapped, capped, capped with gaps
				shape := len(all) % len(shapes)
				if !testkit.Long() {
					if int(by) != int(to) || pages != (int(by)+int(to))%3 {
						continue
					}
					shape = []int{0, 5, 6}[len(all)]
				}
				all = append(all, unknowns{fmt.Sprintf("select %d to %d pages %d shape %d", by, to, pages, shape), func(o *simulator.Options) {
					o.Select, o.To, o.Shape = by, to, shapes[shape]
					if pages > 0 {
						o.MaxPageSize, o.OffsetsFromAsked = 7, pages == 2
					}
				}})
			}
		}
	}
	return all
}

// load runs the pipeline at each time of the history and returns the warehouse.
func (h history) load(t *testing.T, change func(*simulator.Options), set func(*settings.Account), wrap func(http.Handler) http.Handler) *bench {
	t.Helper()
	now := h.runs[0]
	var api http.Handler = h.simulator(t, &now, change)
	if wrap != nil {
		api = wrap(api)
	}
	b := newBench(t, api, now, func(a *settings.Account) {
		a.HistoryFrom = h.first
		if set != nil {
			set(a)
		}
	})
	for _, now = range h.runs {
		b.now = now
		b.mustRun(b.account.Nightly(now))
	}
	return b
}

func TestUnknownsGiveTheSameWarehouse(t *testing.T) {
	t.Parallel()
	all := allUnknowns()
	plain := twelveDays.load(t, all[0].change, nil, nil)
	if n := plain.count("crankwheel.screen_sessions WHERE NOT ended"); n != 0 {
		t.Fatalf("%d sessions still run at the end: the comparison would be of moments", n)
	}
	want := plain.contents()
	for table, rows := range want {
		if len(rows) < 3 {
			t.Errorf("%s has %d rows: the comparison says nothing of it", table, len(rows))
		}
	}
	if testing.Short() {
		all = all[:2]
	}
	for _, u := range all[1:] {
		t.Run(u.name, func(t *testing.T) {
			equal(t, u.name, want, twelveDays.load(t, u.change, nil, nil).contents())
		})
	}
}
