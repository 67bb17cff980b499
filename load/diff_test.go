package load

import (
	"bytes"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"wheelhouse/internal/ledger"
	"wheelhouse/transform"
)

// The tests of this file apply diffs to a table in memory. They need no database.

var dayOne = time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)

// memory is a table of sessions, by key.
type memory struct {
	rows map[string]stored
	t    *rapid.T
}

func newMemory(t *rapid.T) *memory { return &memory{map[string]stored{}, t} }

func (m *memory) existing() (all []stored) {
	for _, key := range slices.Sorted(maps.Keys(m.rows)) {
		all = append(all, m.rows[key])
	}
	return all
}

// load loads the sessions of a window into the table. number is the load's. newer are the loads that were asked for later.
func (m *memory) load(number int64, from, to time.Time, sessions []transform.ScreenSession, newer map[int64]span) (changes []change) {
	d := differ{Table: screenSessions.Table, account: "a", from: from, to: to, newer: map[int64]bool{}}
	for n, s := range newer {
		d.newer[n], d.newerSpan = true, append(d.newerSpan, s)
	}
	incoming := records(sessions)
	before := m.existing()
	d.diff(before, incoming)
	incomings := 0
	for _, c := range d.changes {
		if c.incoming != nil {
			incomings++
		}
		key := string(c.key())
		switch c.action {
		case insert:
			if _, there := m.rows[key]; there {
				m.t.Fatalf("a row is inserted twice: %x", key)
			}
			m.rows[key] = stored{record: *c.incoming, load: number}
		case update:
			m.rows[key] = stored{record: *c.incoming, load: number}
		case remove:
			row := m.rows[key]
			row.deleted, row.load = true, number
			m.rows[key] = row
		}
	}
	if incomings != len(sessions) {
		m.t.Fatalf("%d of %d records are in the diff", incomings, len(sessions))
	}
	for _, s := range before { // a stored row keeps its key for good
		if _, there := m.rows[string(s.key)]; !there {
			m.t.Fatalf("a row lost its key")
		}
	}
	return d.changes
}

// records returns sessions as a batch has them.
func records(sessions []transform.ScreenSession) (all []record) {
	b := NewBatch(ledger.Window{Account: "a", Stream: UsageNew.Stream})
	defer b.Close()
	b.Begin()
	for _, s := range sessions {
		if err := b.Session(s); err != nil {
			panic(err)
		}
	}
	b.Commit()
	r, err := b.sorters[0].read()
	if err != nil {
		panic(err)
	}
	for {
		rec, more, err := r.take()
		if err != nil {
			panic(err)
		}
		if !more {
			return all
		}
		rec.key, rec.row, rec.children = bytes.Clone(rec.key), bytes.Clone(rec.row), bytes.Clone(rec.children)
		all = append(all, rec)
	}
}

// live returns the live rows, without their keys.
func (m *memory) live() (all []string) {
	for _, s := range m.rows {
		if !s.deleted {
			all = append(all, fmt.Sprintf("%x %x", s.row, s.children))
		}
	}
	slices.Sort(all)
	return all
}

// account has the sessions that the API knows, and the rule by which the API selects those of a window.
type account struct {
	sessions []transform.ScreenSession
	shows    func(s transform.ScreenSession, from, to time.Time) bool
}

