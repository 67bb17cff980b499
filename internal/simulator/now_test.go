package simulator

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

// One session is followed from before its start to after its end.
func TestSessionRunsAndEnds(t *testing.T) {
	var want Session
	var day time.Time
	for d := range account().Days(jan1.AddDate(0, 2, 5), july) {
		i := slices.IndexFunc(d.Sessions, func(s Session) bool { return s.RecordingID != 0 && len(s.Logs) > 2 })
		if i >= 0 {
			want, day = d.Sessions[i], d.Begin
			break
		}
	}
	find := func(now time.Time) *Session {
		u := mustGet[usageNew](t, account(at(now)), "usage_new"+query(day, day.AddDate(0, 0, 1)))
		if u.Stats.TotalCount != len(u.Sessions) {
			t.Errorf("at %s: stats count %d of %d", now, u.Stats.TotalCount, len(u.Sessions))
		}
		for _, s := range u.Sessions {
			if s.Email != want.Agent || !s.StartDate.Equal(want.StartedAt) {
				continue
			}
			got := &Session{Running: !s.SessionEnded, EndedAt: s.StartDate.Add(time.Duration(s.Duration) * time.Second),
				Logs: make([]Log, len(s.Logs))}
			if got.Running != (s.EndDate == nil) || got.Running && s.Links.Recording != "" ||
				!got.Running && s.Links.Recording == "" {
				t.Errorf("at %s: ended %t, end %v, recording %q", now, s.SessionEnded, s.EndDate, s.Links.Recording)
			}
			return got
		}
		return nil
	}
	if s := find(want.StartedAt.Add(-time.Second)); s != nil {
		t.Errorf("the session exists before its start: %+v", s)
	}
	half := want.Logs[len(want.Logs)-1].At.Truncate(time.Second)
	if s := find(half); s == nil || !s.Running || !s.EndedAt.Equal(half) || len(s.Logs) >= len(want.Logs) {
		t.Errorf("half way: %+v", s)
	}
	if s := find(want.EndedAt); s == nil || s.Running || !s.EndedAt.Equal(want.EndedAt) || len(s.Logs) != len(want.Logs) {
		t.Errorf("after its end: %+v", s)
	}
	ongoing := mustGet[[]struct {
		Agent string `json:"agent_email"`
		ID    string `json:"session_id"`
	}](t, account(at(half)), "ongoing_sessions")
	if !slices.ContainsFunc(ongoing, func(o struct {
		Agent string `json:"agent_email"`
		ID    string `json:"session_id"`
	}) bool {
		return o.Agent == want.Agent && len(o.ID) == 12
	}) {
		t.Errorf("not among the ongoing sessions: %+v", ongoing)
	}
}

func TestRequestMovesThroughTheFunnel(t *testing.T) {
	day := jan1.AddDate(0, 2, 5)
	list := account().Facts(day).Requests
	want := list[slices.IndexFunc(list, func(r Request) bool { return !r.SharedAt.IsZero() && r.SecondsToRespond > 5 })]
	type step struct{ respond, confirmed, shared, by any }
	last := ""
	for _, c := range []struct {
		name string
		now  time.Time
		want step
	}{
		{"asked", want.StartedAt.Add(time.Second), step{"never", "n/a", "n/a", "none"}},
		{"answered", want.AnsweredAt, step{float64(want.SecondsToRespond), false, "n/a", want.Agent}},
		{"call confirmed", want.ConfirmedAt, step{float64(want.SecondsToRespond), true, false, want.Agent}},
		{"screen shared", want.SharedAt, step{float64(want.SecondsToRespond), true, true, want.Agent}},
		{"over", want.LastEventAt.Add(time.Hour), step{float64(want.SecondsToRespond), true, true, want.Agent}},
	} {
		for _, r := range mustGet[demoUsage](t, account(at(c.now)), "demo_usage").Sessions {
			if r.ID != want.ID {
				continue
			}
			if got := (step{r.Respond, r.Confirmed, r.ScreenShare, r.HandledBy}); got != c.want {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
			if r.LastEvent <= last {
				t.Errorf("%s: last_event_ts %s does not move on from %s", c.name, r.LastEvent, last)
			}
			last = r.LastEvent
		}
	}
	if want := want.LastEventAt.Format("2006-01-02T15:04:05.000000"); last != want {
		t.Errorf("last_event_ts in the end %s, want %s", last, want)
	}
}

func TestFutureFactsAreHidden(t *testing.T) {
	now := jan1.AddDate(0, 1, 5).Add(14*time.Hour + 20*time.Minute)
	s := account(at(now))
	q := query(jan1, july)
	u := mustGet[usageNew](t, s, "usage_new"+q)
	if len(u.Sessions) == 0 || u.Sessions[0].StartDate.After(now) || now.Sub(u.Sessions[0].StartDate) > time.Hour {
		t.Errorf("the newest session starts at %s, the clock says %s", u.Sessions[0].StartDate, now)
	}
	list := mustGet[shareList](t, s, "company_content/shares"+q+"&inactive=true&page_size=9999")
	visits := 0
	for _, x := range list.Data {
		visits += x.Visits
		for _, v := range mustGet[shareDetail](t, s, "company_content/shares/"+x.Slug).Sessions {
			if v.VisitedAt.After(now) {
				t.Errorf("%s is visited at %s", x.Slug, v.VisitedAt)
			}
		}
	}
	if visits == 0 {
		t.Error("no visit in a month")
	}
	states := map[string]bool{}
	for day := jan1; day.Before(july); day = day.Add(31 * time.Minute) {
		var items []struct{ State *string }
		w := ask(account(at(day)), "company_content"+query(day.Add(-30*time.Minute), day))
		if err := json.Unmarshal(w.Body.Bytes(), &items); err != nil {
			t.Fatal(err)
		}
		for _, x := range items {
			if x.State != nil {
				states[*x.State] = true
			}
		}
		if len(states) == 3 {
			return
		}
	}
	t.Errorf("states seen: %v, want created, processing and ready", states)
}
