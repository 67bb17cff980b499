package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"wheelhouse/internal/pipeline"
)

// runTotals is a run's result as programs read it.
type runTotals struct {
	Run       int64        `json:"run_id"`
	Succeeded bool         `json:"succeeded"` // everything due is loaded and reconciled
	Windows   windowTotals `json:"windows"`
	Rows      rowTotals    `json:"rows"`
	Requests  int          `json:"requests"`
}

// windowTotals counts the windows that were due, by outcome.
type windowTotals struct {
	Due          int `json:"due"`
	Loaded       int `json:"loaded"`
	Reconciled   int `json:"reconciled"`   // loaded, with the API's totals
	Unreconciled int `json:"unreconciled"` // loaded, with other totals than the API's
	Failed       int `json:"failed"`
	Elsewhere    int `json:"elsewhere"` // loaded by another process
	Left         int `json:"left"`      // not tried
}

// rowTotals counts the rows. Read = Inserted + Updated + Unchanged + Merged + Rejected.
type rowTotals struct {
	Read      int64 `json:"read"`
	Inserted  int64 `json:"inserted"`
	Updated   int64 `json:"updated"`
	Unchanged int64 `json:"unchanged"`
	Deleted   int64 `json:"deleted"`
	Merged    int64 `json:"merged"`
	Rejected  int64 `json:"rejected"`
}

func totals(r pipeline.Result) runTotals {
	n := r.Counts
	return runTotals{
		Run: r.Run, Succeeded: r.OK(), Requests: r.Requests,
		Windows: windowTotals{
			Due: r.Windows, Loaded: r.Loaded, Reconciled: r.Reconciled, Unreconciled: r.Unreconciled,
			Failed: r.Failed, Elsewhere: r.Elsewhere, Left: r.Left,
		},
		Rows: rowTotals{
			Read: n.Read, Inserted: n.Inserted, Updated: n.Updated, Unchanged: n.Unchanged,
			Deleted: n.Deleted, Merged: n.Merged, Rejected: n.Rejected,
		},
	}
}

// Summary writes a run's result, as text or as a JSON object.
func Summary(w io.Writer, r pipeline.Result, asJSON bool) error {
	t := totals(r)
	if asJSON {
		return JSON(w, t)
	}
	if t.Windows.Due == 0 {
		_, err := fmt.Fprintln(w, "Nothing was due: everything asked for is loaded.")
		return err
	}
	windows := list(
		item{int64(t.Windows.Loaded), "loaded", true}, item{int64(t.Windows.Reconciled), "of them reconciled", false},
		item{int64(t.Windows.Unreconciled), "not reconciled", false}, item{int64(t.Windows.Failed), "failed", false},
		item{int64(t.Windows.Elsewhere), "loaded by another process", false}, item{int64(t.Windows.Left), "left for the next run", false})
	rows := list(
		item{t.Rows.Read, "read", true}, item{t.Rows.Inserted, "inserted", true}, item{t.Rows.Updated, "updated", true},
		item{t.Rows.Unchanged, "unchanged", true}, item{t.Rows.Deleted, "deleted", true},
		item{t.Rows.Merged, "merged into others", false}, item{t.Rows.Rejected, "rejected", true})
	_, err := fmt.Fprintf(w, "Windows   %s due: %s\nRows      %s\nRequests  %s\n%s", Count(t.Windows.Due), windows, rows, Count(t.Requests), advice(t))
	return err
}

// item is a count with its noun. It is shown if it is not 0 or if always is set.
type item struct {
	n      int64
	what   string
	always bool
}

func list(all ...item) string {
	var texts []string
	for _, p := range all {
		if p.n != 0 || p.always {
			texts = append(texts, Count(p.n)+" "+p.what)
		}
	}
	return strings.Join(texts, ", ")
}

// advice says what to do if the run is not complete.
func advice(t runTotals) string {
	switch n := t.Windows; {
	case cmp.Or(n.Failed, n.Left, n.Unreconciled) != 0:
		return "Not everything is loaded and reconciled: `wheelhouse status` shows details, and the next run tries again.\n"
	case t.Rows.Rejected > 0:
		return "Some records could not be understood: `wheelhouse rejects list` shows them.\n"
	}
	return ""
}
