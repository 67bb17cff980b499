package settings

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// kind is what a stream's API endpoint makes possible.
type kind struct {
	name      string
	maxWindow int    // days; 0 is a snapshot
	why       string // why its windows are one day
	open      bool   // its rows may be unfinished: open_lookback applies
	counted   bool   // its figures are sums over the window: window_end applies
}

// maxWindow is a month at most: the API's own default windows are 28 and 29 days,
// and what it does with longer ones is not known.
const maxWindow = 31

// kinds are the streams, in the order in which a run takes them: shares before
// share_visits, which asks for the shares that were active.
var kinds = []kind{
	{name: "demo_usage", maxWindow: 1, open: true, why: "its cancellations are one count for the whole window"},
	{name: "usage_new", maxWindow: maxWindow, open: true},
	{name: "usage_shares", maxWindow: 1, counted: true, why: "its counts are for the window as a whole"},
	{name: "shares", maxWindow: 1, counted: true, why: "its engagement is for the window as a whole"},
	{name: "share_visits", maxWindow: maxWindow},
	{name: "share_details", maxWindow: maxWindow},
	{name: "user_access"},
	{name: "company_content"},
}

// Names returns the names of all streams, in their fixed order.
func Names() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}

var streamKeys = []string{
	"enabled", "cron", "timezone", "window", "lookback", "open_lookback",
	"parallel", "requests_per_second", "window_end",
}

// without says why key cannot be set for a stream of this kind, or "".
func (k kind) without(key string) string {
	snapshot := k.maxWindow == 0
	switch {
	case snapshot && slices.Contains([]string{"window", "lookback", "open_lookback", "parallel", "window_end"}, key):
		return "is a snapshot: each answer is the whole, so it has no windows, nothing to look back to and nothing to do in parallel: remove the key"
	case key == "open_lookback" && !k.open:
		return "has nothing that stays open: only demo_usage (unanswered requests) and usage_new (running sessions) have open_lookback: remove the key"
	case key == "window_end" && !k.counted:
		return "counts nothing over a window: only usage_shares and shares have window_end: remove the key"
	}
	return ""
}

// patch is what one place says about one stream; nil is nothing said.
type patch struct {
	enabled                                 *bool
	cron, windowEnd                         *string
	zone                                    *time.Location
	window, lookback, openLookback, workers *int
	rate                                    *float64
}

// streams reads a mapping of streams; v may be null, with all of it commented out.
func (l *loader) streams(v value) map[string]patch {
	if v.null() {
		return nil
	}
	entries := l.mapping(v, "stream", Names())
	patches := make(map[string]patch, len(entries))
	for _, k := range kinds {
		if entry, ok := entries[k.name]; ok && !entry.null() {
			patches[k.name] = l.patch(entry, k)
		}
	}
	return patches
}

func (l *loader) patch(v value, k kind) (p patch) {
	for key, v := range l.mapping(v, "setting of a stream", streamKeys) {
		if why := k.without(key); why != "" {
			l.at(v.place, "%s %s", k.name, why)
			continue
		}
		switch key {
		case "enabled":
			p.enabled = l.boolean(v)
		case "cron":
			p.cron = parsed(l, v, `"17 4 * * *"`, func(text string) (string, error) { return text, parseCron(text, l.now) })
		case "timezone":
			if zone := parsed(l, v, zoneExample, parseZone); zone != nil {
				p.zone = *zone
			}
		case "window":
			p.window = parsed(l, v, "1d", k.parseWindow)
		case "lookback":
			p.lookback = parsed(l, v, "3d", parseLookback)
		case "open_lookback":
			p.openLookback = parsed(l, v, "28d", parseLookback)
		case "parallel":
			p.workers = l.parallel(v)
		case "requests_per_second":
			p.rate = l.rate(v)
		case "window_end":
			p.windowEnd = parsed(l, v, EndLastSecond, parseWindowEnd)
		}
	}
	return p
}

const maxParallel = 32

func (l *loader) parallel(v value) *int {
	text, ok := l.number(v, "2")
	if !ok {
		return nil
	}
	return checked(l, v.place, text, func(text string) (int, error) {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxParallel || strconv.Itoa(n) != text {
			return 0, fmt.Errorf("%s: write a whole number from 1 to %d", text, maxParallel)
		}
		return n, nil
	})
}

func (k kind) parseWindow(text string) (int, error) {
	if k.maxWindow == 1 && text != "1d" {
		return 0, fmt.Errorf("%s: a window of %s is always 1d: %s", quote(text), k.name, k.why)
	}
	return parseDays(text, 1, k.maxWindow)
}

// over lays p over s.
func (p patch) over(s *Stream) {
	set(&s.Enabled, p.enabled)
	set(&s.Cron, p.cron)
	set(&s.Window, p.window)
	set(&s.Lookback, p.lookback)
	set(&s.OpenLookback, p.openLookback)
	set(&s.Parallel, p.workers)
	set(&s.RequestsPerSecond, p.rate)
	set(&s.WindowEnd, p.windowEnd)
	if p.zone != nil {
		s.CronZone = p.zone
	}
}

func set[T any](target *T, from *T) {
	if from != nil {
		*target = *from
	}
}

// merged are the eight streams of an account in zone: each layer over the one
// before it.
func merged(zone *time.Location, layers ...map[string]patch) []Stream {
	streams := make([]Stream, len(kinds))
	for i, k := range kinds {
		s := Stream{Name: k.name, Parallel: 1}
		for _, layer := range layers {
			layer[k.name].over(&s)
		}
		if s.CronZone == nil {
			s.CronZone = zone
		}
		s.Schedule = schedule(s.Cron, s.CronZone)
		streams[i] = s
	}
	return streams
}
