package web

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"wheelhouse/internal/simulator"
)

// facts are the rows that the views must have, as text. They are computed from the facts of the simulated account, without
// its answers and without the code that loads them.
type facts struct {
	zone *time.Location
	now  time.Time
	rows map[string][]string
}

// factsOf computes the facts of a range of an account's days.
func factsOf(sim *simulator.Simulator, zone *time.Location, from, now time.Time) *facts {
	f := &facts{zone: zone, now: now, rows: map[string][]string{}}
	agents := map[string]bool{}
	var requests []simulator.Request
	var sessions []simulator.Session
	var shares []simulator.Share
	for d := range sim.Days(from, now.Add(time.Second)) {
		for _, r := range d.Requests {
			if r, ok := r.AsOf(now); ok {
				requests = append(requests, r)
			}
		}
		for _, s := range d.Sessions {
			if s, ok := s.AsOf(now); ok {
				sessions = append(sessions, s)
			}
		}
		canceled := 0
		for _, at := range d.Cancellations {
			if !at.After(now) {
				canceled++
			}
		}
		f.say("demo_cancellations_daily", f.day(d.Begin), canceled)
		for _, s := range d.Shares {
			if s.CreatedAt.After(now) {
				continue
			}
			s.Visits = slices.DeleteFunc(slices.Clone(s.Visits), func(v simulator.Visit) bool { return v.At.After(now) })
			shares = append(shares, s)
		}
	}
	f.requests(requests, agents)
	f.sessions(sessions, agents)
	f.shares(shares, agents)
	f.agents(sim.Users(), agents)
	return f
}

func (f *facts) say(view string, values ...any) {
	text := make([]string, len(values))
	for i, v := range values {
		text[i] = fmt.Sprint(v)
		if x, ok := v.(float64); ok {
			text[i] = fmt.Sprintf("%.4f", x)
			if math.IsNaN(x) {
				text[i] = "∅"
			}
		}
	}
	f.rows[view] = append(f.rows[view], strings.Join(text, "|"))
}

func (f *facts) day(t time.Time) string { return t.In(f.zone).Format(time.DateOnly) }

// percentile interpolates between the two nearest values. It is NaN for no values.
func percentile(values []float64, part float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	at := part * float64(len(values)-1)
	low, high := values[int(math.Floor(at))], values[int(math.Ceil(at))]
	return low + (high-low)*(at-math.Floor(at))
}

// group is the totals of some requests.
type group struct {
	requested, answered, confirmed, shared int
	seconds                                []float64
}

func (g *group) sum() (sum float64) {
	sum = math.NaN()
	for i, s := range g.seconds {
		if i == 0 {
			sum = 0
		}
		sum += s
	}
	return sum
}

// grouped adds a request to the group of a key.
func grouped(all map[string]*group, key string, r *simulator.Request) {
	g := all[key]
	if g == nil {
		g = &group{}
		all[key] = g
	}
	g.requested++
	if !r.AnsweredAt.IsZero() {
		g.answered++
		g.seconds = append(g.seconds, float64(r.SecondsToRespond))
	}
	if !r.ConfirmedAt.IsZero() {
		g.confirmed++
	}
	if !r.SharedAt.IsZero() {
		g.shared++
	}
}

func (f *facts) requests(all []simulator.Request, agents map[string]bool) {
	hourly, campaigns, handled := map[string]*group{}, map[string]*group{}, map[string]*group{}
	for i := range all {
		r := &all[i]
		local := r.StartedAt.In(f.zone)
		weekday := int(local.Weekday()+6)%7 + 1
		grouped(hourly, fmt.Sprintf("%s|%d|%d", f.day(local), weekday, local.Hour()), r)
		info := map[string]string{}
		for _, a := range r.Info {
			info[strings.TrimPrefix(a.Key, "prospect-")] = strings.TrimSpace(a.Value)
		}
		channel, origin := originOf(info["request-origin"])
		grouped(campaigns, strings.Join([]string{f.day(local), orSign(channel), orSign(origin), orSign(info["utm-source"]), orSign(info["utm-medium"]), orSign(info["utm-campaign"])}, "|"), r)
		if r.Agent != "" {
			agents[strings.ToLower(r.Agent)] = true
			grouped(handled, f.day(local)+"|"+strings.ToLower(r.Agent), r)
		}
	}
	for key, g := range hourly {
		f.say("demo_response_hourly", key, g.requested, g.answered, g.requested-g.answered, g.sum(), percentile(g.seconds, .5), percentile(g.seconds, .9))
	}
	for key, g := range campaigns {
		f.say("campaign_daily", key, g.requested, g.answered, g.confirmed, g.shared, g.sum())
	}
	for key, g := range handled {
		f.say("handled", key, g.requested, g.answered, g.confirmed, g.shared, g.sum())
	}
}

