package web

import (
	"context"
	"strconv"
	"time"
)

// changesPage shows what changed in the data since a run.
var changesPage = &page{Name: "changes", Path: "/pipeline/changes", Title: "What changed", Section: "pipeline", Sub: "What changed", Keeps: []string{"since"},
	NoRange: true, Read: readChanges}

const mostChanges = 500

type changesData struct {
	Since   string
	Figures []figure
	Changes *table
	Sample  *table
	Runs    []link
}

type changeRow struct {
	Stream                     string
	From, To                   *time.Time
	Loads                      int64
	Inserted, Updated, Deleted int64
	Last                       time.Time
	Load                       int64
	All                        int64 // windows; the next three are totals over all of them
	AllInserted, AllUpdated    int64
	AllDeleted                 int64
}

func readChanges(ctx context.Context, q *request) (any, error) {
	since, err := q.sinceRun(ctx)
	if err != nil {
		return nil, err
	}
	recent, err := rows[runAt](ctx, q, "recent", nil)
	if err != nil {
		return nil, err
	}
	var data changesData
	for _, r := range recent {
		data.Runs = append(data.Runs, link{"run " + strconv.FormatInt(r.ID, 10), q.Link("/pipeline/changes", "since", strconv.FormatInt(r.ID, 10)), r.ID == since.ID})
	}
	if since.ID == 0 {
		return data, nil
	}
	data.Since = "run " + strconv.FormatInt(since.ID, 10) + ", which " + map[bool]string{true: "ended ", false: "has not ended and began "}[since.Ended] + showTime(since.At, q.Zone)
	q.Title = "What changed since run " + strconv.FormatInt(since.ID, 10)
	changes, err := rows[changeRow](ctx, q, "changes", map[string]any{"since": since.At, "most": mostChanges})
	if err != nil {
		return nil, err
	}
	sample, err := rows[struct {
		Load         int64
		Stream, What string
		Key          string
		Deleted      bool
	}](ctx, q, "sample", map[string]any{"since": since.At})
	if err != nil {
		return nil, err
	}
	data.Changes = q.changesTable(changes, &data)
	data.Sample = q.table("sample", "Some of the rows, by key", col("Table"), col("Key"), col("Now"), num("Load"))
	data.Sample.Empty = "No row was last changed by these loads: later loads changed their rows again, or the rows lie outside the windows."
	for _, s := range sample {
		is := cell{Text: "present", Value: "present"}.as("state-loaded")
		if s.Deleted {
			is = cell{Text: "no longer sent", Value: "deleted"}.as("state-due")
		}
		data.Sample.add(text(s.What), text(s.Key), is, id(s.Load).to(q.Link("/pipeline/window", "load", strconv.FormatInt(s.Load, 10))))
	}
	return data, nil
}

// runAt is a run with the time of its end or, if it has not ended, of its start.
type runAt struct {
	ID    int64
	At    time.Time
	Ended bool
}

// sinceRun is the run in the address. The default is the last run but one, so that the page shows what the last one changed.
func (q *request) sinceRun(ctx context.Context) (runAt, error) {
	asked := int64(0)
	if given := q.Values.Get("since"); given != "" {
		var err error
		if asked, err = strconv.ParseInt(given, 10, 64); err != nil || asked < 1 {
			return runAt{}, badRequest("The parameter since is not the number of a run.")
		}
	}
	found, err := rows[runAt](ctx, q, "run", map[string]any{"run": asked})
	switch {
	case err != nil:
		return runAt{}, err
	case len(found) > 0:
		return found[0], nil
	case asked > 0:
		return runAt{}, unknown("There is no run with this number.")
	}
	return runAt{}, nil
}

func (q *request) changesTable(all []changeRow, data *changesData) *table {
	t := q.table("changes", "Windows with changed rows, newest first", col("Window"), col("Stream"), num("Inserted"), num("Updated"), num("Deleted"), num("Loads"), col("Last"))
	t.Empty = "Nothing has changed since."
	if len(all) == mostChanges {
		t.More = "The newest " + showCount(mostChanges) + " of " + showCount(all[0].All) + " windows."
	}
	var totals changeRow
	for _, c := range all {
		totals = c // each row has the totals of all
		t.add(q.span(loadRow{From: c.From, To: c.To}).to(q.Link("/pipeline/window", "load", strconv.FormatInt(c.Load, 10))), text(c.Stream),
			count(c.Inserted), count(c.Updated), count(c.Deleted), count(c.Loads), q.moment(&c.Last))
	}
	data.Figures = []figure{{Name: "Rows inserted", Value: showCount(totals.AllInserted)}, {Name: "Rows updated", Value: showCount(totals.AllUpdated)},
		{Name: "Rows deleted", Value: showCount(totals.AllDeleted)}, {Name: "Windows", Value: showCount(totals.All), Note: "with changes"}}
	return t
}
