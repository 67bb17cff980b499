package simulator

import "time"

// Day is everything that began on one calendar day in Options.Zone, in its final state: the clock decides only how much
// an answer shows. Each list is in order of time.
type Day struct {
	Begin, End    time.Time // the day's bounds, End excluded
	Requests      []Request
	Cancellations []time.Time
	Sessions      []Session
	Shares        []Share
	Contents      []Content
}

// Request is an Instant Demo request. The zero time stands for "never".
type Request struct {
	ID               int64
	StartedAt        time.Time
	Availability     string // full_capacity | half_capacity | no_capacity
	Agent            string // who answered; "" = nobody
	AcceptedFrom     string // extension | email; "" = nobody
	SecondsToRespond int
	AnsweredAt       time.Time
	ConfirmedAt      time.Time // a call was confirmed
	SharedAt         time.Time // a screen was shared; that session is among the day's Sessions
	LastEventAt      time.Time
	Info             []Answer // prospect_info, in the order it is sent
}

// Answer is one key of prospect_info.
type Answer struct{ Key, Value string }

// Session is one screen share. It starts and ends on whole seconds.
type Session struct {
	Agent              string
	StartedAt, EndedAt time.Time
	Running            bool // set by AsOf, with EndedAt the present
	Logs               []Log
	MaxViewers         int
	Viewers            int
	Locations          []string // "*" = unknown
	RTCSeconds         int
	WebcamSeconds      int
	RecordingID        int64 // the Content recorded in the session; 0 = none
}

// Log is one entry of a session's logs.
type Log struct {
	At      time.Time
	Email   string
	Kind    string // screen | projector
	Content string // projector: "<content id>|<content name>"
}

// Share is one video sent to a prospect, with every visit it will ever have, in order of time.
type Share struct {
	Slug              string
	CreatedAt         time.Time
	CreatedBy         string // a user's email
	CreatedByName     string
	Segment           string // "" = null
	HasCTA            bool
	CustomerAccountID string // "" = null
	AccessSharing     bool
	ContentID         int64
	ContentName       string
	ContentCreatedBy  string // "" = null
	ContentRecordedAt time.Time
	ContentRuntimeMS  int64
	Visits            []Visit
}

// Visit is one visit of a share's page.
type Visit struct {
	ID             string
	At             time.Time
	Played         bool
	PercentWatched float64 // 0..1
	WatchSeconds   float64
	CTAClicked     bool
}

// Content is an item of the content library. The zero time stands for null or never.
type Content struct {
	ID         int64
	Name       string
	Type       string // upload | recording | redirect | cta | video
	State      string // the last state: created | ready; "" = null
	CreatedBy  string // "" = null
	CreatedAt  time.Time
	RecordedAt time.Time
	DeletedAt  time.Time
	RuntimeMS  int64
	Tag, URL   string // "" = null
	Events     []ContentEvent
}

// ContentEvent is a mark on a recording's time line.
type ContentEvent struct {
	Name   string // started | paused | resumed | ended
	TimeMS int64
}

// User is someone with access to the account.
type User struct {
	Email, Name string
	Privilege   string // user | admin | owner | reporting
	InDemoPool  bool
	PoolUnset   bool      // not in the pool, and sent as null rather than false
	Joined      time.Time // the zero time: before the first day
	Left        time.Time // the zero time: still there
}

// AsOf reports whether the user has access at a moment.
func (u *User) AsOf(now time.Time) bool {
	return !u.Joined.After(now) && (u.Left.IsZero() || u.Left.After(now))
}

// AsOf is the session as seen at a moment, and whether it has begun by then. A running session lasts until now.
func (s Session) AsOf(now time.Time) (Session, bool) {
	if s.StartedAt.After(now) {
		return Session{}, false
	}
	if !s.EndedAt.After(now) {
		return s, true
	}
	whole := max(1, s.seconds())
	s.EndedAt, s.Running, s.RecordingID = now.Truncate(time.Second), true, 0
	if s.EndedAt.Before(s.StartedAt) {
		s.EndedAt = s.StartedAt
	}
	s.RTCSeconds = s.RTCSeconds * s.seconds() / whole
	s.WebcamSeconds = s.WebcamSeconds * s.seconds() / whole
	for len(s.Logs) > 0 && s.Logs[len(s.Logs)-1].At.After(now) {
		s.Logs = s.Logs[:len(s.Logs)-1]
	}
	return s, true
}

func (s *Session) seconds() int { return int(s.EndedAt.Unix() - s.StartedAt.Unix()) }

// AsOf is the request as seen at a moment, and whether it exists by then. Before its answer, a request looks like one
// that is never answered.
func (r Request) AsOf(now time.Time) (Request, bool) {
	if r.StartedAt.After(now) {
		return Request{}, false
	}
	if !r.LastEventAt.After(now) {
		return r, true
	}
	r.LastEventAt = r.StartedAt
	for _, at := range []*time.Time{&r.AnsweredAt, &r.ConfirmedAt, &r.SharedAt} {
		switch {
		case at.After(now):
			*at = time.Time{}
		case !at.IsZero():
			r.LastEventAt = *at
		}
	}
	if r.AnsweredAt.IsZero() {
		r.Agent, r.AcceptedFrom, r.SecondsToRespond = "", "", 0
	}
	return r, true
}

// stateAsOf is a content's state at a moment: a recording is created, then transcoded, then ready.
func (c *Content) stateAsOf(now time.Time) string {
	if c.State != "ready" || c.Type != "recording" && c.Type != "upload" {
		return c.State
	}
	switch age := now.Sub(c.CreatedAt); {
	case age < 2*time.Minute:
		return "created"
	case age < 7*time.Minute:
		return "processing"
	}
	return c.State
}
