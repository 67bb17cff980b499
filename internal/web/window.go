package web

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// windowPage shows the history of a window, which is found by any of its loads.
var windowPage = &page{Name: "window", Path: "/pipeline/window", Title: "Window", Section: "pipeline", Keeps: []string{"load"}, NoRange: true, Read: readWindow}

const mostLoads = 500 // also the most rejects

type windowData struct {
	Back    string
	Stream  string
	Loads   *table
	Answers *table
	Rejects *table
}

func readWindow(ctx context.Context, q *request) (any, error) {
	load, err := strconv.ParseInt(q.Values.Get("load"), 10, 64)
	if err != nil {
		return nil, badRequest("The parameter load is not the number of a load.")
	}
	args := map[string]any{"load": load, "most": mostLoads}
	all, err := rows[loadRow](ctx, q, "loads", args)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, unknown("This account has no load with this number.")
	}
	span := q.span(all[0])
	q.Title = all[0].Stream + ", " + span.Text
	rejects, err := rows[rejectRow](ctx, q, "rejects", args)
	if err != nil {
		return nil, err
	}
	data := windowData{Back: q.Link("/pipeline/windows", "stream", all[0].Stream), Stream: all[0].Stream, Loads: q.historyTable(all), Answers: q.answersTable(all),
		Rejects: q.rejectsTable("rejects", "Rejects of this window", rejects)}
	if n := int64(len(all)); n < all[0].Times {
		data.Loads.More = "The newest " + showCount(n) + " of " + showCount(all[0].Times) + "."
		data.Answers.More = data.Loads.More
	}
	if len(rejects) == mostLoads {
		data.Rejects.More = "The newest " + showCount(mostLoads) + "; `wheelhouse rejects list` lists all."
	}
	if from, to := all[0].From, all[0].To; from != nil && to != nil {
		data.Back = q.windowsOf(all[0].Stream, from.AddDate(0, 0, -7), to.AddDate(0, 0, 7))
	}
	return data, nil
}

// historyTable shows what each load of a window read and changed.
func (q *request) historyTable(all []loadRow) *table {
	t := q.table("loads", "Loads of this window, newest first", num("Load"), num("Run"), col("State"), num("Read"), num("Inserted"), num("Updated"),
		num("Unchanged"), num("Deleted"), num("Rejected"), num("Merged"), num("API count"), num("API seconds"), col("Reconciled"))
	for _, l := range all {
		reconciled := cell{Text: "no totals"}
		if l.Reconciled != nil {
			reconciled = cell{Text: map[bool]string{true: "yes", false: "no"}[*l.Reconciled], Value: strconv.FormatBool(*l.Reconciled)}
		}
		t.add(id(l.ID), id(l.Run).to(q.Link("/pipeline/changes", "since", strconv.FormatInt(l.Run, 10))), loadState(l), count(l.Read), count(l.Inserted), count(l.Updated),
			count(l.Unchanged), count(l.Deleted), count(l.Rejected), count(l.Merged), countOr(l.SourceCount), countOr(l.SourceSeconds), reconciled)
	}
	return t
}

// answersTable shows each load's requests, for questions to CrankWheel.
func (q *request) answersTable(all []loadRow) *table {
	t := q.table("requests", "Requests of each load", num("Load"), col("Began"), num("Took"), num("Requests"), col("Request ids"), col("Error"))
	for _, l := range all {
		ids := cell{Text: "none sent"}
		if n := len(l.RequestIDs); n > 0 {
			ids = text(strings.Join(l.RequestIDs, " "))
			if n > 8 {
				ids.Text = shorten(strings.Join(l.RequestIDs[:8], " "), longestShown) + fmt.Sprintf(" and %d more (all are in the CSV)", n-8)
			}
		}
		t.add(id(l.ID), q.moment(&l.StartedAt), took(&l.StartedAt, l.FinishedAt), count(int64(l.Attempts)), ids, textOr(l.Error, ""))
	}
	return t
}

// took is the cell of a duration.
func took(from, to *time.Time) cell {
	if from == nil || to == nil {
		return cell{Text: nothing}
	}
	s := to.Sub(*from).Seconds()
	return seconds(&s)
}
