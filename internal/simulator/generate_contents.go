package simulator

import (
	"fmt"
	"time"
)

// recording is a content that an agent recorded: a meeting, which is then also a session, or the agent's own screen.
type recording struct {
	content    Content
	agent      *agent
	meeting    bool
	begin, end time.Time
}

const (
	starters   = 10 // library items put in on the first day
	deckEvery  = 6  // days between later items, roughly
	deckPerDay = 20 // ids of a day reserved for the deck; recordings follow
)

func (s *Simulator) contentID(day, i int) int64 { return 1000 + int64(day)*s.contentStride + int64(i) }

// deckDay is the day on which the k-th library item was put in.
func (s *Simulator) deckDay(k int) int {
	if k < starters {
		return 0
	}
	return deckEvery*(k-starters+1) + int(mix(s.opts.Seed^uint64(k))%(deckEvery-1))
}

// deckItem is the k-th item of the library apart from recordings. After the first day no two items share a day,
// so an item's id does not depend on the items before it.
func (s *Simulator) deckItem(k int) Content {
	d, day := roll(s.opts.Seed, seqDeck, k), s.deckDay(k)
	c := Content{ID: s.contentID(day, 0), Type: "upload", State: "ready"}
	c.CreatedAt = s.cal.begin(day).Add(6 * time.Hour)
	if k < starters {
		c.ID += int64(k)
		c.CreatedAt = c.CreatedAt.Add(time.Duration(k*95) * time.Second)
	}
	c.Name = pick(d, deckTopics)
	if k >= len(deckTopics) || d.yes(.3) {
		c.Name += fmt.Sprintf(" %d", c.CreatedAt.Year())
	}
	choice := d.IntN(20)
	if k < 3 {
		choice = k
	}
	switch choice {
	case 0:
		c.Type, c.State, c.URL = "video", "", "https://media.example/"+fmt.Sprint(k)+"/trailer.mp4"
	case 1:
		c.Type, c.State, c.URL, c.CreatedBy = "cta", "", "https://www.acme.example/book?item="+fmt.Sprint(k), s.team[0].Email
	case 2:
		c.Type, c.State, c.URL, c.CreatedBy = "redirect", "", "https://www.acme.example/thanks", s.team[0].Email
	default:
		c.RuntimeMS = int64(d.lognormal(150_000, .7))
		c.Tag = d.uuid()
		c.CreatedBy = s.team[2].Email // the first agent, an admin
	}
	s.decideDeletion(&c, .12)
	return c
}

// decideDeletion soft-deletes a content some weeks after its creation, with probability p.
func (s *Simulator) decideDeletion(c *Content, p float64) {
	d := roll(s.opts.Seed, seqDeletions, int(c.ID))
	if c.ID >= 1003 && d.yes(p) {
		c.DeletedAt = c.CreatedAt.Add(time.Duration(d.lognormal(45*86400, .9)) * time.Second)
	}
}

// deckOf lists the library items put in on a day.
func (s *Simulator) deckOf(day int) []Content {
	var list []Content
	if day == 0 {
		for k := range starters {
			list = append(list, s.deckItem(k))
		}
		return list
	}
	if k := starters - 1 + day/deckEvery; k >= starters && s.deckDay(k) == day {
		list = append(list, s.deckItem(k))
	}
	return list
}

// deckBefore lists the items that were in the library before a day and can be projected.
func (s *Simulator) deckBefore(day int) []Content {
	list := make([]Content, 0, starters+day/deckEvery)
	begin := s.cal.begin(day)
	for k := 0; s.deckDay(k) < day; k++ {
		c := s.deckItem(k)
		if c.Type == "upload" && (c.DeletedAt.IsZero() || c.DeletedAt.After(begin)) {
			list = append(list, c)
		}
	}
	return list
}

// recordings lists a day's recordings. They are cached because sessions, contents and later days' shares all need them.
func (s *Simulator) recordings(day int) []recording {
	return s.recorded.get(day, func() []recording { return s.workday(day).recordings() })
}

func (w *workday) recordings() []recording {
	if !w.exists() {
		return nil
	}
	d := roll(w.sim.opts.Seed, seqRecordings, w.day)
	var list []recording
	for i := range w.staff {
		p := &w.staff[i]
		usual := p.sharing * p.presence * w.trend * w.sim.opts.ShareDensity
		for range d.poisson(.16 * usual) {
			list = w.record(d, list, p, true)
		}
		for range d.poisson(.1 * usual) {
			list = w.record(d, list, p, false)
		}
	}
	list = inOrder(list, func(r *recording) time.Time { return r.content.CreatedAt })
	for i := range list {
		list[i].content.ID = w.sim.contentID(w.day, deckPerDay+i)
		w.sim.decideDeletion(&list[i].content, .15)
	}
	return list
}

// record adds a recording, unless it would end on another day.
func (w *workday) record(d dice, list []recording, p *worker, meeting bool) []recording {
	begin := w.at(d, p.midnight, officeHours.second(d)).Truncate(time.Second)
	length := time.Duration(20+min(d.lognormal(90, .8), 1800)) * time.Second
	if meeting {
		length = time.Duration(60+min(d.lognormal(900*p.length, .6), 3*3600)) * time.Second
	}
	r := recording{agent: p.agent, meeting: meeting, begin: begin, end: begin.Add(length)}
	c := &r.content
	c.Type, c.State, c.CreatedBy, c.Tag = "recording", "ready", p.Email, d.uuid()
	c.RecordedAt = begin.Add(time.Duration(d.IntN(5)) * time.Second)
	c.CreatedAt = r.end.Add(time.Duration(1+d.IntN(4)) * time.Second)
	c.RuntimeMS = r.end.Sub(c.RecordedAt).Milliseconds() - int64(d.IntN(900))
	c.Name = p.Email + c.RecordedAt.Format(" 2006-1-2 15-4")
	if d.yes(.3) {
		c.Name = pick(d, []string{"Demo for ", "Follow-up | ", "Walk-through: "}) + pick(d, companies)
	}
	if d.yes(.03) { // its upload never completed
		c.State, c.RuntimeMS = "created", 0
	} else if d.yes(.8) {
		c.Events = marks(d, c.RuntimeMS)
	}
	if !c.CreatedAt.Before(w.end) {
		return list
	}
	return append(list, r)
}

func marks(d dice, runtime int64) []ContentEvent {
	events := []ContentEvent{{"started", 0}}
	if d.yes(.2) {
		paused := d.Int64N(runtime/2 + 1)
		events = append(events, ContentEvent{"paused", paused}, ContentEvent{"resumed", paused + d.Int64N(runtime/4+1)})
	}
	return append(events, ContentEvent{"ended", runtime})
}
