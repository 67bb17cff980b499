package simulator

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// everySelectionAndBound runs a test with each combination of Selection and Bound.
func everySelectionAndBound(t *testing.T, f func(t *testing.T, s *Simulator)) {
	for _, by := range []Selection{ByStart, ByEnd, ByOverlap} {
		for _, to := range []Bound{Inclusive, Exclusive, WholeSecond} {
			t.Run(fmt.Sprintf("select %d, to %d", by, to), func(t *testing.T) {
				t.Parallel()
				f(t, account(at(july.Add(15*time.Hour)), func(o *Options) { o.Select, o.To = by, to }))
			})
		}
	}
}

// windows are random windows of minutes to weeks, most of whole days.
func windows(n int) [][2]time.Time {
	r := rand.New(rand.NewPCG(1, 2))
	list := make([][2]time.Time, n)
	for i := range list {
		from := jan1.AddDate(0, 0, r.IntN(185)-2)
		to := from.AddDate(0, 0, 1)
		switch i % 4 {
		case 0:
			to = from.AddDate(0, 0, 1+r.IntN(30))
		case 1:
			from = from.Add(time.Duration(r.IntN(86400)) * time.Second)
			to = from.Add(time.Duration(60+r.IntN(9000)) * time.Second)
		case 2:
			to = to.Add(-time.Second)
		}
		list[i] = [2]time.Time{from, to}
	}
	return list
}

func TestStatsMatchSessions(t *testing.T) {
	everySelectionAndBound(t, func(t *testing.T, s *Simulator) {
		old := account(func(o *Options) { *o = s.opts; o.Shape = Shape2020 })
		for _, w := range windows(10) {
			path := "usage_new" + query(w[0], w[1])
			u, v := mustGet[usageNew](t, s, path), mustGet[usageNew](t, old, path)
			type numbers struct {
				Count int `json:"total_count"`
				Sec   int `json:"total_sec"`
			}
			want, seconds := map[string]numbers{}, 0
			for _, x := range u.Sessions {
				n := want[x.Email]
				want[x.Email] = numbers{n.Count + 1, n.Sec + x.Duration}
				seconds += x.Duration
			}
			var users map[string]numbers
			var array []map[string]numbers
			if json.Unmarshal(u.Stats.UserStats, &users) != nil || json.Unmarshal(v.Stats.UserStats, &array) != nil {
				t.Fatalf("%s: user_stats %s and %s", path, u.Stats.UserStats, v.Stats.UserStats)
			}
			if fmt.Sprint(users) != fmt.Sprint(want) || len(array) != len(want) || u.Stats.TotalSec != seconds ||
				u.Stats.TotalCount != len(u.Sessions) || v.Stats.TotalSec != seconds || v.Stats.TotalCount != len(v.Sessions) {
				t.Errorf("%s: stats are not those of the sessions", path)
			}
		}
	})
}

func TestShareEndpointsReportTheSameFigures(t *testing.T) {
	everySelectionAndBound(t, func(t *testing.T, s *Simulator) {
		for _, w := range windows(8) {
			q := query(w[0], w[1])
			list := mustGet[shareList](t, s, "company_content/shares"+q+"&page_size=10000")
			usage := mustGet[usageShares](t, s, "usage_shares"+q)
			details := mustGet[struct{ Shares []struct{ ID string } }](t, s, "share_details"+q)
			all := mustGet[shareList](t, s, "company_content/shares"+q+"&inactive=true&page_size=10000")
			plays, usersPlays, usersShares := 0, 0, 0
			for _, x := range list.Data {
				plays += x.Plays
				d := mustGet[shareDetail](t, s, "company_content/shares/"+x.Slug+q)
				if x.Visits == 0 || len(d.Sessions) != x.Visits || d.Summary.Visits != x.Visits || d.Summary.Plays != x.Plays ||
					d.Summary.Clicks != x.Clicks || d.Summary.Percent != x.Percent || d.Summary.Score != x.Score {
					t.Errorf("%s: list has %+v, detail %+v", q, x, d.Summary)
				}
			}
			for _, u := range usage.Stats.ByUser {
				usersPlays, usersShares = usersPlays+u.Plays, usersShares+u.Shares
			}
			if plays != usage.Stats.Plays || plays != usersPlays || usage.Stats.Shares != usersShares ||
				usersShares != len(details.Shares) || list.Pagination.Total != len(list.Data) ||
				all.Pagination.Total != len(all.Data) || len(all.Data) < len(list.Data) {
				t.Errorf("%s: plays %d, %d, %d; shares %d, %d, %d", q, plays, usage.Stats.Plays, usersPlays, usage.Stats.Shares,
					usersShares, len(details.Shares))
			}
		}
	})
}

// Each screen share of a demo request has its session, and each recording link leads to a content.
func TestSharedScreensAreSessions(t *testing.T) {
	s := account()
	shared, recorded := 0, 0
	for d := range s.Days(jan1, july) {
		sessions := map[string]bool{}
		for _, x := range d.Sessions {
			sessions[x.Agent+x.StartedAt.String()] = true
			if x.RecordingID != 0 && x.EndedAt.Before(july) {
				recorded++
				mustGet[struct{}](t, s, fmt.Sprint("company_content/", x.RecordingID))
			}
		}
		for _, r := range d.Requests {
			if !r.SharedAt.IsZero() {
				shared++
				if !sessions[r.Agent+r.SharedAt.Truncate(time.Second).String()] {
					t.Errorf("request %d has no session", r.ID)
				}
			}
		}
	}
	if shared < 500 || recorded < 100 {
		t.Errorf("%d shared screens, %d recordings: too few to mean anything", shared, recorded)
	}
}

func TestPagesMakeUpTheList(t *testing.T) {
	q := "company_content/shares" + query(jan1, july) + "&inactive=true"
	whole := mustGet[shareList](t, account(), q+"&page_size=100000")
	read := func(s *Simulator, size, step int) (slugs []string) {
		for page := 1; ; page++ {
			l := mustGet[shareList](t, s, fmt.Sprintf("%s&page=%d&page_size=%d", q, page, size))
			if l.Pagination.Total != len(whole.Data) || l.Pagination.PageSize != step || l.Pagination.Page != page {
				t.Fatalf("%+v", l.Pagination)
			}
			if len(l.Data) == 0 {
				return slugs
			}
			for _, x := range l.Data {
				slugs = append(slugs, x.Slug)
			}
		}
	}
	var want []string
	for _, x := range whole.Data {
		want = append(want, x.Slug)
	}
	capped := account(func(o *Options) { o.MaxPageSize = 40 })
	gaps := account(func(o *Options) { o.MaxPageSize, o.OffsetsFromAsked = 40, true })
	for name, got := range map[string][]string{"free": read(account(), 97, 97), "capped": read(capped, 97, 40),
		"under the cap": read(gaps, 40, 40)} {
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: the pages together are not the list", name)
		}
	}
	if got := read(gaps, 80, 40); len(got) < len(want)*45/100 || len(got) > len(want)*55/100 {
		t.Errorf("offsets from the requested size: %d of %d, want about half", len(got), len(want))
	}
	by := whole.Data[0].CreatedBy
	n := 0
	for _, x := range whole.Data {
		if x.CreatedBy == by {
			n++
		}
	}
	if l := mustGet[shareList](t, account(), q+"&created_by="+by); l.Pagination.Total != n || n == 0 {
		t.Errorf("created_by: total %d, want %d", l.Pagination.Total, n)
	}
}