var rules = map[string]func(s transform.ScreenSession, from, to time.Time) bool{
	"by start": func(s transform.ScreenSession, from, to time.Time) bool {
		return !s.StartedAt.Before(from) && s.StartedAt.Before(to)
	},
	"by start, last instant included": func(s transform.ScreenSession, from, to time.Time) bool {
		return !s.StartedAt.Before(from) && !s.StartedAt.After(to)
	},
	"by end": func(s transform.ScreenSession, from, to time.Time) bool {
		return s.Ended && !s.EndedAt.V.Before(from) && s.EndedAt.V.Before(to)
	},
	"by end, last instant included": func(s transform.ScreenSession, from, to time.Time) bool {
		return s.Ended && !s.EndedAt.V.Before(from) && !s.EndedAt.V.After(to)
	},
	"by overlap": func(s transform.ScreenSession, from, to time.Time) bool {
		return s.StartedAt.Before(to) && (!s.Ended || s.EndedAt.V.After(from))
	},
	"by overlap, edges included": func(s transform.ScreenSession, from, to time.Time) bool {
		return !s.StartedAt.After(to) && (!s.Ended || !s.EndedAt.V.Before(from))
	},
}

func (a *account) window(from, to time.Time) (shown []transform.ScreenSession) {
	for _, s := range a.sessions {
		if a.shows(s, from, to) {
			shown = append(shown, s)
		}
	}
	return shown
}

func drawSession(t *rapid.T) transform.ScreenSession {
	s := transform.ScreenSession{
		AgentEmail: rapid.SampledFrom([]string{"a@x.com", "b@x.com"}).Draw(t, "agent"),
		StartedAt:  dayOne.Add(time.Duration(rapid.IntRange(0, 11).Draw(t, "start")) * 6 * time.Hour),
		Ended:      rapid.IntRange(0, 5).Draw(t, "ended") > 0,
		Viewers:    sql.Null[int32]{V: int32(rapid.IntRange(0, 1).Draw(t, "viewers")), Valid: true},
	}
	if s.Ended {
		s.EndedAt = sql.Null[time.Time]{V: s.StartedAt.Add(rapid.SampledFrom([]time.Duration{0, time.Hour, 20 * time.Hour, 50 * time.Hour}).Draw(t, "lasts")), Valid: true}
	}
	for i := range rapid.IntRange(0, 1).Draw(t, "events") {
		s.Events = append(s.Events, transform.ScreenSessionEvent{Seq: int32(i + 1), OccurredAt: s.StartedAt})
	}
	return s
}

// drawCuts cuts five days into windows.
func drawCuts(t *rapid.T) []time.Time {
	cuts := []time.Time{dayOne.AddDate(0, 0, -1)}
	for at := cuts[0]; at.Before(dayOne.AddDate(0, 0, 5)); {
		at = at.Add(time.Duration(rapid.IntRange(1, 8).Draw(t, "hours")) * 6 * time.Hour)
		cuts = append(cuts, at)
	}
	return cuts
}

// Windows of an account that does not change, in any order and overlapping, give the sessions that are in the windows. Loading any
// window once more changes nothing.
func TestWindowsInAnyOrderEndInWhatTheyShow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := account{shows: rules[rapid.SampledFrom(slices.Sorted(maps.Keys(rules))).Draw(t, "rule")]}
		for range rapid.IntRange(0, 12).Draw(t, "sessions") {
			a.sessions = append(a.sessions, drawSession(t))
		}
		var windows []span
		for range 2 {
			cuts := drawCuts(t)
			for i, from := range cuts[:len(cuts)-1] {
				windows = append(windows, span{from, cuts[i+1]})
			}
		}
		windows = rapid.Permutation(windows).Draw(t, "order")
		m := newMemory(t)
		shown := make([]bool, len(a.sessions))
		for n, w := range windows {
			m.load(int64(n), w.from, w.to, a.window(w.from, w.to), nil)
			for i, s := range a.sessions {
				shown[i] = shown[i] || a.shows(s, w.from, w.to)
			}
		}
		var want []transform.ScreenSession
		for i, s := range a.sessions {
			if shown[i] {
				want = append(want, s)
			}
		}
		truth := newMemory(t)
		truth.load(0, dayOne.AddDate(-1, 0, 0), dayOne.AddDate(1, 0, 0), want, nil)
		if got, want := m.live(), truth.live(); !slices.Equal(got, want) {
			t.Fatalf("live:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		for n, w := range windows {
			for _, c := range m.load(int64(1000+n), w.from, w.to, a.window(w.from, w.to), nil) {
				if c.action == insert || c.action == update || c.action == remove {
					t.Fatalf("loading a window again changes %v", c.action)
				}
			}
		}
	})
}

