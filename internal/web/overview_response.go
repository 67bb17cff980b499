package web

import (
	"context"
	"fmt"
	"slices"
)

// responseRow is an hour of the week, or the whole range where it has none.
type responseRow struct {
	Weekday, Hour       *int
	Requested, Answered int64
	Median, P90         *float64
}

// readResponse draws the week: how many came, how fast, how slow at worst, and how often never. It completes the ranges.
func (o *overview) readResponse(ctx context.Context, q *request, now, before *requestRow) error {
	all, err := rows[responseRow](ctx, q, "response", nil)
	if err != nil {
		return err
	}
	earlier, err := one[struct{ Median, P90 *float64 }](ctx, q, "response_before", nil)
	if err != nil {
		return err
	}
	before.Median, before.P90 = earlier.Median, earlier.P90
	hours := slices.DeleteFunc(all, func(r responseRow) bool {
		if r.Weekday == nil {
			now.Median, now.P90 = r.Median, r.P90
		}
		return r.Weekday == nil
	})
	requests := func(r responseRow, v string) string { return v + " of " + showCount(r.Requested) + " requests" }
	o.Response = []*chart{
		q.week("response-requests", "When requests come", "For each hour of the week, how many demo requests came.", showNumber, "fewest", "most", hours,
			func(r responseRow) (*float64, string) { n := float64(r.Requested); return &n, showCount(r.Requested) }),
		q.week("response-median", "Median time to respond", "For each hour of the week, within which time half of the answers came.", showSeconds, "fast", "slow", hours,
			func(r responseRow) (*float64, string) { return r.Median, seconds(r.Median).Text }),
		q.week("response-p90", "90th percentile of the time to respond", "For each hour of the week, within which time nine of ten answers came.", showSeconds, "fast", "slow", hours,
			func(r responseRow) (*float64, string) { return r.P90, seconds(r.P90).Text }),
		q.week("response-never", "Never answered", "For each hour of the week, which part of the requests nobody responded to.", showShare, "few", "many", hours,
			func(r responseRow) (*float64, string) {
				part := float64(r.Requested-r.Answered) / float64(r.Requested)
				return &part, requests(r, showShare(part))
			}),
	}
	return nil
}

// week draws something of each hour of the week, with its table: a row a day. Its colours are fifths of the hours, not of the
// largest value: one request that was answered next morning would leave the others alike.
func (q *request) week(name, title, desc string, show func(float64) string, low, high string, hours []responseRow, of func(responseRow) (*float64, string)) *chart {
	t := q.table(name, title, col("Day"))
	for h := range 24 {
		t.Columns = append(t.Columns, num(fmt.Sprintf("%02d", h)))
	}
	var drawn [7][24]heat
	for _, r := range hours {
		v, words := of(r)
		drawn[*r.Weekday-1][*r.Hour] = heat{v, words}
	}
	for d := range 7 {
		row := []cell{text(weekdays[d])}
		for h := range 24 {
			row = append(row, number(drawn[d][h].Value, show))
		}
		t.add(row...)
	}
	c := heatChart(name, title, desc, t, show, drawn)
	inFifths(c, drawn, show, low, high)
	return c
}

// inFifths colours the cells of a week by their place among all of them.
func inFifths(c *chart, week [7][24]heat, show func(float64) string, low, high string) {
	var sorted []float64
	for _, hours := range week {
		for _, h := range hours {
			if h.Value != nil {
				sorted = append(sorted, *h.Value)
			}
		}
	}
	d := c.Data.(heatData)
	if len(sorted) == 0 {
		d.Low.Text, d.High.Text = low, high
		c.Data = d
		return
	}
	slices.Sort(sorted)
	for i, hours := range week {
		for j, h := range hours {
			if h.Value == nil {
				continue
			}
			first, _ := slices.BinarySearch(sorted, *h.Value)
			d.Cells[i*24+j].Class = fmt.Sprintf("heat-%d", 1+first*heatSteps/len(sorted))
		}
	}
	d.Low.Text, d.High.Text = low, fmt.Sprintf("%s: %s to %s, a fifth of the hours each", high, show(sorted[0]), show(sorted[len(sorted)-1]))
	c.Data = d
}
