//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"
	_ "time/tzdata" // for machines without time zones

	"wheelhouse/internal/simulator"
)

const day = 24 * time.Hour

// span is a window, in Unix seconds.
type span struct{ from, to int64 }

// facts is what a warehouse must contain once it is loaded.
type facts struct {
	sessions, events int
	seconds, viewers int64
	crossing         int // sessions across a midnight in UTC
	sameSecond       int // sessions whose agent began another one in the same second
}

func (f facts) rows() int { return f.sessions + f.events }

func (f *facts) add(s *simulator.Session) {
	f.sessions++
	f.events += len(s.Logs)
	f.seconds += s.EndedAt.Unix() - s.StartedAt.Unix()
	f.viewers += int64(s.Viewers)
	if s.StartedAt.Unix()/86400 != s.EndedAt.Unix()/86400 {
		f.crossing++
	}
}

// workload is some days of usage_new, with each window's answer ready to be sent.
type workload struct {
	from, to time.Time // midnights in UTC, without to
	window   int       // days in a request
	sim      *simulator.Simulator
	facts    facts
	size     int64 // of all answers together
	answers  map[span][]byte
	changes  []*byte // see change
	order    *rand.Rand
}

// newWorkload makes about the given number of sessions between two midnights, and the answer of each window.
func newWorkload(from, to time.Time, sessions, window int) (*workload, error) {
	w := &workload{from: from, to: to, window: window, answers: map[span][]byte{}, order: rand.New(rand.NewPCG(1, 2))}
	if err := w.company(sessions); err != nil {
		return nil, err
	}
	w.facts = w.truth(from, to)
	for at := from; at.Before(to); at = at.AddDate(0, 0, window) {
		s := span{at.Unix(), at.AddDate(0, 0, window).Unix()}
		body, err := render(w.sim, s)
		if err != nil {
			return nil, err
		}
		if body, err = w.shuffle(body); err != nil {
			return nil, err
		}
		w.answers[s] = body
		w.size += int64(len(body))
	}
	return w, nil
}

// truth is what a warehouse must contain once the days between two midnights are loaded. The API includes the last instant.
func (w *workload) truth(from, to time.Time) (f facts) {
	type start struct {
		agent string
		at    int64
	}
	for d := range w.sim.Days(from, to) {
		seen := map[start]bool{}
		for i := range d.Sessions {
			s := &d.Sessions[i]
			if s.StartedAt.Before(from) || s.StartedAt.After(to) {
				continue
			}
			f.add(s)
			if k := (start{s.Agent, s.StartedAt.Unix()}); seen[k] {
				f.sameSecond++
			} else {
				seen[k] = true
			}
		}
	}
	return f
}

// company makes an account with enough agents of usual activity for the sessions. Above a maximum number of agents, each agent
// is busier instead.
func (w *workload) company(sessions int) error {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		return err
	}
	const mostAgents, perDay = 700, 4. // sessions of an agent, including weekends and holidays
	days := w.days()
	o := simulator.Options{
		Seed: 1, Zone: zone, Density: 1, Projecting: .32, Shape: simulator.Shape{NoGzip: true},
		Agents: min(mostAgents, max(1, int(math.Round(float64(sessions)/float64(days)/perDay)))),
		// The company's days are not UTC's: one more on each side.
		From: w.from.AddDate(0, 0, -1), Until: w.from.AddDate(0, 0, -1),
		Now: func() time.Time { return w.to.AddDate(0, 0, 30) },
	}
	// Count the sessions of every 13th day, so that all days of the week are included.
	step, seen, sampled := max(1, min(13, days/30)), 0, 0
	trial := simulator.New(o)
	for at := w.from; at.Before(w.to); at = at.AddDate(0, 0, step) {
		seen += len(trial.Facts(at.Add(day / 2)).Sessions)
		sampled++
	}
	if seen == 0 {
		return fmt.Errorf("a simulated account of %d agents did nothing", o.Agents)
	}
	o.Density = float64(sessions) * float64(sampled) / float64(seen) / float64(days)
	w.sim = simulator.New(o)
	return nil
}

func (w *workload) days() int { return int(w.to.Sub(w.from) / day) }

// render is the simulator's answer for a window.
func render(sim *simulator.Simulator, s span) ([]byte, error) {
	at := func(t int64) string { return time.Unix(t, 0).UTC().Format(time.RFC3339) }
	r, err := http.NewRequest(http.MethodGet, "/ss/api/usage_new?"+url.Values{"from": {at(s.from)}, "to": {at(s.to)}}.Encode(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Basic ")
	page := page{header: http.Header{}}
	sim.ServeHTTP(&page, r)
	if page.status != http.StatusOK {
		return nil, fmt.Errorf("the simulator answers %d: %s", page.status, page.body.Bytes())
	}
	return page.body.Bytes(), nil
}

// page is a recorded answer.
type page struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (p *page) Header() http.Header             { return p.header }
func (p *page) WriteHeader(status int)          { p.status = status }
func (p *page) Write(b []byte) (n int, e error) { return p.body.Write(b) }

// shuffle puts an answer's sessions in random order, which the API may do, too. It chooses one session in a hundred for
// change, which changes the last digit of its viewers, because no total depends on it. It never chooses a session that
// begins at midnight, which two windows show.
func (w *workload) shuffle(body []byte) ([]byte, error) {
	var answer struct {
		Sessions []json.RawMessage `json:"sessions"`
		Stats    json.RawMessage   `json:"stats"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	w.order.Shuffle(len(answer.Sessions), func(i, j int) {
		answer.Sessions[i], answer.Sessions[j] = answer.Sessions[j], answer.Sessions[i]
	})
	var out bytes.Buffer
	out.Grow(len(body) + len(body)/8)
	out.WriteString(`{"sessions":[`)
	var digits []int
	for i, s := range answer.Sessions {
		if i > 0 {
			out.WriteByte(',')
		}
		key := []byte(`"viewer_count":`)
		if at := bytes.Index(s, key); i%100 == 50 && at >= 0 && !bytes.Contains(s, []byte("T00:00:00")) {
			at += len(key)
			for s[at+1] >= '0' && s[at+1] <= '9' {
				at++
			}
			if s[at] >= '0' && s[at] < '9' {
				digits = append(digits, out.Len()+at)
			}
		}
		out.Write(s)
	}
	fmt.Fprintf(&out, `],"stats":%s}`, answer.Stats)
	shuffled := out.Bytes()
	for _, at := range digits {
		w.changes = append(w.changes, &shuffled[at])
	}
	return shuffled, nil
}

// change adds by to the viewers of the chosen sessions: 1, or -1 to undo that. No request may be running.
func (w *workload) change(by int) {
	for _, digit := range w.changes {
		*digit += byte(by)
	}
	w.facts.viewers += int64(by * len(w.changes))
}
