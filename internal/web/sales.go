package web

import (
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Shared by the pages about selling: buckets of days, trends, links and paged tables.

// trend compares a number with that of the range before, if that range lies within the account's history.
func (q *request) trend(now, before float64) *trend {
	if q.From.AddDate(0, 0, -q.Days).Before(q.Account.HistoryFrom) {
		before = math.NaN()
	}
	t := trendOf(now, before, q.Days)
	return &t
}

// trendPtr is trend of values that may be nil.
func (q *request) trendPtr(now, before *float64) *trend {
	if now == nil || before == nil {
		return q.trend(math.NaN(), math.NaN())
	}
	return q.trend(*now, *before)
}

// counted is a figure that is a count.
func (q *request) counted(name string, now, before int64, note string) figure {
	return figure{Name: name, Value: showCount(now), Note: note, Trend: q.trend(float64(now), float64(before))}
}

// timed is a figure in seconds.
func (q *request) timed(name string, now, before *float64, note string) figure {
	return figure{Name: name, Value: seconds(now).Text, Note: note, Trend: q.trendPtr(now, before)}
}

// of is a fraction of a whole as text.
func of(part, whole int64, what string) string {
	if whole == 0 {
		return ""
	}
	return showShare(float64(part)/float64(whole)) + " of " + what
}

// A chart over time has a point for each day, or in a longer range for several days.
const (
	mostPoints  = 100 // the longest range with a point for each day
	weeksPoints = 800 // the longest range with a point for each week
)

// step is the number of days of one point of a chart over time.
func (q *request) step() int {
	switch {
	case q.Days <= mostPoints:
		return 1
	case q.Days <= weeksPoints:
		return 7
	}
	return 28
}

// back is the number of steps from a day to the range's end.
func (q *request) back(day time.Time) int { return int(q.To.Sub(day).Hours()/24) / q.step() }

// bucket is a row of a statement over time: the number of steps before the range's end, and two counts.
type bucket struct {
	Back int
	A, B int64
}

// overTime draws counts over time with their table. The last bucket ends with the range; the first may be shorter.
func (q *request) overTime(name, title, first, second string, all []bucket) *chart {
	step := q.step()
	n := (q.Days + step - 1) / step
	a, b := make([]*float64, n), make([]*float64, n)
	for i := range n {
		a[i], b[i] = new(float64), new(float64)
	}
	for _, x := range all {
		if i := n - 1 - x.Back; i >= 0 && i < n {
			*a[i] += float64(x.A)
			*b[i] += float64(x.B)
		}
	}
	begin := func(i int) time.Time {
		d := q.To.AddDate(0, 0, 1-(n-i)*step)
		if d.Before(q.From) {
			return q.From
		}
		return d
	}
	unit := map[int]string{1: "Day", 7: "Week from", 28: "Four weeks from"}[step]
	t := q.table(name, title, col(unit), num(first), num(second))
	for i := range n {
		t.add(date(begin(i)), count(int64(*a[i])), count(int64(*b[i])))
	}
	desc := first + " and " + second + ", from " + showDay(q.From) + " to " + showDay(q.To) + "."
	c := daysChart(name, title, desc, q.From, showNumber, t, series{first, a}, series{second, b})
	if step == 1 {
		return c
	}
	c.Note = "Each point is " + strconv.Itoa(step) + " days; the first one may have fewer."
	d := c.Data.(daysData)
	for i := range d.Lines {
		for j := range d.Lines[i].Dots {
			value := [][]*float64{a, b}[i][j]
			d.Lines[i].Dots[j].Title = unit + " " + showDay(begin(j)) + ", " + d.Lines[i].Name + ": " + showNumber(*value)
		}
	}
	for i := range d.Labels {
		d.Labels[i].Text = begin(i * max(1, (n+4)/5)).Format("Jan 2006")
	}
	c.Data = d
	return c
}

// top is the number of rows of a long table that the overview shows at first.
const top = 15

// cut is the number of rows of a table to show: all rows if the address or a CSV asks for them.
func (q *request) cut(t *table, have int) int {
	if q.Values.Get("all") == t.Name || q.wholeTable(t.Name) {
		return have
	}
	return min(have, top)
}

// wholeTable reports whether the request is for a table as CSV.
func (q *request) wholeTable(name string) bool {
	return q.Values.Get("format") == "csv" && q.Values.Get("table") == name
}

func (q *request) agent(email *string) cell {
	if email == nil {
		return cell{Text: nothing}
	}
	return text(*email).to(q.agentLink(*email))
}

func (q *request) agentLink(email string) string { return q.Link("/agent", "email", email) }

func (q *request) share(slug string, name *string) cell {
	c := textOr(name, slug)
	c.Value = slug
	return c.to(q.Link("/share", "slug", slug))
}

// pager is the navigation through a table's rows.
type pager struct {
	Name, Caption string
	Page, Pages   int
	Rows          int64
	Earlier, Next string // addresses; "" for none
}

const (
	pageRows = 50
	csvRows  = 50_000 // of a paged table
)

// pageOf chooses which of a table's rows to read, by a parameter such as page-days for the table days.
func (q *request) pageOf(name, caption string, rows int64) (p *pager, skip, most int) {
	if q.wholeTable(name) {
		q.over = max(0, rows-csvRows)
		if q.over > 0 {
			return nil, 0, 0 // it is refused
		}
		return nil, 0, csvRows
	}
	p = &pager{Name: name, Caption: caption, Rows: rows, Pages: max(1, int((rows+pageRows-1)/pageRows)), Page: 1}
	if n, err := strconv.Atoi(q.Values.Get("page-" + name)); err == nil && n > 1 {
		p.Page = min(n, p.Pages)
	}
	link := func(n int) string {
		values := []string{}
		for _, keep := range q.Page.Keeps {
			values = append(values, keep, q.Values.Get(keep))
		}
		return q.Link(q.Page.Path, append(values, "page-"+name, strconv.Itoa(n))...) + "#rows-" + name
	}
	if p.Page > 1 {
		p.Earlier = link(p.Page - 1)
	}
	if p.Page < p.Pages {
		p.Next = link(p.Page + 1)
	}
	return p, (p.Page - 1) * pageRows, pageRows
}

// Text says which rows are shown.
func (p *pager) Text() string {
	return "Page " + showCount(int64(p.Page)) + " of " + showCount(int64(p.Pages)) + ", " + showCount(p.Rows) + " rows in all"
}

// given is a parameter that is required.
func (q *request) given(name string) (string, error) {
	v := q.Values.Get(name)
	if v == "" || !fits(v) {
		return "", badRequest("The address has no valid " + url.QueryEscape(name) + ".")
	}
	return v, nil
}

// fits reports whether a text from an address can be a statement's argument and has a plausible length.
func fits(v string) bool {
	return len(v) <= 4096 && utf8.ValidString(v) && !strings.Contains(v, "\x00")
}
