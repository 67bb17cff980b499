package extract

import (
	"strings"
	"time"
)

// The forms a time has been seen in, or is likely to come in. Go reads any number of fraction
// digits after the seconds of each. Those without a zone are UTC.
var layouts = []string{
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02T15:04:05",
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05Z07",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05",
	"2006-01-02 15:04:05 UTC",
}

// ParseInstant reads one of the API's times, to the microsecond (what Postgres keeps; further
// digits are cut). A time that no calendar has, or whose year is before 1970 or after 9999, is odd.
func ParseInstant(s string) Instant {
	s = strings.TrimSpace(s)
	if isNone(s) {
		return Instant{}
	}
	for _, layout := range layouts {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if t = t.UTC().Truncate(time.Microsecond); t.Year() < 1970 || t.Year() > 9999 {
			return odd[time.Time]("a time outside the years 1970 to 9999")
		}
		return value(t)
	}
	return odd[time.Time]("text that is not a time")
}
