package simulator

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestMutateAndRestore(t *testing.T) {
	s := account()
	day := jan1.AddDate(0, 2, 6)
	q := query(day, day.AddDate(0, 0, 1))
	paths := []string{"usage_new" + q, "demo_usage" + q, "share_details" + q, "company_content" + q, "usage_shares" + q}
	read := func() (all []string) {
		for _, p := range paths {
			all = append(all, ask(s, p).Body.String())
		}
		return all
	}
	original, truth := read(), s.Facts(day)
	noon := day.Add(12 * time.Hour)
	hide, err := s.Mutate(noon, func(d *Day) {
		d.Sessions, d.Requests, d.Shares, d.Contents = d.Sessions[1:], d.Requests[1:], d.Shares[1:], nil
	})
	if err != nil {
		t.Fatal(err)
	}
	hidden := read()
	for i := range paths {
		if hidden[i] == original[i] {
			t.Errorf("%s: nothing was hidden", paths[i])
		}
	}
	if w := ask(s, "company_content/shares/"+truth.Shares[0].Slug); w.Code != 404 {
		t.Errorf("the detail of a hidden share: status %d", w.Code)
	}
	add, err := s.Mutate(noon, func(d *Day) {
		d.Sessions = append(d.Sessions, Session{Agent: "new@acme.example", StartedAt: noon, EndedAt: noon.Add(time.Hour)})
		d.Requests[0].Info = []Answer{{"prospect-name", "tab\t \"quoted\" \x00"}}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := read(); !strings.Contains(got[0], "new@acme.example") || !strings.Contains(got[1], `"tab\u0009 \"quoted\" \u0000"`) {
		t.Error("the facts that a second edit added are missing")
	}
	hide()
	add()
	if !slices.Equal(read(), original) {
		t.Error("restoring does not bring back the same bytes")
	}
	if ask(s, "company_content/shares/"+truth.Shares[0].Slug).Code != 200 {
		t.Error("the hidden share did not come back")
	}
}

func TestMutateRefuses(t *testing.T) {
	s := account()
	for name, change := range map[string]func(*Day){
		"another day": func(d *Day) { d.Sessions[0].StartedAt = d.End; d.Sessions[0].EndedAt = d.End },
		"too long":    func(d *Day) { d.Sessions[0].EndedAt = d.Sessions[0].StartedAt.Add(25 * time.Hour) },
		"backwards":   func(d *Day) { d.Requests[0].LastEventAt = d.Begin.Add(-1) },
	} {
		if _, err := s.Mutate(jan1.AddDate(0, 1, 5), change); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if ask(s, "usage_new").Body.String() != ask(account(), "usage_new").Body.String() {
		t.Error("a refused edit is still applied")
	}
}

// This test is for the race detector. It also finds a cache that keeps facts from before an edit.
func TestMutateWhileServing(t *testing.T) {
	s := account()
	day := jan1.AddDate(0, 2, 6)
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			for range 10 {
				ask(s, "usage_new"+query(day, day.AddDate(0, 0, 1+i)))
				ask(s, "company_content/shares"+query(day, day.AddDate(0, 0, 1+i)))
			}
		})
	}
	for i := range 8 {
		email := fmt.Sprintf("agent%d@acme.example", i)
		if _, err := s.Mutate(day, func(d *Day) {
			d.Sessions = append(d.Sessions, Session{Agent: email, StartedAt: d.Begin, EndedAt: d.Begin.Add(time.Minute)})
		}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(ask(s, "usage_new"+query(day, day.AddDate(0, 0, 1))).Body.String(), email) {
			t.Errorf("%s was added but is not served", email)
		}
	}
	wg.Wait()
}
