package simulator

import (
	"fmt"
	"iter"
	"slices"
	"time"
)

// edit is a change of the past: a function applied to a day's facts each time they are generated.
type edit struct{ apply func(*Day) }

// Mutate changes the past: change is applied to the facts of the day that contains at, from now on and until restore is
// called. change may edit, remove and add any facts, and must do the same each time. The remaining facts must begin on that
// day and last no longer than 24 hours (visits may come at any time); otherwise Mutate returns an error and nothing changes.
// Mutate calls change at once, and the Simulator calls it whenever the day is generated, one call at a time. change must not
// call the Simulator.
func (s *Simulator) Mutate(at time.Time, change func(*Day)) (restore func(), err error) {
	day := s.cal.day(at)
	e := &edit{change}
	s.editing.Lock()
	s.edits[day] = append(s.edits[day], e)
	s.editing.Unlock()
	restore = func() {
		s.editing.Lock()
		s.edits[day] = slices.DeleteFunc(slices.Clone(s.edits[day]), func(x *edit) bool { return x == e })
		s.editing.Unlock()
		s.forget()
	}
	if err := s.full(day).check(); err != nil {
		restore()
		return nil, fmt.Errorf("mutate %s: %w", at.Format(time.DateOnly), err)
	}
	s.forget()
	return restore, nil
}

// forget drops everything that was derived from the facts before an edit.
func (s *Simulator) forget() {
	s.days.purge()
	s.growing.Lock()
	s.library.Store(nil)
	s.growing.Unlock()
}

// edited is a day with its edits applied, and whether the day has any. Edits are applied one at a time, so they may keep
// state of their own.
func (s *Simulator) edited(day int) (*Day, bool) {
	s.editing.Lock()
	defer s.editing.Unlock()
	if len(s.edits[day]) == 0 {
		return nil, false
	}
	d := s.build(day, true)
	for i := range d.Contents { // these slices are in the cache of recordings
		d.Contents[i].Events = slices.Clone(d.Contents[i].Events)
	}
	for _, e := range s.edits[day] {
		e.apply(d)
	}
	d.sort()
	return d, true
}

// full is a day with all its facts.
func (s *Simulator) full(day int) *Day {
	if d, ok := s.edited(day); ok {
		return d
	}
	return s.build(day, true)
}

// facts is a day's requests and sessions. Callers share the result and must not write to it.
func (s *Simulator) facts(day int) *Day {
	return s.days.get(day, func() *Day {
		if d, ok := s.edited(day); ok {
			return d
		}
		return s.build(day, false)
	})
}

// video is a day's contents and shares.
func (s *Simulator) video(day int) *Day {
	if d, ok := s.edited(day); ok {
		return d
	}
	w := s.workday(day)
	d := &Day{Begin: w.begin, End: w.end}
	w.video(d)
	return d
}

// check verifies what the indexes require of an edited day.
func (d *Day) check() error {
	inside := func(what string, at time.Time) error {
		if at.Before(d.Begin) || !at.Before(d.End) {
			return fmt.Errorf("%s at %s is not on the day from %s to %s", what, at.UTC(), d.Begin, d.End)
		}
		return nil
	}
	span := func(what string, from, to time.Time) error {
		if length := to.Sub(from); length < 0 || length > maxSpan {
			return fmt.Errorf("%s at %s lasts %s, not between 0 and %s", what, from.UTC(), length, maxSpan)
		}
		return inside(what, from)
	}
	var errs []error
	for _, r := range d.Requests {
		errs = append(errs, span("request", r.StartedAt, r.LastEventAt))
	}
	for _, x := range d.Sessions {
		errs = append(errs, span("session", x.StartedAt, x.EndedAt))
	}
	for _, x := range d.Cancellations {
		errs = append(errs, inside("cancellation", x))
	}
	for _, x := range d.Shares {
		errs = append(errs, inside("share", x.CreatedAt))
	}
	for _, x := range d.Contents {
		errs = append(errs, inside("content", x.CreatedAt))
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Facts is everything that will ever begin on the day that contains at, whatever the clock says. The caller owns the copy.
func (s *Simulator) Facts(at time.Time) Day {
	return s.truth(s.cal.day(at))
}

func (s *Simulator) truth(day int) Day {
	d := s.full(day)
	for i := range d.Contents { // these slices are in the cache of recordings
		d.Contents[i].Events = slices.Clone(d.Contents[i].Events)
	}
	return *d
}

// Days yields the Facts of each day that overlaps [from, to), in order.
func (s *Simulator) Days(from, to time.Time) iter.Seq[Day] {
	return func(yield func(Day) bool) {
		for day := s.cal.day(from); s.cal.begin(day).Before(to); day++ {
			if d := s.truth(day); d.Begin.Before(d.End) && !yield(d) { // a zone can skip a date
				return
			}
		}
	}
}

// Users lists everyone who ever has access.
func (s *Simulator) Users() []User {
	users := make([]User, len(s.team))
	for i, a := range s.team {
		users[i] = a.User
	}
	return users
}
