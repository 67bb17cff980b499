package extract

import (
	"math"
	"strings"
	"time"
)

// layouts are the forms in which the API has sent times, or might. time.Parse accepts a fraction after the seconds in each.
var layouts = []string{
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02T15:04:05",
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05Z07",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05",
	"2006-01-02 15:04:05 UTC",
}

// parseInstant reads a time and cuts it to the microsecond, the precision of Postgres. A time that does not exist, or one
// outside the years 1970 to 9999, is a problem.
func parseInstant(s []byte) Instant {
	if t, ok := recordedInstant(s); ok {
		return fieldOf(t)
	}
	return anyInstant(string(s))
}

func anyInstant(s string) Instant {
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
			return problem[time.Time]("a time outside the years 1970 to 9999")
		}
		return fieldOf(t)
	}
	return problem[time.Time]("text that is not a time")
}

// recordedInstant is a fast path for the forms that recorded answers have: 2020-09-25T15:25:08.000000Z, with or without the
// fraction and the Z. ok is false for anything else. anyInstant gives the same result for these forms.
func recordedInstant(s []byte) (t time.Time, ok bool) {
	const form, micro = len("2006-01-02T15:04:05"), len(".000000")
	if len(s) > 0 && s[len(s)-1] == 'Z' {
		s = s[:len(s)-1]
	}
	if len(s) != form && (len(s) != form+micro || s[form] != '.') ||
		s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return t, false
	}
	year, month, day := 100*pair(s, 0)+pair(s, 2), pair(s, 5), pair(s, 8)
	hour, minute, second, micros := pair(s, 11), pair(s, 14), pair(s, 17), 0
	if len(s) > form {
		micros = 10_000*pair(s, form+1) + 100*pair(s, form+3) + pair(s, form+5)
	}
	if year < 1970 || month < 1 || month > 12 || day < 1 || min(hour, minute, second, micros) < 0 ||
		hour > 23 || minute > 59 || second > 59 {
		return t, false
	}
	t = time.Date(year, time.Month(month), day, hour, minute, second, 1000*micros, time.UTC)
	return t, day <= 28 || t.Day() == day // false where the month has fewer days
}

// pair reads two digits. It returns a negative number, large enough to keep any sum with it negative, for other bytes.
func pair(s []byte, at int) int {
	tens, ones := s[at]-'0', s[at+1]-'0'
	if tens > 9 || ones > 9 {
		return math.MinInt32
	}
	return 10*int(tens) + int(ones)
}
