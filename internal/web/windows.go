package web

import (
	"context"
	"slices"
	"strconv"
	"time"

	"wheelhouse/internal/stream"
)

// windowsPage lists the windows of a stream in a range, each with its last load.
var windowsPage = &page{Name: "windows", Path: "/pipeline/windows", Title: "Windows", Section: "pipeline", Sub: "Windows", Keeps: []string{"stream"},
	Today: true, Read: readWindows}

const mostWindows = 400

// loadRow is a row of the ledger.
type loadRow struct {
	ID            int64
	Run           int64
	Stream        string
	From, To      *time.Time
	Status        string
	Read          int64
	Inserted      int64
	Updated       int64
	Unchanged     int64
	Deleted       int64
	Rejected      int64
	Merged        int64
	SourceCount   *int64
	SourceSeconds *int64
	Reconciled    *bool
	RequestIDs    []string
	Attempts      int32
	StartedAt     time.Time
	FinishedAt    *time.Time
	Error         *string
	Times         int64 // the number of loads of the window
}

type windowsData struct {
	Streams []link
	Windows *table
}

func readWindows(ctx context.Context, q *request) (any, error) {
	chosen := q.Values.Get("stream")
	if chosen == "" {
		chosen = "usage_new"
	}
	if !slices.Contains(stream.Names(), chosen) {
		return nil, unknown("There is no such stream.")
	}
	q.Title = "Windows of " + chosen
	all, err := rows[loadRow](ctx, q, "windows", map[string]any{"stream": chosen, "most": mostWindows})
	if err != nil {
		return nil, err
	}
	t := q.table("windows", "Windows, newest first, each with its last load", col("Window"), col("State"), num("Read"), num("API count"), num("Inserted"),
		num("Updated"), num("Deleted"), num("Rejected"), num("Tries"), col("Last"), col("Error"))
	t.Empty = "No window of this stream lies in this range."
	if len(all) == mostWindows {
		t.More = "The newest " + showCount(mostWindows) + "; a shorter range shows older ones."
	}
	for _, l := range all {
		t.add(q.span(l).to(q.Link("/pipeline/window", "load", strconv.FormatInt(l.ID, 10))), loadState(l), count(l.Read), countOr(l.SourceCount), count(l.Inserted),
			count(l.Updated), count(l.Deleted), count(l.Rejected), count(l.Times), q.moment(l.FinishedAt), textOr(l.Error, ""))
	}
	data := windowsData{Windows: t}
	for _, name := range stream.Names() {
		data.Streams = append(data.Streams, link{name, q.Link("/pipeline/windows", "stream", name), name == chosen})
	}
	return data, nil
}

// loadState is the cell of a load's state. A loaded window that is not reconciled is not simply "loaded".
func loadState(l loadRow) cell {
	switch {
	case l.Status == failed:
		return state(failed)
	case l.Status == "running":
		return cell{Text: "running", Value: "running"}.as("state-running")
	case l.Reconciled != nil && !*l.Reconciled:
		return state(unreconciled)
	}
	return state(loaded)
}

// span is a window as text: its days if it consists of whole days of the account, else its times in the page's zone.
func (q *request) span(l loadRow) cell {
	if l.From == nil || l.To == nil {
		return cell{Text: "endless", Value: "endless"}
	}
	value := l.From.UTC().Format(time.RFC3339) + "/" + l.To.UTC().Format(time.RFC3339)
	zone, err := time.LoadLocation(q.Account.Timezone)
	if err != nil {
		zone = time.UTC // this machine does not know the zone in the warehouse
	}
	first, last := l.From.In(zone), l.To.Add(-time.Second).In(zone)
	if whole(*l.From, zone) && (whole(*l.To, zone) || l.To.In(zone).Format(time.TimeOnly) == "23:59:59") {
		if first.Format(time.DateOnly) == last.Format(time.DateOnly) {
			return cell{Text: showDay(first), Value: value, Fixed: true}
		}
		return cell{Text: showDay(first) + " to " + showDay(last), Value: value}
	}
	if l.To.Sub(*l.From) <= time.Second {
		return cell{Text: showTime(*l.From, q.Zone), Value: value}
	}
	from, to := l.From.In(q.Zone), l.To.In(q.Zone)
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		return cell{Text: showTime(from, q.Zone) + " to " + to.Format("15:04"), Value: value, Fixed: true}
	}
	return cell{Text: showTime(from, q.Zone) + " to " + showTime(to, q.Zone), Value: value}
}

// whole reports whether a day begins at t: the second before belongs to another day.
func whole(t time.Time, zone *time.Location) bool {
	return t.In(zone).Format(time.DateOnly) != t.Add(-time.Second).In(zone).Format(time.DateOnly)
}
