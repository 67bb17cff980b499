package extract

import (
	"cmp"
	"context"
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

// Session is one entry of usage_new's `sessions`: a screen share. The API gives a session no id.
type Session struct {
	Email        Text
	Start        Instant  // start_date, or start_time where start_date is absent; since 2022 the API sends both, with one value
	End          Instant  // end_date or end_time; may be absent or null while the session runs
	Duration     Integer  // seconds
	Ended        BoolOrNA // session_ended; answers of 2020 have none
	MaxViewers   Integer  // viewer_info.max_viewer_count
	Viewers      Integer  // viewer_info.viewer_count
	HasLocations bool     // viewer_info.locations is an array
	Locations    []string // one text for each viewer; "*" where the place is unknown
	RTCSeconds   Integer
	Webcam       Integer      // seconds
	Recording    Text         // links.recording: a URL that ends in a content id
	Logs         []SessionLog // newest first
	Problem      string       // names a member that is not the object or array it should be; "" where there is none
	Extra        Extra

	problems struct{ logs, viewers, locations, links string }
}

// SessionLog is one entry of a session's `logs`: from Date on, the agent showed Content.
type SessionLog struct {
	Raw     jsontext.Value // as sent; valid as long as the record's Raw
	Date    Instant
	Email   Text
	Type    Text   // screen, projector
	Content Text   // "<content id>|<name>" where content was shown
	Problem string // says that the entry is not an object; "" where it is
	Extra   Extra
}

// UsageNew asks for the screen-share sessions of a window and calls row for each, newest first, as the API sends them.
// known is Report.Answer of an earlier call for the same window, or zero. If the same answer comes again, UsageNew commits
// nothing and sets Report.Same.
func (c *Client) UsageNew(ctx context.Context, w Window, known Sum, out Answers, row func(Record[Session]) error) (Report, error) {
	var rep Report
	err := c.bisect(ctx, w, func(c *Client, half Window) error {
		if half == w { // not bisected: the known answer is the whole window's
			c = c.withKnown(known)
		}
		t, err := untilReconciled(&rep, func() (*totals, error) {
			var t *totals
			err := c.get(ctx, &rep, "/ss/api/usage_new", half.events(), func(a *answer) error {
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
			rep.addSourceCount(t.want.count)
		}
		if t.stated && !t.noAmount {
			rep.addSourceSeconds(t.want.amount)
		}
		return nil
	})
	if errors.Is(err, errSame) {
		rep.Same = true
		return rep, nil
	}
	if rep.answers != 1 || rep.Missing != "" || rep.Reconciled.Valid && !rep.Reconciled.V {
		rep.Answer = Sum{}
	}
	return rep, err
}

func (a *answer) usageNew(t *totals, row func(Record[Session]) error) error {
	var problem string // stays unread: where stats is not an object, the answer states no totals
	return a.rowsUnder("sessions", func() error {
		return records(a, "$.sessions", (*decoder).session, func(rec Record[Session]) error {
			t.addRow(rec.Value.Email.V, sums{1, rec.Value.Duration.V})
			return row(rec)
		})
	}, func(d *decoder, name string) (known bool, err error) {
		if name == "stats" {
			t.forgetStated()
			return true, d.objectOrNull(&problem, "stats", func(name []byte) error { return d.usageStats(t, name) })
		}
		return false, nil
	})
}

// usageStats reads one member of `stats`. user_stats is an array of objects with one key each in answers of 2020, and one
// object since 2022.
func (d *decoder) usageStats(t *totals, name []byte) error {
	var n Integer
	var problem string
	switch string(name) {
	case "total_count":
		err := d.integer(&n)
		t.stated, t.want.count = n.Valid, n.V
		return err
	case "total_sec":
		err := d.integer(&n)
		t.noAmount, t.want.amount = !n.Valid, n.V
		return err
	case "user_stats":
		t.wantBy = nil
		one := func(name []byte) error { return d.userStats(t.wantBy, agentKey(cleanText(string(name)))) }
		switch d.kind() {
		case '[':
			t.wantBy = map[string]sums{}
			return d.array(func() error { return d.objectOrNull(&problem, "user_stats", one) })
		case '{':
			t.wantBy = map[string]sums{}
		}
		return d.objectOrNull(&problem, "user_stats", one)
	}
	return d.skip()
}

func (d *decoder) userStats(by map[string]sums, agent string) error {
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
	sum.add(sums{count.V, seconds.V})
	by[agent] = sum
	return err
}

var _ resetter = (*Session)(nil)

// reset keeps the memory of the slices, because a load may read millions of sessions.
func (s *Session) reset() { *s = Session{Logs: s.Logs[:0], Locations: s.Locations[:0]} }

func (d *decoder) session(s *Session) error {
	var startTime, endTime []byte // decoded only where start_date or end_date is absent
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
		return d.extra(&s.Extra)
	})
	s.Problem = cmp.Or(s.problems.logs, s.problems.viewers, s.problems.locations, s.problems.links)
	if err != nil {
		return err
	}
	return cmp.Or(orElse(&s.Start, startTime), orElse(&s.End, endTime))
}

// orElse decodes text into an instant that is absent. A nil text changes nothing.
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
		return d.extra(&unknown)
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
		return d.extra(&unknown)
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
		return d.extra(&l.Extra)
	})
	l.Raw = d.src[from:d.pos:d.pos]
	return err
}
