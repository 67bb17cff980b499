package web

import (
	"fmt"
	"math"
)

// trend compares a figure with that of the range of the same length before.
type trend struct {
	Text string // +12 % against the 28 days before
	Way  string // up, down or level
}

// trendOf compares two numbers. A number that is missing in one of the ranges has no trend.
func trendOf(now, before float64, days int) trend {
	against := fmt.Sprintf(" against the %d days before", days)
	if days == 1 {
		against = " against the day before"
	}
	switch {
	case math.IsNaN(now) || math.IsNaN(before):
		return trend{"nothing to compare with", "level"}
	case before == 0 && now == 0:
		return trend{"none" + against, "level"}
	case before == 0:
		return trend{"new" + against, "up"}
	}
	change := (now - before) / math.Abs(before)
	percent := math.Round(100 * change)
	switch {
	case percent == 0:
		return trend{"as much as" + against[len(" against"):], "level"}
	case change > 10:
		return trend{showNumber(now/before) + " times" + against[len(" against"):], "up"}
	case change > 0:
		return trend{fmt.Sprintf("+%.0f %%%s", percent, against), "up"}
	}
	return trend{fmt.Sprintf("−%.0f %%%s", -percent, against), "down"}
}

// figure is one number on top of a page.
type figure struct {
	Name  string
	Value string // as shown
	Note  string // an explanation; may be empty
	Trend *trend
	Href  string
	State string // class of a state, such as state-failed; may be empty
}