func orSign(s string) string {
	if s == "" {
		return "∅"
	}
	return s
}

// originOf is a request's channel, a campaign link or a page, and its name.
func originOf(origin string) (channel, name string) {
	if origin == "" {
		return "", ""
	}
	if !strings.Contains(origin, "://") {
		origin = "https://" + origin
	}
	u, err := url.Parse(origin)
	if err != nil {
		panic(err)
	}
	if short, found := strings.CutPrefix(u.Path, "/ss/showu/"); found {
		return "email_campaign", short
	}
	return "website", u.Host + u.Path
}

func (f *facts) sessions(all []simulator.Session, agents map[string]bool) {
	type totals struct{ sessions, seconds, viewers, most, rtc, webcam, recordings int }
	daily, events := map[string]*totals{}, map[string]int{}
	for _, s := range all {
		email := strings.ToLower(s.Agent)
		agents[email] = true
		key := f.day(s.StartedAt) + "|" + email
		d := daily[key]
		if d == nil {
			d = &totals{}
			daily[key] = d
		}
		d.sessions++
		d.seconds += int(s.EndedAt.Sub(s.StartedAt).Seconds())
		d.viewers += s.Viewers
		d.most = max(d.most, s.MaxViewers)
		d.rtc += s.RTCSeconds
		d.webcam += s.WebcamSeconds
		if s.RecordingID != 0 {
			d.recordings++
		}
		for _, l := range s.Logs {
			id, name, _ := strings.Cut(l.Content, "|")
			events[strings.Join([]string{strings.ToLower(l.Email), l.Kind, orSign(id), orSign(name)}, "|")]++
		}
	}
	for key, d := range daily {
		f.say("session_daily", key, d.sessions, d.seconds, d.viewers, d.most, d.rtc, d.webcam, d.recordings)
	}
	for key, n := range events {
		f.say("screen_session_events", key, n)
	}
}

func (f *facts) shares(all []simulator.Share, agents map[string]bool) {
	sharing := map[string][2]int{}
	for _, s := range all {
		by := strings.ToLower(s.CreatedBy)
		agents[by] = true
		f.say("shares", s.Slug, s.ContentID, s.ContentName, s.CreatedAt.UTC().Format(time.RFC3339), by, s.CreatedByName, orSign(s.Segment), s.HasCTA, s.ContentRuntimeMS/1000,
			orSign(s.CustomerAccountID), s.AccessSharing)
		n := sharing[f.day(s.CreatedAt)+"|"+by]
		n[0]++
		sharing[f.day(s.CreatedAt)+"|"+by] = n
		daily := map[string][3]int{}
		for _, v := range s.Visits {
			f.say("share_visits", s.Slug, v.ID, f.day(v.At), v.At.UTC().Format(time.RFC3339), v.Played, v.PercentWatched, v.WatchSeconds, v.CTAClicked)
			d := daily[f.day(v.At)]
			d[0]++
			if v.Played {
				d[1]++
				n := sharing[f.day(v.At)+"|"+by]
				n[1]++
				sharing[f.day(v.At)+"|"+by] = n
			}
			if v.CTAClicked {
				d[2]++
			}
			daily[f.day(v.At)] = d
		}
		for day, d := range daily {
			f.say("share_engagement_daily", day, s.Slug, d[0], d[1], d[2])
		}
	}
	for key, n := range sharing {
		f.say("share_usage_daily", key, n[0], n[1])
	}
}

func (f *facts) agents(users []simulator.User, seen map[string]bool) {
	for _, u := range users {
		if u.AsOf(f.now) {
			seen[strings.ToLower(u.Email)] = true
			f.say("users", strings.ToLower(u.Email), u.Privilege, u.InDemoPool)
		}
	}
	for email := range seen {
		f.say("agents", email)
	}
}
