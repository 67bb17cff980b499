package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // for a machine without a tz database

	"wheelhouse/internal/testkit"
)

// allZones returns the zones of this machine's tz database, each by one of its names.
func allZones(t *testing.T) (names []string) {
	seen := map[string]bool{}
	for _, dir := range []string{"/usr/share/zoneinfo", "/usr/lib/zoneinfo"} {
		_ = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
			name, _ := filepath.Rel(dir, path)
			if err != nil || entry.IsDir() || strings.HasPrefix(name, "posix/") || strings.HasPrefix(name, "right/") {
				return nil
			}
			rules, err := os.ReadFile(path)
			if err != nil || seen[string(rules)] { // an alias
				return nil
			}
			if _, err := time.LoadLocation(name); err == nil {
				seen[string(rules)] = true
				names = append(names, name)
			}
			return nil
		})
		if len(names) > 0 {
			return names
		}
	}
	names = []string{"UTC", "America/Havana", "America/Santiago", "Pacific/Apia", "America/St_Johns", "Australia/Lord_Howe", "Africa/Cairo",
		"Asia/Gaza", "America/Asuncion", "Asia/Beirut", "Europe/London", "Asia/Kathmandu", "Pacific/Kwajalein", "America/Scoresbyth"}
	t.Logf("no tz database at hand (%s): only %v", runtime.GOOS, names)
	return names
}

func mustZone(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Skip(err)
	}
	return zone
}

// Windows of days tile a year, and other ranges, without gap or overlap in every zone. In the long tests they tile five years.
func TestDaysTileInEveryZone(t *testing.T) {
	t.Parallel()
	zones := allZones(t)
	usual, unusual := [2]string{"2024-01-01", "2024-12-31"}, [2]string{"2011-01-01", "2011-12-31"}
	if testkit.Long() {
		usual, unusual = [2]string{"2024-01-01", "2028-12-31"}, [2]string{"2009-01-01", "2013-12-31"}
	}
	for _, name := range zones {
		zone := mustZone(t, name)
		ranges := [][2]string{usual}
		if strings.HasPrefix(name, "Pacific/") || name == "America/St_Johns" { // Samoa's missing date; clocks changed a minute after midnight
			ranges = append(ranges, unusual)
		}
		for _, years := range ranges {
			first, last := date(years[0]), date(years[1])
			for _, size := range []int{1, 7} {
				spans := cut(first, last, size, zone)
				if from, to := spans[0].from, spans[len(spans)-1].to; !from.Equal(startOf(first, zone)) || !to.Equal(startOf(last.AddDate(0, 0, 1), zone)) {
					t.Fatalf("%s: %d days at a time run from %s to %s", name, size, from, to)
				}
				for i, s := range spans {
					if i > 0 && !s.from.Equal(spans[i-1].to) {
						t.Fatalf("%s: %s begins at %s, and the one before ends at %s", name, s.day, s.from, spans[i-1].to)
					}
					if err := checkSpan(s, size, zone); err != nil {
						t.Fatalf("%s: %v", name, err)
					}
				}
			}
		}
	}
	t.Logf("%d zones", len(zones))
}

// checkSpan fails unless a span begins where the calendar turns to its day.
func checkSpan(s span, size int, zone *time.Location) error {
	length := s.to.Sub(s.from)
	if length <= 0 || length > time.Duration(size)*24*time.Hour+4*time.Hour || size == 1 && length < 20*time.Hour {
		return fmt.Errorf("%s lasts %s", s.day, length)
	}
	if got := dayOf(s.from, zone); got != s.day {
		return fmt.Errorf("%s begins on %s", s.day, got)
	}
	if before := dayOf(s.from.Add(-time.Second), zone); !before.Before(s.day) {
		return fmt.Errorf("%s begins after its first second", s.day)
	}
	if s.from.Truncate(time.Second) != s.from || s.from.Location() != time.UTC {
		return fmt.Errorf("%s begins at %s", s.day, s.from)
	}
	return nil
}

func TestOddDays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ zone, day, from, to string }{
		{"UTC", "2026-03-10", "2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z"},
		{"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},    // 23 hours
		{"Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},    // 25 hours
		{"America/New_York", "2026-03-08", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"}, // 23 hours
		{"America/Havana", "2026-03-08", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"},   // begins at 01:00
		{"America/Havana", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},   // has two midnights
		{"America/Santiago", "2026-09-06", "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"}, // begins at 01:00
		{"America/Santiago", "2026-04-04", "2026-04-04T03:00:00Z", "2026-04-05T04:00:00Z"}, // has 23:00 twice
		{"Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"},
		{"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"},
		{"Asia/Kathmandu", "2026-01-01", "2025-12-31T18:15:00Z", "2026-01-01T18:15:00Z"},
		{"Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z"}, // half an hour more
	} {
		spans := cut(date(tt.day), date(tt.day), 1, mustZone(t, tt.zone))
		if len(spans) != 1 || spans[0].from.Format(time.RFC3339) != tt.from || spans[0].to.Format(time.RFC3339) != tt.to {
			t.Errorf("%s in %s: %v, want %s to %s", tt.day, tt.zone, spans, tt.from, tt.to)
		}
	}
	if spans := cut(date("2011-12-30"), date("2011-12-30"), 1, mustZone(t, "Pacific/Apia")); len(spans) != 0 {
		t.Errorf("the date that Samoa left out has the window %v", spans)
	}
}

// Windows of several days are the same for every range, except at the ends of the range.
func TestWindowsStayTheSame(t *testing.T) {
	t.Parallel()
	whole := map[time.Time]span{}
	for _, s := range cut(date("2026-01-01"), date("2026-03-31"), 7, time.UTC) {
		whole[s.day] = s
	}
	spans := cut(date("2026-02-03"), date("2026-03-03"), 7, time.UTC)
	for _, s := range spans[1 : len(spans)-1] {
		if whole[s.day] != s {
			t.Errorf("%v is not a window of the whole range", s)
		}
	}
}
