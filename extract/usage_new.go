package extract

import (
	"cmp"
	"context"
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

// Session is one entry of usage_new's `sessions`: a screen share. It has no id of its own.
type Session struct {
	Email        Text
	Start        Instant // start_date, else start_time (the same value again, since 2022)
	End          Instant // absent or null, perhaps, while it runs
	Duration     Integer // seconds
	Ended        BoolOrNA
	MaxViewers   Integer
	Viewers      Integer
	HasLocations bool
	Locations    []string
	RTCSeconds   Integer
	Webcam       Integer // seconds
	Recording    Text    // a URL that ends in a content id
	Logs         []SessionLog
	Problem      string // a member that should be an object or an array and is neither
	Extra        Extra

	problems struct{ logs, viewers, locations, links string }
}

// SessionLog is one entry of a session's `logs`: what was shown, and from when.
type SessionLog struct {
	Raw     jsontext.Value // as sent; valid as long as the record's
	Date    Instant
	Email   Text
	Type    Text
	Content Text
	Problem string
	Extra   Extra
}

// UsageNew asks for the screen-share sessions of a window, newest first as the API sends them. known is Report.Answer of
// the last time, or zero: where the very same answer comes again no row is handed on.
func (c *Client) UsageNew(ctx context.Context, w Window, known Sum, out Answers, row func(Record[Session]) error) (Report, error) {
	var rep Report
	err := c.inParts(ctx, w, func(c *Client, part Window) error {
		if part == w { // what is known is an answer for all of it
			c = c.knowing(known)
		}
		t, err := untilAgreed(&rep, func() (*totals, error) {
			var t *totals
			err := c.get(ctx, &rep, "/ss/api/usage_new", part.events(), func(a *answer) error {
				t = &totals{}
				out.Begin()
				return a.usageNew(t, row)
			})
			return t, err
		})
		if err != nil {
			return err
		}
		out.Commit()
		if t.stated {
			rep.stated(t.said.count)
		}
		if t.stated && !t.silent {
			rep.statedSeconds(t.said.amount)
		}
		return nil
	})
	if errors.Is(err, errSame) {
		rep.Same = true
		return rep, nil
	}
	if rep.answers != 1 || rep.Reconciled.Valid && !rep.Reconciled.V {
		rep.Answer = Sum{}
	}
	return rep, err
}

func (a *answer) usageNew(t *totals, row func(Record[Session]) error) error {
	var problem string // totals of another kind are no totals
	return a.rowsUnder("sessions", func() error {
		return records(a, "$.sessions", (*decoder).session, func(rec Record[Session]) error {
			t.came(rec.Value.Email.V, tally{1, rec.Value.Duration.V})
			return row(rec)
		})
	}, func(d *decoder, name string) error {
		if name == "stats" {
			t.unsay()
			return d.objectOrNull(&problem, "stats", func(name []byte) error { return d.usageStats(t, name) })
		}
		return nil
	})
}

// usageStats reads one member of `stats`. user_stats was an array of one-key objects in 2020 and is
// an object since 2022.
func (d *decoder) usageStats(t *totals, name []byte) error {
	var n Integer
	var problem string
	switch string(name) {
	case "total_count":
		err := d.integer(&n)
		t.stated, t.said.count = n.Valid, n.V
		return err
	case "total_sec":
		err := d.integer(&n)
		t.silent, t.said.amount = !n.Valid, n.V
		return err
	case "user_stats":
		t.saidBy = nil
		one := func(name []byte) error { return d.userStats(t.saidBy, agentKey(cleanText(string(name)))) }
		switch d.kind() {
		case '[':
			t.saidBy = map[string]tally{}
			return d.array(func() error { return d.objectOrNull(&problem, "user_stats", one) })
		case '{':
			t.saidBy = map[string]tally{}
		}
		return d.objectOrNull(&problem, "user_stats", one)
	}
	return d.skip()
}

func (d *decoder) userStats(by map[string]tally, agent string) error {
	var count, seconds Integer
	var problem string
	err := d.objectOrNull(&problem, "user_stats", func(name []byte) error {
		switch string(name) {
		case "total_count":
			return d.integer(&count)
		case "total_sec":
			return d.integer(&seconds)
		}
		return d.skip()
	})
	sum := by[agent]
	sum.add(tally{count.V, seconds.V})
	by[agent] = sum
	return err
}

// empty keeps the slices: sessions come by the million.
func (s *Session) empty() { *s = Session{Logs: s.Logs[:0], Locations: s.Locations[:0]} }

func (d *decoder) session(s *Session) error {
	var startTime, endTime []byte // the same again, and so rarely worth reading
	err := d.object(func(name []byte) (err error) {
		switch string(name) {
		case "email":
			return d.text(&s.Email)
		case "start_date":
			return d.instant(&s.Start)
		case "start_time":
			startTime, err = d.value()
			return err
		case "end_date":
			return d.instant(&s.End)
		case "end_time":
			endTime, err = d.value()
			return err
		case "duration":
			return d.integer(&s.Duration)
		case "session_ended":
			return d.boolean(&s.Ended)
		case "rtc_seconds":
			return d.integer(&s.RTCSeconds)
		case "webcam_s":
			return d.integer(&s.Webcam)
		case "viewer_info":
			return d.viewerInfo(s)
		case "links":
			return d.links(s)
		case "logs":
			s.Logs = s.Logs[:0]
			return d.arrayOrNull(&s.problems.logs, "logs", func() error { return d.sessionLog(s) })
		}
		return d.extra(&s.Extra, name)
	})
	s.Problem = cmp.Or(s.problems.logs, s.problems.viewers, s.problems.locations, s.problems.links)
	if err != nil {
		return err
	}
	return cmp.Or(orElse(&s.Start, startTime), orElse(&s.End, endTime))
}

// orElse reads into an absent instant what stands for it, if anything does.
func orElse(f *Instant, text []byte) error {
	if f.Valid || f.Problem != "" || text == nil {
		return nil
	}
	return decoderOf(text).instant(f)
}

func (d *decoder) viewerInfo(s *Session) error {
	s.MaxViewers, s.Viewers, s.HasLocations, s.Locations = Integer{}, Integer{}, false, s.Locations[:0]
	s.problems.locations = ""
	var unknown Extra
	err := d.objectOrNull(&s.problems.viewers, "viewer_info", func(name []byte) error {
		switch string(name) {
		case "max_viewer_count":
			return d.integer(&s.MaxViewers)
		case "viewer_count":
			return d.integer(&s.Viewers)
		case "locations":
			s.HasLocations, s.Locations = d.kind() == '[', s.Locations[:0]
			return d.arrayOrNull(&s.problems.locations, "viewer_info.locations", func() error { return d.location(s) })
		}
		return d.extra(&unknown, name)
	})
	s.Extra.nest("viewer_info", unknown)
	return err
}

func (d *decoder) location(s *Session) error {
	var t Text
	err := d.text(&t)
	if t.Problem != "" {
		s.problems.locations = "viewer_info.locations: " + t.Problem
	} else if t.Valid {
		s.Locations = append(s.Locations, t.V)
	}
	return err
}

func (d *decoder) links(s *Session) error {
	s.Recording = Text{}
	var unknown Extra
	err := d.objectOrNull(&s.problems.links, "links", func(name []byte) error {
		if string(name) == "recording" {
			return d.text(&s.Recording)
		}
		return d.extra(&unknown, name)
	})
	s.Extra.nest("links", unknown)
	return err
}

func (d *decoder) sessionLog(s *Session) error {
	s.Logs = append(s.Logs, SessionLog{})
	l := &s.Logs[len(s.Logs)-1]
	d.peek()
	from := d.pos
	err := d.objectOrNull(&l.Problem, "log", func(name []byte) error {
		switch string(name) {
		case "date":
			return d.instant(&l.Date)
		case "email":
			return d.text(&l.Email)
		case "type":
			return d.text(&l.Type)
		case "content":
			return d.text(&l.Content)
		}
		return d.extra(&l.Extra, name)
	})
	l.Raw = d.src[from:d.pos:d.pos]
	return err
}
