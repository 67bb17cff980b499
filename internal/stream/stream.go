// Package stream lists the streams: the API endpoints that Wheelhouse loads, and the tables that each fills.
//
// Settings, planner, loader, pages, metrics and status read this list. SQL reads the table wheelhouse.streams, and a test in
// package migrations compares the two. No other place lists streams.
//
// The package imports nothing of Wheelhouse, so that every package can import it.
package stream

// Grain says what one answer of a stream is about.
type Grain string

const (
	Events   Grain = "events"   // things that happened in the window, each with a time of its own
	Daily    Grain = "daily"    // counts over the window, which is a day
	Snapshot Grain = "snapshot" // everything at the moment of asking
)

// MaxWindow is the longest window, in days. The API's own default windows are 28 and 29 days long; what the API does
// with longer ones is unknown.
const MaxWindow = 31

// Stream describes one stream. The zero value describes none.
type Stream struct {
	Name      string // as in settings, in the ledger and on the command line
	Grain     Grain
	MainTable string // in schema crankwheel: the table whose rows are the stream's records

	// OneDay is the reason why a window of the stream is always exactly one day, so that only a load of exactly a day covers the
	// day. "" if a window may have several days.
	OneDay string

	Open      bool // rows may stay open (a running session, an unanswered request): the setting open_lookback applies
	WindowEnd bool // an event at the end of a window would be counted twice: the setting window_end applies
	Requests  int  // the least number of requests for a window
	Lists     bool // a window needs the list of shares, which has pages
	Details   bool // a window needs a request for each share that was visited

	// Join is the largest number of days of neighbouring due windows that are asked for as one window. 0: each window is asked for on its
	// own. Join is for streams that need fewer requests for one long window. A run that is interrupted asks for the whole window again.
	Join int
}

// All lists the streams in the order in which runs load them and pages show them.
var All = []Stream{
	{Name: "demo_usage", Grain: Events, MainTable: "demo_requests", Requests: 1, Open: true,
		OneDay: "its cancellations are one count for the whole window"},
	{Name: "usage_new", Grain: Events, MainTable: "screen_sessions", Requests: 1, Open: true},
	{Name: "usage_shares", Grain: Daily, MainTable: "share_usage_daily", Requests: 1, WindowEnd: true,
		OneDay: "its counts are for the window as a whole"},
	{Name: "shares", Grain: Daily, MainTable: "shares", Requests: 1, Lists: true, WindowEnd: true,
		OneDay: "its engagement is for the window as a whole"},
	{Name: "share_visits", Grain: Events, MainTable: "share_visits", Requests: 1, Lists: true, Details: true, Join: 14},
	{Name: "share_details", Grain: Events, MainTable: "share_details", Requests: 1},
	{Name: "user_access", Grain: Snapshot, MainTable: "users", Requests: 1},
	{Name: "company_content", Grain: Snapshot, MainTable: "contents", Requests: 2},
}

// Names lists the names of all streams, in their order.
func Names() []string {
	names := make([]string, len(All))
	for i, s := range All {
		names[i] = s.Name
	}
	return names
}

// ByName finds a stream by its name.
func ByName(name string) (s Stream, found bool) {
	for _, s := range All {
		if s.Name == name {
			return s, true
		}
	}
	return Stream{}, false
}

// LongestWindow returns the longest window of the stream in days; 0 for a snapshot, which has no window.
func (s Stream) LongestWindow() int {
	switch {
	case s.Grain == Snapshot:
		return 0
	case s.OneDay != "":
		return 1
	}
	return MaxWindow
}

// Snapshot tells whether an answer of the stream is about everything, not about a window.
func (s Stream) Snapshot() bool { return s.Grain == Snapshot }
