package web

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"testing"
	"time"
)

func TestNumbersAreFormatted(t *testing.T) {
	t.Parallel()
	const narrow = "\u202f"
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct{ got, want string }{
		{showCount(0), "0"}, {showCount(999), "999"}, {showCount(1000), "1" + narrow + "000"}, {showCount(-1234567), "−1" + narrow + "234" + narrow + "567"},
		{showCount(math.MinInt64), "−9" + narrow + "223" + narrow + "372" + narrow + "036" + narrow + "854" + narrow + "775" + narrow + "808"},
		{showNumber(0.5), "0.50"}, {showNumber(12.34), "12.3"}, {showNumber(3), "3"}, {showNumber(1234.5), "1" + narrow + "235"}, {showNumber(math.NaN()), nothing},
		{showSeconds(8.44), "8.4 s"}, {showSeconds(59.6), "1:00 min"}, {showSeconds(245), "4:05 min"}, {showSeconds(12000), "3:20 h"},
		{showSeconds(12*86400 + 4*3600), "12 d 4 h"}, {showSeconds(-5), "−5 s"}, {showSeconds(math.Inf(1)), nothing},
		{showHours(59.6), "1:00 min"}, {showHours(12000), "3:20 h"}, {showHours(58*3600 + 600), "58:10 h"}, {showHours(1234*3600 + 300), "1" + narrow + "234:05 h"}, {showHours(math.NaN()), nothing},
		{showShare(0.1234), "12 %"}, {showShare(0.0123), "1.2 %"}, {showShare(0), "0 %"}, {showShare(1), "100 %"},
		{showShare(0.994), "99 %"}, {showShare(0.996), "99.6 %"}, {showShare(2919. / 2920), "99.9 %"}, {showShare(1 - 1e-9), "99.9 %"}, {showShare(1.25), "125 %"},
		{showAgo(now.Add(-30*time.Second), now), "just now"}, {showAgo(now.Add(-time.Minute), now), "1 minute ago"},
		{showAgo(now.Add(-5*time.Hour), now), "5 hours ago"}, {showAgo(now.Add(-72*time.Hour), now), "3 days ago"}, {showAgo(now.Add(2*time.Hour), now), "in 2 hours"},
		{shorten("a\nb\tc", 10), "a b c"}, {shorten("abcdef", 3), "abc…"}, {shorten("a\u202eb\x00", 10), "a\ufffdb\ufffd"}, {shorten("þórð", 10), "þórð"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestTrendComparesRanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		now, before float64
		days        int
		text, way   string
	}{
		{112, 100, 28, "+12 % against the 28 days before", "up"}, {50, 100, 7, "−50 % against the 7 days before", "down"},
		{100, 100.1, 1, "as much as the day before", "level"}, {3, 0, 28, "new against the 28 days before", "up"}, {0, 0, 28, "none against the 28 days before", "level"},
		{0, 5, 28, "−100 % against the 28 days before", "down"}, {500, 10, 28, "50 times the 28 days before", "up"}, {math.NaN(), 1, 28, "nothing to compare with", "level"},
	} {
		if got := trendOf(c.now, c.before, c.days); got.Text != c.text || got.Way != c.way {
			t.Errorf("%v against %v: %+v", c.now, c.before, got)
		}
	}
}

func TestFormulasAreMadeHarmless(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"=1+1": "'=1+1", "+49": "'+49", "-x": "'-x", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t'=1", "\r=1": "'\r'=1", "\n1": "'\n1",
		"a;=1": "a;'=1", "a;;@x\n+1\r\n-2\t=3": "a;;'@x\n'+1\r\n'-2\t'=3", "Iceland; Norway": "Iceland; Norway", "a-b;c": "a-b;c", `a;"=1`: `a;"'=1`,
		"": "", "a=b": "a=b", "'=1": "'=1", "ð": "ð",
	} {
		if got := harmless(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestAxisEndsAtARoundNumber(t *testing.T) {
	t.Parallel()
	for x, want := range map[float64]float64{0: 1, 1: 1, 1.2: 1.5, 7: 8, 8.1: 10, 99: 100, 101: 150, 0.03: 0.03, math.NaN(): 1, math.Inf(1): 1} {
		top, steps := niceTop(x)
		if math.Abs(top-want) > 1e-9 || steps < 1 {
			t.Errorf("%v: %v in %d steps", x, top, steps)
		}
	}
}

// A chart has the values that it was given, and never NaN.
func TestChartsDrawTheirValues(t *testing.T) {
	t.Parallel()
	v := func(x float64) *float64 { return &x }
	var week [7][24]heat
	week[2][9] = heat{v(4), "4 requests"}
	charts := template.Must(common.Clone())
	first := time.Date(2026, 1, 30, 0, 0, 0, 0, time.UTC)
	for _, c := range []*chart{
		daysChart("a", "By day", "d", first, showNumber, nil, series{"one", []*float64{v(1), nil, v(3), v(0)}}, series{"two", []*float64{v(2)}}),
		daysChart("b", "Nothing", "d", first, showNumber, nil, series{"one", nil}),
		barsChart("c", "Bars", "d", nil, []bar{{Name: `<b>"x"`, Value: 3, Shown: "3"}, {Name: "nought", Shown: "0"}}),
		funnelChart("e", "Funnel", "d", nil, []bar{{Name: "in", Value: 10, Shown: "10"}, {Name: "out", Value: 4, Shown: "4"}}),
		heatChart("f", "Week", "d", nil, showNumber, week),
		calendarChart("g", "Days", "d", nil, first, []calendarDay{{Day: first, Class: "day-gap", Mark: "G", Title: "30 Jan: gap"}, {Day: first.AddDate(0, 0, 1), Class: "day-loaded"}}),
	} {
		var b strings.Builder
		if err := charts.ExecuteTemplate(&b, "chart", c); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		if strings.Contains(text, "NaN") || strings.Contains(text, "ZgotmplZ") || strings.Contains(text, "<b>") || strings.Contains(text, "%!") {
			t.Errorf("%s:\n%s", c.Title, text)
		}
	}
	for _, c := range []struct{ first, last, want string }{
		{"2026-09-25", "2026-11-26", "[Oct Nov]"}, // no room for September, with five days before October
		{"2026-09-10", "2026-11-26", "[Sep Oct Nov]"},
		{"2026-09-25", "2026-10-02", "[Sep]"}, // no room for October, at the edge
		{"2026-12-01", "2027-01-31", "[Dec Jan]"},
	} {
		var days []calendarDay
		for day := *at(c.first + " 00:00:00"); !day.After(*at(c.last + " 00:00:00")); day = day.AddDate(0, 0, 1) {
			days = append(days, calendarDay{Day: day})
		}
		var names []string
		for _, m := range calendarChart("g", "Days", "d", nil, days[0].Day, days).Data.(calendarData).Months {
			names = append(names, m.Text)
		}
		if got := fmt.Sprint(names); got != c.want {
			t.Errorf("%s to %s: %s, want %s", c.first, c.last, got, c.want)
		}
	}
	var b strings.Builder
	_ = charts.ExecuteTemplate(&b, "chart", funnelChart("e", "Funnel", "d", nil, []bar{{Name: "in", Value: 10, Shown: "10"}, {Name: "out", Value: 4, Shown: "4"}}))
	for _, part := range []string{`data-value="10"`, `data-value="4"`, "4 · 40 %", `width="260"`, `width="104"`} {
		if !strings.Contains(b.String(), part) {
			t.Errorf("no %s in\n%s", part, b.String())
		}
	}
}