// An answer that was asked for earlier, and is loaded after newer answers, changes no row that these have (invariant 5).
func TestOlderAnswersChangeNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := account{shows: rules[rapid.SampledFrom(slices.Sorted(maps.Keys(rules))).Draw(t, "rule")]}
		for range rapid.IntRange(1, 8).Draw(t, "sessions") {
			a.sessions = append(a.sessions, drawSession(t))
		}
		before := account{shows: a.shows}
		for _, s := range a.sessions { // as they were: fewer, and some of them running
			switch rapid.IntRange(0, 3).Draw(t, "before") {
			case 0:
				continue
			case 1:
				s.Ended, s.EndedAt = false, sql.Null[time.Time]{}
			}
			before.sessions = append(before.sessions, s)
		}
		cuts := drawCuts(t)
		m := newMemory(t)
		newer := map[int64]span{}
		for i, from := range cuts[:len(cuts)-1] {
			newer[int64(1000+i)] = span{from, cuts[i+1]}
			m.load(int64(1000+i), from, cuts[i+1], a.window(from, cuts[i+1]), nil)
		}
		want := m.live()
		// An old answer may insert a session that no new answer has or speaks for.
		old := drawCuts(t)
		m.load(1, old[0], old[1], before.window(old[0], old[1]), newer)
		for _, row := range want {
			if !slices.Contains(m.live(), row) {
				t.Fatalf("an old answer deleted a row")
			}
		}
	})
}

// Equal sessions of one answer are different sessions. Equal sessions of two answers, for the halves of a window, are one.
func TestABisectedWindowHasASessionOnce(t *testing.T) {
	t.Parallel()
	s := transform.ScreenSession{AgentEmail: "a@x.com", StartedAt: dayOne, Ended: true, EndedAt: sql.Null[time.Time]{V: dayOne.Add(time.Hour), Valid: true}}
	running := s
	running.Ended, running.EndedAt = false, sql.Null[time.Time]{}
	for name, c := range map[string]struct {
		answers [][]transform.ScreenSession
		live    int
	}{
		"twice in one answer":                    {[][]transform.ScreenSession{{s, s}}, 2},
		"once in each of two":                    {[][]transform.ScreenSession{{s}, {s}}, 1},
		"twice and once":                         {[][]transform.ScreenSession{{s, s}, {s}}, 2},
		"running, and then ended":                {[][]transform.ScreenSession{{running}, {s}}, 1},
		"running beside one that ended and both": {[][]transform.ScreenSession{{running, s}, {running, s}}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBatch(ledger.Window{Account: "a", Stream: UsageNew.Stream})
			defer b.Close()
			total := 0
			for _, answer := range c.answers {
				b.Begin()
				for _, x := range answer {
					total++
					if err := b.Session(x); err != nil {
						t.Fatal(err)
					}
				}
				b.Commit()
			}
			r, err := b.sorters[0].read()
			if err != nil {
				t.Fatal(err)
			}
			var incoming []record
			for range total {
				rec, _, err := r.take()
				if err != nil {
					t.Fatal(err)
				}
				incoming = append(incoming, rec)
			}
			d := differ{Table: screenSessions.Table, account: "a", from: dayOne, to: dayOne.AddDate(0, 0, 1)}
			d.diff(nil, incoming)
			live := map[string]bool{}
			for _, c := range d.changes {
				if c.action == insert {
					live[string(c.key())] = true
				}
			}
			if len(live) != c.live || len(d.changes) != total {
				t.Errorf("%d sessions and %d changes, want %d and %d", len(live), len(d.changes), c.live, total)
			}
		})
	}
}
