package simulator

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// everyPath lists requests to all endpoints, in windows from an hour to two months.
func everyPath(t *testing.T, s *Simulator) []string {
	t.Helper()
	var paths []string
	for _, w := range []string{query(july.AddDate(0, -2, 0), july), query(jan1.AddDate(0, 2, 0), jan1.AddDate(0, 2, 9)),
		query(july.AddDate(0, 0, -1), july), "?from=2024-03-05T10:00:00Z&to=2024-03-05T10:59:59Z"} {
		for _, p := range []string{"usage_new", "demo_usage", "usage_shares", "share_details", "company_content",
			"company_content/shares"} {
			paths = append(paths, p+w)
		}
		paths = append(paths, "company_content/shares"+w+"&inactive=true&page=3&page_size=7",
			"company_content"+w+"&view=soft_deleted", "usage_shares"+w+"&include_all_users=true")
	}
	paths = append(paths, "user_access", "ongoing_sessions", "demo_info")
	day := s.Facts(jan1.AddDate(0, 1, 4))
	for i := range day.Shares {
		paths = append(paths, "company_content/shares/"+day.Shares[i].Slug)
	}
	for i := range day.Contents {
		paths = append(paths, fmt.Sprint("company_content/", day.Contents[i].ID))
	}
	return paths
}

func TestSameBytesInAnyOrder(t *testing.T) {
	noon := july.Add(13 * time.Hour)
	first, second := account(at(noon)), account(at(noon))
	paths := everyPath(t, account(at(noon)))
	want := make([]string, len(paths))
	for i, p := range paths {
		want[i] = ask(first, p).Body.String()
	}
	var wg sync.WaitGroup
	for worker := range 2 {
		wg.Go(func() {
			order := slices.Clone(paths)
			slices.Reverse(order)
			order = append(order[worker*5:], order[:worker*5]...)
			for _, p := range order {
				if ask(second, p).Body.String() != want[slices.Index(paths, p)] {
					t.Errorf("%s: another order of requests gives another answer", p)
				}
			}
		})
	}
	wg.Wait()
	if other := account(at(noon), func(o *Options) { o.Seed = 8 }); ask(other, paths[0]).Body.String() == want[0] {
		t.Error("another seed gives the same sessions")
	}
}

// One simulator's clock is moved forth and back; its answers must equal those of new simulators.
func TestAnswersDependOnlyOnTheClock(t *testing.T) {
	now := july
	moving := account(func(o *Options) { o.Now = func() time.Time { return now } })
	for _, days := range []int{-100, 0, -60, 40} {
		now = july.AddDate(0, 0, days).Add(11 * time.Hour)
		fresh := account(at(now))
		for _, p := range everyPath(t, fresh) {
			if ask(moving, p).Body.String() != ask(fresh, p).Body.String() {
				t.Errorf("%s at %s: the answer depends on earlier readings of the clock", p, now)
			}
		}
	}
}

func TestDaysAreContiguousInEveryZone(t *testing.T) {
	for _, name := range []string{"Pacific/Auckland", "America/Sao_Paulo", "America/Havana", "Pacific/Apia", "Asia/Kolkata",
		"America/Los_Angeles", "Atlantic/Reykjavik", "Africa/Cairo"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		from := time.Date(2011, 9, 1, 12, 0, 0, 0, zone)
		s := account(func(o *Options) { o.Zone, o.From, o.Until = zone, from, from.AddDate(0, 3, 0) })
		end := time.Time{}
		sessions := 0
		for d := range s.Days(from, from.AddDate(0, 7, 0)) {
			if !end.IsZero() && !d.Begin.Equal(end) {
				t.Errorf("%s: a day begins at %s and the one before it ends at %s", name, d.Begin, end)
			}
			end = d.End
			if err := d.check(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			sessions += len(d.Sessions)
		}
		if sessions < 5_000 {
			t.Errorf("%s: %d sessions in seven months", name, sessions)
		}
	}
}

func TestIDsAreUniqueAndInOrder(t *testing.T) {
	s := account(func(o *Options) { o.Density = 20 })
	slugs, visits := map[string]bool{}, map[string]bool{}
	lastRequest, lastContent := int64(0), int64(0)
	for d := range s.Days(jan1, jan1.AddDate(0, 2, 0)) {
		for _, r := range d.Requests {
			if r.ID <= lastRequest {
				t.Fatalf("request %d after %d", r.ID, lastRequest)
			}
			lastRequest = r.ID
		}
		for _, c := range d.Contents {
			if c.ID <= lastContent {
				t.Fatalf("content %d after %d", c.ID, lastContent)
			}
			lastContent = c.ID
		}
		for _, x := range d.Shares {
			if slugs[x.Slug] {
				t.Fatalf("slug %s twice", x.Slug)
			}
			slugs[x.Slug] = true
			for _, v := range x.Visits {
				if visits[v.ID] || v.At.Before(x.CreatedAt) {
					t.Fatalf("visit %s twice, or before its share's creation", v.ID)
				}
				visits[v.ID] = true
			}
		}
	}
}
