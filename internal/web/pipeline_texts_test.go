package web

import (
	"testing"
	"time"

	"github.com/robfig/cron/v3"

	"wheelhouse/internal/settings"
)

func at(s string) *time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", s)
	if err != nil {
		panic(err)
	}
	return &t
}

// nightly is a request for an account with a stream that runs at 04:00, some with other schedules, and one that is switched
// off.
func nightly(now string) *request {
	q := &request{Now: *at(now), Page: pipelinePage}
	q.Account, q.Zone = account{ID: "a", Timezone: "America/New_York"}, time.UTC
	q.Streams = []settings.Row{
		{Account: "b", Stream: "shares", Enabled: true},
		fires(q.Now, "shares", "0 4 * * *"), fires(q.Now, "weekdays", "0 4 * * 1-5"), fires(q.Now, "often", "*/10 * * * *"), fires(q.Now, "every", "@every 6h"),
		{Account: "a", Stream: "users", Enabled: false},
	}
	return q
}

// fires is a stream with a schedule.
func fires(now time.Time, stream, spec string) settings.Row {
	schedule, err := cron.ParseStandard(spec)
	if err != nil {
		panic(err)
	}
	return settings.Row{Account: "a", Stream: stream, Enabled: true, Schedule: schedule, Next: []time.Time{schedule.Next(now)}}
}

func TestFreshnessFollowsTheSchedule(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		now, stream, last string // "": never loaded
		want              string
	}{
		{"2026-03-02 12:00:00", "shares", "2026-03-02 04:01:00", "fresh"},
		{"2026-03-02 12:00:00", "shares", "2026-03-01 04:01:00", "late"},
		{"2026-03-02 05:00:00", "shares", "2026-03-01 04:01:00", "fresh"}, // may still be at work
		{"2026-03-02 03:00:00", "shares", "2026-03-01 04:01:00", "fresh"}, // not due yet
		{"2026-03-02 03:00:00", "shares", "2026-02-28 04:01:00", "late"},
		{"2026-03-02 05:00:00", "shares", "2026-02-28 04:01:00", "late"},    // may be at work, but was late before
		{"2026-03-08 12:00:00", "weekdays", "2026-03-06 04:01:00", "fresh"}, // a Sunday
		{"2026-03-09 12:00:00", "weekdays", "2026-03-06 04:01:00", "late"},
		{"2026-03-02 12:00:00", "often", "2026-03-02 10:31:00", "fresh"},
		{"2026-03-02 12:00:00", "often", "2026-03-02 09:31:00", "late"},
		{"2026-03-02 12:00:00", "every", "2026-03-02 05:59:00", "fresh"},
		{"2026-03-02 12:00:00", "every", "2026-03-02 03:59:00", "late"},
		{"2026-03-02 12:00:00", "shares", "", "never"},
		{"2026-03-02 12:00:00", "users", "2026-03-02 04:01:00", "off"},
		{"2026-03-02 12:00:00", "visits", "2026-03-02 04:01:00", "unknown"},
	} {
		q := nightly(c.now)
		s := &streamDays{name: c.stream, schedule: q.schedule(c.stream)}
		if c.last != "" {
			s.last = at(c.last)
		}
		if got := q.freshness(s).Value; got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// A day without a load is a gap only after its scheduled load. A failed day is failed at once.
func TestDaysAreNotDueBeforeTheirSchedule(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		now, stream, dayEnd, status string
		partial                     bool
		want                        string
	}{
		{"2026-03-02 03:00:00", "shares", "2026-03-02 00:00:00", gap, false, due}, // yesterday, before four
		{"2026-03-02 04:30:00", "shares", "2026-03-02 00:00:00", gap, false, gap}, // and after
		{"2026-03-02 03:00:00", "shares", "2026-03-01 00:00:00", gap, false, gap}, // the day before
		{"2026-03-02 03:00:00", "shares", "2026-03-02 00:00:00", failed, false, failed},
		{"2026-03-02 12:00:00", "shares", "2026-03-03 00:00:00", gap, true, due},
		{"2026-03-07 12:00:00", "weekdays", "2026-03-07 00:00:00", gap, false, due}, // a Friday is loaded on Monday
		{"2026-03-09 04:30:00", "weekdays", "2026-03-07 00:00:00", gap, false, gap},
		{"2026-03-02 03:00:00", "visits", "2026-03-02 00:00:00", gap, false, gap}, // no schedule known
	} {
		s := &streamDays{schedule: nightly(c.now).schedule(c.stream), counts: map[string]int64{}}
		s.add(dayRow{Status: c.status, Partial: c.partial, DayEnd: *at(c.dayEnd)})
		if s.days[0].Status != c.want || s.counts[c.want] != 1 {
			t.Errorf("%+v: %s", c, s.days[0].Status)
		}
	}
}

// A window of whole days is shown as days of the account, any other window as times.
func TestWindowsAreShownAsDays(t *testing.T) {
	t.Parallel()
	q := nightly("2026-03-02 12:00:00")
	for _, c := range []struct{ from, to, want string }{
		{"2026-03-07 05:00:00", "2026-03-08 05:00:00", "7 Mar 2026"},
		{"2026-03-08 05:00:00", "2026-03-09 04:00:00", "8 Mar 2026"}, // 23 hours
		{"2026-03-07 05:00:00", "2026-03-08 04:59:59", "7 Mar 2026"}, // the window of a counted stream
		{"2026-03-02 05:00:00", "2026-03-09 04:00:00", "2 Mar 2026 to 8 Mar 2026"},
		{"2026-03-07 05:00:00", "2026-03-07 12:30:00", "7 Mar 2026 05:00 to 12:30"},
		{"2026-03-07 12:00:00", "2026-03-08 11:00:00", "7 Mar 2026 12:00 to 8 Mar 2026 11:00"},
		{"2026-03-07 12:00:00", "2026-03-07 12:00:01", "7 Mar 2026 12:00"},
	} {
		if got := q.span(loadRow{From: at(c.from), To: at(c.to)}).Text; got != c.want {
			t.Errorf("%s to %s: %q, want %q", c.from, c.to, got, c.want)
		}
	}
	if got := q.span(loadRow{To: at("2026-03-07 05:00:00")}).Text; got != "endless" {
		t.Error(got)
	}
}

// The look of an outcome is that of its worst window.
func TestOutcomesHaveTheirLook(t *testing.T) {
	t.Parallel()
	now := *at("2026-03-02 12:00:00")
	for _, c := range []struct {
		outcome           string // "": none yet
		hours             int    // since it began
		failed, differing int64
		text, look        string
	}{
		{"loaded", 1, 0, 0, "loaded", "state-loaded"}, {"failed", 1, 2, 0, "failed", "state-failed"}, {"failed", 1, 0, 0, "failed", "state-failed"}, // another account's windows, or windows left
		{"unreconciled", 1, 0, 1, "unreconciled", "state-unreconciled"}, {"unreconciled", 1, 0, 0, "unreconciled", "state-unreconciled"},
		{"interrupted", 1, 0, 0, "interrupted", "state-warn"}, {"interrupted", 1, 1, 0, "interrupted", "state-failed"},
		{"", 1, 0, 0, "running", "state-running"}, {"", 25, 0, 0, "never ended", "state-failed"},
	} {
		r := runRow{StartedAt: now.Add(-time.Duration(c.hours) * time.Hour), Failed: c.failed, Differing: c.differing}
		if c.outcome != "" {
			r.Outcome = &c.outcome
		}
		if got := outcome(r, now); got.Text != c.text || got.State != c.look {
			t.Errorf("%+v: %q, %s", c, got.Text, got.State)
		}
	}
}
