package web

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// responseRow is an hour of the week, in the range or the one before.
type responseRow struct {
	Now                 bool
	Weekday, Hour       int
	Requested, Answered int64
	Seconds             []int32 // to respond, for each answered request
}

// readResponse draws requests, time to respond and unanswered requests by hour of the week. It also sets the percentiles of
// now and before.
func (o *overview) readResponse(ctx context.Context, q *request, now, before *requestRow) error {
	all, err := rows[responseRow](ctx, q, "response", nil)
	if err != nil {
		return err
	}
	var seconds, earlier []int32
	var hours []responseRow
	for _, r := range all {
		if !r.Now {
			earlier = append(earlier, r.Seconds...)
			continue
		}
		seconds = append(seconds, r.Seconds...)
		slices.Sort(r.Seconds)
		hours = append(hours, r)
	}
	slices.Sort(seconds)
	slices.Sort(earlier)
	now.Median, now.P90 = percentileOf(seconds, 0.5), percentileOf(seconds, 0.9)
	before.Median, before.P90 = percentileOf(earlier, 0.5), percentileOf(earlier, 0.9)
	o.drawResponse(q, hours)
	return nil
}

// percentileOf is the same as percentile_cont of sorted values, to the last bit. It is nil for no values.
func percentileOf(sorted []int32, part float64) *float64 {
	if len(sorted) == 0 {
		return nil
	}
	at := part * float64(len(sorted)-1)
	low, high := float64(sorted[int(math.Floor(at))]), float64(sorted[int(math.Ceil(at))])
	v := low + float64((at-math.Floor(at))*(high-low)) // the conversion prevents a fused operation, which would round differently
	return &v
}

func (o *overview) drawResponse(q *request, hours []responseRow) {
	requests := func(r responseRow, v string) string { return v + " of " + showCount(r.Requested) + " requests" }
	o.Response = []*chart{
		q.week("response-requests", "When requests come", "The number of demo requests in each hour of the week.", showNumber, "fewest", "most", hours,
			func(r responseRow) (*float64, string) { n := float64(r.Requested); return &n, showCount(r.Requested) }),
		q.week("response-median", "Median time to respond", "For each hour of the week, the time within which half of the answers came.", showSeconds, "fast", "slow", hours,
			func(r responseRow) (*float64, string) { v := percentileOf(r.Seconds, 0.5); return v, seconds(v).Text }),
		q.week("response-p90", "90th percentile of the time to respond", "For each hour of the week, the time within which nine of ten answers came.", showSeconds, "fast", "slow", hours,
			func(r responseRow) (*float64, string) { v := percentileOf(r.Seconds, 0.9); return v, seconds(v).Text }),
		q.week("response-never", "Never answered", "For each hour of the week, the percentage of requests that were never answered.", showShare, "few", "many", hours,
			func(r responseRow) (*float64, string) {
				never := float64(r.Requested-r.Answered) / float64(r.Requested)
				return &never, requests(r, showShare(never))
			}),
	}
}

// week draws a figure for each hour of the week, with a table of one row for each day. Each colour stands for a fifth of the
// hours, not for a fifth of the largest value: one request that was answered next morning would make all others look alike.
func (q *request) week(name, title, desc string, show func(float64) string, low, high string, hours []responseRow, of func(responseRow) (*float64, string)) *chart {
	t := q.table(name, title, col("Day"))
	for h := range 24 {
		t.Columns = append(t.Columns, num(fmt.Sprintf("%02d", h)))
	}
	var drawn [7][24]heat
	for _, r := range hours {
		v, words := of(r)
		drawn[r.Weekday-1][r.Hour] = heat{v, words}
	}
	for d := range 7 {
		row := []cell{text(weekdays[d])}
		for h := range 24 {
			row = append(row, number(drawn[d][h].Value, show))
		}
		t.add(row...)
	}
	c := heatChart(name, title, desc, t, show, drawn)
	colourByFifths(c, drawn, show, low, high)
	return c
}

// colourByFifths colours each cell by its rank among all cells.
func colourByFifths(c *chart, week [7][24]heat, show func(float64) string, low, high string) {
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
