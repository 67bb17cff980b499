package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"wheelhouse/internal/report"
)

// nothing is shown where there is no value.
const nothing = "–"

// showCount separates thousands with a narrow space, as ISO 80000 recommends.
func showCount(n int64) string {
	text := strconv.FormatInt(n, 10)
	sign := ""
	if text[0] == '-' {
		sign, text = "−", text[1:]
	}
	var b strings.Builder
	for i, digit := range text {
		if i > 0 && (len(text)-i)%3 == 0 {
			b.WriteRune('\u202f')
		}
		b.WriteRune(digit)
	}
	return sign + b.String()
}

// showNumber is a measured number, with about three digits.
func showNumber(x float64) string {
	switch a := math.Abs(x); {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return nothing
	case a >= 100 || x == math.Trunc(x):
		return showCount(int64(math.Round(x)))
	case a >= 10:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'f', 2, 64)
}

// showSeconds is a duration: 8.4 s, 4:05 min, 3:20 h, 12 d 4 h.
func showSeconds(s float64) string {
	whole := int64(math.Round(s))
	switch {
	case math.IsNaN(s) || math.IsInf(s, 0):
		return nothing
	case s < 0:
		return "−" + showSeconds(-s)
	case s < 10 && s != math.Trunc(s):
		return strconv.FormatFloat(s, 'f', 1, 64) + " s"
	case whole < 60:
		return fmt.Sprintf("%d s", whole)
	case whole < 3600:
		return fmt.Sprintf("%d:%02d min", whole/60, whole%60)
	case whole < 48*3600:
		return showHours(s)
	}
	return fmt.Sprintf("%d d %d h", whole/86400, whole%86400/3600)
}

// showHours is a duration of work, which is not converted to days: 58:10 h.
func showHours(s float64) string {
	whole := int64(math.Round(s))
	if whole < 3600 {
		return showSeconds(s)
	}
	return showCount(whole/3600) + fmt.Sprintf(":%02d h", whole%3600/60)
}

// showShare is a fraction as a percentage. Anything less than the whole is shown as less than 100 %.
func showShare(x float64) string {
	p := 100 * x
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return nothing
	case p != 0 && math.Abs(p) < 9.95:
		return strconv.FormatFloat(p, 'f', 1, 64) + " %"
	case p >= 99.5 && x < 1:
		return strconv.FormatFloat(math.Floor(10*p)/10, 'f', 1, 64) + " %"
	}
	return strconv.FormatFloat(p, 'f', 0, 64) + " %"
}

func showDay(t time.Time) string {
	if t.IsZero() {
		return nothing
	}
	return t.Format("2 Jan 2006")
}

// showTime is a time in a zone, to the minute.
func showTime(t time.Time, zone *time.Location) string { return t.In(zone).Format("2 Jan 2006 15:04") }

// showAgo is roughly how long ago a time was.
func showAgo(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case d < 0:
		return "in " + report.Roughly(-d)
	case d < time.Minute:
		return "just now"
	}
	return report.Roughly(d) + " ago"
}

// longestShown is the number of characters of a text that a table shows. The CSV has the whole text.
const longestShown = 240

// shorten cuts a text for display, and replaces invisible characters by U+FFFD.
func shorten(s string, most int) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > most {
			return b.String() + "…"
		}
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			r = ' '
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Cf, r) && r != '\u200d':
			r = '\ufffd'
		}
		b.WriteRune(r)
	}
	return b.String()
}
