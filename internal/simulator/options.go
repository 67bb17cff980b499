package simulator

import "time"

// Selection is how a window selects sessions and demo requests. Cancellations, visits and creations are instants: every
// Selection includes them if they lie in the window.
type Selection int

const (
	ByStart   Selection = iota // begun in the window
	ByEnd                      // ended in the window; whatever still runs counts as ending now
	ByOverlap                  // begun before the window's end and not ended before its start
)

// Bound says which instants lie before a window's end. The start is always included.
type Bound int

const (
	Inclusive   Bound = iota // up to and including `to`
	Exclusive                // before `to`
	WholeSecond              // the whole second that `to` names: 23:59:59.9 counts for 23:59:59
)

// RunningEnd is what an answer shows as the end of a session that still runs.
type RunningEnd int

const (
	EndNull   RunningEnd = iota // "end_date": null
	EndAbsent                   // no end_date
	EndSoFar                    // the present time; with Shape.Sparse, which has no session_ended, the same as EndAbsent
)

// Shape chooses among forms that the documentation leaves open or that changed over the years. The zero value is the form
// of the newest recordings, from 2022.
type Shape struct {
	Sparse          bool       // usage_new without the keys added after 2020, and with empty logs
	ArrayStats      bool       // usage_new: user_stats is an array of one-key objects, and stats come before sessions
	HandledByAbsent bool       // demo_usage: an unanswered request has no handled_by, rather than "none"
	PoolNull        bool       // user_access: whoever is not in the demo pool has null; otherwise some false, some null
	NoZeroFraction  bool       // timestamps omit a fraction of zero: 14:59:53Z for 14:59:53.000000Z
	RunningEnd      RunningEnd // usage_new: the end of a running session
	NoGzip          bool       // answers are never compressed
}

// Shape2020 is the older of the two recorded forms of usage_new.
var Shape2020 = Shape{Sparse: true, ArrayStats: true, RunningEnd: EndAbsent}

// Options describe an account. The zero value is usable: 25 agents, 180 days up to the present, in UTC, with an empty key.
type Options struct {
	Seed         uint64
	Agents       int              // team size from Until on; 0 = 25
	From         time.Time        // a moment of the first day; zero = 180 days before the clock's day
	Until        time.Time        // when the team has grown to Agents; zero = 180 days after From
	Now          func() time.Time // the clock; nil = time.Now. Later facts do not exist yet
	Zone         *time.Location   // the company's zone; nil = UTC. Some agents work in zones around it
	APIKey       string           // the literal expected after "Basic "
	Density      float64          // volume of everything, 1 = believable; 0 = 1
	ShareDensity float64          // volume of shares and recordings; 0 = Density
	Projecting   float64          // fraction of the sessions over a minute that project contents and so have longer logs; 0 = .25

	Select           Selection
	To               Bound
	MaxPageSize      int  // cap on page_size; 0 = none
	OffsetsFromAsked bool // with a cap, page n still starts at (n-1) × the requested size, so rows between pages are skipped
	Shape            Shape
}

func (o Options) withDefaults() Options {
	if o.Agents <= 0 {
		o.Agents = 25
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.From.IsZero() {
		o.From = o.Now().In(o.Zone).AddDate(0, 0, -180)
	}
	if o.Until.IsZero() {
		o.Until = o.From.In(o.Zone).AddDate(0, 0, 180)
	}
	if o.Density <= 0 {
		o.Density = 1
	}
	if o.ShareDensity <= 0 {
		o.ShareDensity = o.Density
	}
	if o.Projecting <= 0 {
		o.Projecting = .25
	}
	return o
}
