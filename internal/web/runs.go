package web

import (
	"context"
	"time"
)

// runsPage lists the pipeline's runs.
var runsPage = &page{Name: "runs", Path: "/pipeline/runs", Title: "Runs", Section: "pipeline", Sub: "Runs", Today: true, Read: readRuns}

const mostRuns = 500

type runRow struct {
	ID         int64
	Kind       string
	StartedAt  time.Time
	FinishedAt *time.Time
	Outcome    *string
	Version    string
	Host       string
	Windows    int64
	Failed     int64
	Differing  int64
	Changed    int64
	Rejected   int64
}

func readRuns(ctx context.Context, q *request) (any, error) {
	all, err := rows[runRow](ctx, q, "runs", map[string]any{"most": mostRuns})
	if err != nil {
		return nil, err
	}
	return q.runsTable("runs", "Runs of this account, newest first", all), nil
}

func (q *request) runsTable(name, caption string, all []runRow) *table {
	t := q.table(name, caption, num("Run"), col("Command"), col("Began"), num("Took"), col("Outcome"), num("Windows"), num("Failed"),
		num("Not reconciled"), num("Rows changed"), num("Rejected"), col("Version"), col("Machine"))
	t.Empty = "No run in this range."
	t.Quiet = true
	if len(all) == mostRuns {
		t.More = "The newest " + showCount(mostRuns) + "; a shorter range shows older ones."
	}
	for _, r := range all {
		t.add(id(r.ID).to(q.Link("/pipeline/changes", "since", id(r.ID).Value)), text(r.Kind), q.moment(&r.StartedAt), took(&r.StartedAt, r.FinishedAt), outcome(r, q.Now), count(r.Windows), count(r.Failed),
			count(r.Differing), count(r.Changed), count(r.Rejected), text(r.Version), text(r.Host))
	}
	return t
}

// outcome is the cell for a run's outcome. The text is the outcome of the whole run; the look is that of the worst window of
// this account.
func outcome(r runRow, now time.Time) cell {
	switch {
	case r.Outcome == nil && now.Sub(r.StartedAt) > 24*time.Hour:
		return cell{Text: "never ended", Value: "never ended"}.as("state-failed")
	case r.Outcome == nil:
		return cell{Text: "running", Value: "running"}.as("state-running")
	case r.Failed > 0 || *r.Outcome == failed:
		return text(*r.Outcome).as("state-failed")
	case r.Differing > 0 || *r.Outcome == unreconciled:
		return text(*r.Outcome).as("state-unreconciled")
	case *r.Outcome != loaded: // interrupted, or an outcome of a newer version
		return text(*r.Outcome).as("state-warn")
	}
	return text(*r.Outcome).as("state-loaded")
}
