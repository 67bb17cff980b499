package settings

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"wheelhouse/internal/stream"
)

func TestEachTimeFiresOnceAcrossClockChanges(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	for _, c := range []struct {
		cron string
		from time.Time
		want []string
	}{
		{"17 4 * * *", time.Date(2026, 3, 28, 12, 0, 0, 0, berlin), []string{"2026-03-29T04:17:00+02:00", "2026-03-30T04:17:00+02:00"}},
		{"17 4 * * *", time.Date(2026, 10, 24, 4, 17, 0, 0, berlin), []string{"2026-10-25T04:17:00+01:00", "2026-10-26T04:17:00+01:00"}},
		{"30 2 * * *", time.Date(2026, 3, 28, 12, 0, 0, 0, berlin), []string{"2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"}},
		{"30 2 * * *", time.Date(2026, 10, 24, 12, 0, 0, 0, berlin), []string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"}},
		{"*/30 * * * *", time.Date(2026, 3, 29, 1, 15, 0, 0, berlin), []string{"2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00+02:00", "2026-03-29T04:00:00+02:00"}},
		{"*/30 * * * *", time.Date(2026, 10, 25, 0, 15, 0, 0, time.UTC), []string{"2026-10-25T02:30:00+02:00", "2026-10-25T03:00:00+01:00", "2026-10-25T03:30:00+01:00"}},
		{"*/30 * * * *", time.Date(2026, 10, 25, 1, 15, 0, 0, time.UTC), []string{"2026-10-25T03:00:00+01:00", "2026-10-25T03:30:00+01:00"}},
		{"@daily", time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC), []string{"2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"}},
		{"@every  90m", time.Date(2026, 3, 29, 1, 0, 0, 0, berlin), []string{"2026-03-29T03:30:00+02:00", "2026-03-29T05:00:00+02:00"}},
		{" 5 4 29 feb * ", time.Date(2026, 3, 28, 12, 0, 0, 0, berlin), []string{"2028-02-29T04:05:00+01:00"}},
	} {
		if _, err := parseCron(c.cron); err != nil {
			t.Errorf("%s: %v", c.cron, err)
			continue
		}
		stream := Stream{Schedule: schedule(c.cron, berlin), CronZone: berlin}
		var got []string
		for _, fire := range stream.NextFires(c.from, len(c.want)) {
			got = append(got, fire.Format(time.RFC3339))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.cron, got, c.want)
		}
	}
}

func TestDefaultsFireOnceANightEverywhere(t *testing.T) {
	for _, name := range []string{
		"UTC", "Europe/Berlin", "Europe/Helsinki", "America/New_York", "America/Havana", "America/Santiago", "America/Nuuk", "Asia/Beirut",
		"Africa/Cairo", "Africa/Casablanca", "Antarctica/Troll", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Easter", "Asia/Gaza",
	} {
		z := zone(t, name)
		s := mustLoad(t, options(three().with(env{"WHEELHOUSE_TIMEZONE": name})), "")
		for _, stream := range s.Accounts[0].Streams[:2] {
			day := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
			for _, fire := range stream.NextFires(time.Date(2026, 1, 1, 0, 0, 0, 0, z), 3*365) {
				if got := fire.Format("2006-01-02 15"); got != day.Format(time.DateOnly)+" 04" {
					t.Fatalf("%s in %s fires at %s instead of on %s", stream.Name, name, got, day)
				}
				day = day.AddDate(0, 0, 1)
			}
		}
	}
}

// A daily time fires once a day, whatever its hour, and in a gap later by the length of the gap.
func TestOnceADayInEveryHour(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "America/New_York", "America/Havana", "America/Nuuk", "Antarctica/Troll", "Australia/Lord_Howe", "Asia/Beirut"} {
		z := zone(t, name)
		for hour := range 24 {
			s := schedule(fmt.Sprintf("40 %d * * *", hour), z)
			wall := time.Date(2026, 1, 1, hour, 40, 0, 0, time.UTC)
			fire := time.Date(2025, 12, 31, 23, 50, 0, 0, z)
			for range 3 * 365 {
				fire = s.Next(fire)
				late := inZone(fire, time.UTC).Sub(wall)
				if late < 0 || late > 2*time.Hour {
					t.Fatalf("%s: %s instead of %s", name, fire, wall)
				}
				wall = wall.AddDate(0, 0, 1)
			}
		}
	}
}

