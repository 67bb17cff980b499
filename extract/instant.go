package extract

import (
	"math"
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

// parseInstant reads one of the API's times, to the microsecond (what Postgres keeps; further
// digits are cut). A time that no calendar has, or whose year is before 1970 or after 9999, is a problem.
func parseInstant(s []byte) Instant {
	if t, ok := recordedInstant(s); ok {
		return value(t)
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
		return value(t)
	}
	return problem[time.Time]("text that is not a time")
}

// recordedInstant reads the forms that recorded times have, 2020-09-25T15:25:08.000000Z with or without
// fraction and Z, in a fraction of what time.Parse takes. Whatever is not plainly one of them it
// leaves to anyInstant, which reads these the same.
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
	return t, day <= 28 || t.Day() == day // else the month is shorter
}

// pair reads two digits; far below 0 where there is anything else.
func pair(s []byte, at int) int {
	tens, ones := s[at]-'0', s[at+1]-'0'
	if tens > 9 || ones > 9 {
		return math.MinInt32
	}
	return 10*int(tens) + int(ones)
}
