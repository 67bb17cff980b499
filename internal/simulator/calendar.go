package simulator

import (
	"math"
	"time"
)

// calendar numbers the days of the company's zone from the first day of history (0).
type calendar struct {
	zone  *time.Location
	first int // the first day, in days since 1970-01-01
}

func newCalendar(from time.Time, zone *time.Location) calendar {
	return calendar{zone: zone, first: civilDay(from.In(zone))}
}

// civilDay is the number of t's calendar date, in t's own zone.
func civilDay(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func (c calendar) day(t time.Time) int { return civilDay(t.In(c.zone)) - c.first }

func (c calendar) date(day int) (int, time.Month, int) {
	return time.Unix(int64(c.first+day)*86400, 0).UTC().Date()
}

// begin is the first instant of a day.
func (c calendar) begin(day int) time.Time {
	y, m, d := c.date(day)
	t := time.Date(y, m, d, 0, 0, 0, 0, c.zone)
	for civilDay(t.In(c.zone)) < c.first+day { // a clock change skipped midnight or the whole date, and Date chose the instant before the gap
		t = t.Add(time.Hour)
	}
	return t.UTC()
}

// Volume of work by day of the week, Sunday first.
var (
	officeWeek   = [7]float64{.015, .97, 1.08, 1.05, 1.02, .8, .03}
	browsingWeek = [7]float64{.1, 1, 1.06, 1.04, 1, .85, .12}
	// Volume by month: sales rest in July and at the year's end.
	seasons = [12]float64{.95, 1.02, 1.06, 1.03, 1.02, .96, .76, .88, 1.08, 1.1, 1.06, .78}
)

// trend is the company's volume on a day: seasons, slow growth and daily variation.
func (s *Simulator) trend(day int) float64 {
	_, month, dom := s.cal.date(day)
	a, b := seasons[month-1], seasons[month%12]
	season := a + (b-a)*float64(dom-1)/31 // no step from one month to the next
	growth := math.Pow(1.12, math.Min(float64(day), 3650)/365)
	return season * growth * roll(s.opts.Seed, seqMood, day).lognormal(1, .1)
}

// isHoliday reports whether a date is a public holiday in a country.
func isHoliday(country string, year int, month time.Month, day int) bool {
	md := int(month)*100 + day
	if md == 101 || md == 1225 {
		return true
	}
	weekday := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Weekday()
	afterEaster := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Sub(easter(year)) / (24 * time.Hour)
	switch country {
	case "US":
		return md == 704 || md == 619 || md == 1111 ||
			weekday == time.Thursday && month == time.November && (day-1)/7 == 3 ||
			weekday == time.Monday && (month == time.September && day <= 7 || month == time.May && day > 24)
	case "GB":
		return md == 1226 || afterEaster == -2 || afterEaster == 1 ||
			weekday == time.Monday && (month == time.May && (day <= 7 || day > 24) || month == time.August && day > 24)
	case "DE":
		return md == 1226 || md == 501 || md == 1003 || afterEaster == -2 || afterEaster == 1 || afterEaster == 39 ||
			afterEaster == 50
	case "IS":
		return md == 1226 || md == 501 || md == 617 || md == 1224 || afterEaster >= -3 && afterEaster <= 1 ||
			afterEaster == 39 || afterEaster == 50 || weekday == time.Monday && month == time.August && day <= 7
	}
	return md == 1226 || afterEaster == -2
}

// easter is Easter Sunday by the anonymous Gregorian computus.
func easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return time.Date(year, time.Month(n/31), n%31+1, 0, 0, 0, 0, time.UTC)
}