// Havana's clocks change at midnight on Sundays.
func TestWeeklyScheduleFiresWhereMidnightIsSkipped(t *testing.T) {
	havana := zone(t, "America/Havana")
	stream := Stream{Schedule: schedule("17 4 * * sun", havana), CronZone: havana}
	sunday := time.Date(2026, 1, 4, 4, 17, 0, 0, time.UTC)
	for _, fire := range stream.NextFires(time.Date(2026, 1, 1, 0, 0, 0, 0, havana), 200) {
		if got := inZone(fire, time.UTC); !got.Equal(sunday) {
			t.Fatalf("fires at %s instead of %s", got, sunday)
		}
		sunday = sunday.AddDate(0, 0, 7)
	}
}

func TestDescribeListsEachStream(t *testing.T) {
	s := mustLoad(t, options(env{"NORTH_KEY": "k"}), several)
	rows := s.Describe(now, 2)
	if len(rows) != 2*len(stream.All) {
		t.Fatalf("%d rows", len(rows))
	}
	r := rows[1]
	if r.Account != "north" || r.Stream != "usage_new" || r.HistoryFrom != "2024-02-29" || r.Zone != "Europe/Helsinki" ||
		r.CronZone != "America/New_York" || r.RequestsPerSecond != 0.5 || r.Window != 7 || len(r.Next) != 2 ||
		r.Next[0].Format(time.RFC3339) != "2026-03-10T05:01:00-04:00" {
		t.Errorf("row %+v", r)
	}
	if got := LastDue(r.Schedule, now).Format(time.RFC3339); got != "2026-03-09T09:01:00Z" {
		t.Errorf("last due %s", got)
	}
	if r = rows[len(stream.All)+3]; r.Stream != "shares" || r.Enabled || r.Next != nil || r.Schedule != nil || r.RequestsPerSecond != 0.25 {
		t.Errorf("row %+v", r)
	}
}

// Midnight, or the whole day, may be skipped, and midnight may occur twice.
func TestDayInIsTheFirstInstantOfADay(t *testing.T) {
	for _, c := range []struct{ zone, day, want string }{
		{"UTC", "2026-03-08", "2026-03-08T00:00:00Z"},
		{"America/Havana", "2026-03-08", "2026-03-08T01:00:00-04:00"},
		{"America/Havana", "2025-11-02", "2025-11-02T00:00:00-04:00"},
		{"America/Santiago", "2025-09-07", "2025-09-07T01:00:00-03:00"},
		{"Pacific/Apia", "2011-12-30", "2011-12-31T00:00:00+14:00"},
	} {
		date, err := parseDate(c.day)
		if err != nil {
			t.Fatal(err)
		}
		if got := dayIn(date, zone(t, c.zone)).Format(time.RFC3339); got != c.want {
			t.Errorf("%s in %s: got %s, want %s", c.day, c.zone, got, c.want)
		}
	}
}

// Auckland already has the next day at this time.
func TestTodayIsInTheAccountsZone(t *testing.T) {
	evening := func() time.Time { return time.Date(2026, 12, 31, 20, 0, 0, 0, time.UTC) }
	e := three().with(env{"WHEELHOUSE_HISTORY_FROM": "2027-01-01"})
	if _, err := Load(Options{Lookup: e.lookup, Now: evening, Dir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "future") {
		t.Errorf("UTC: %v", err)
	}
	e["WHEELHOUSE_TIMEZONE"] = "Pacific/Auckland"
	s := mustLoad(t, Options{Lookup: e.lookup, Now: evening}, "")
	if got := s.Accounts[0].HistoryFrom.Format(time.RFC3339); got != "2027-01-01T00:00:00+13:00" {
		t.Errorf("history from %s", got)
	}
}
