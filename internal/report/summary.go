package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"wheelhouse/internal/pipeline"
)

// Totals is a run's result as programs read it.
type Totals struct {
	Run       int64        `json:"run_id"`
	Succeeded bool         `json:"succeeded"` // everything due is loaded and adds up
	Windows   WindowTotals `json:"windows"`
	Rows      RowTotals    `json:"rows"`
	Requests  int          `json:"requests"`
}

// WindowTotals is what became of the windows that were due.
type WindowTotals struct {
	Due          int `json:"due"`
	Loaded       int `json:"loaded"`
	Reconciled   int `json:"reconciled"`   // of the loaded: agree with the API's totals
	Unreconciled int `json:"unreconciled"` // of the loaded: do not
	Failed       int `json:"failed"`
	Elsewhere    int `json:"elsewhere"` // loaded by another process
	Left         int `json:"left"`      // not tried
}

// RowTotals is what came and what it changed. Read = Inserted + Updated + Unchanged + Merged + Rejected.
type RowTotals struct {
	Read      int64 `json:"read"`
	Inserted  int64 `json:"inserted"`
	Updated   int64 `json:"updated"`
	Unchanged int64 `json:"unchanged"`
	Deleted   int64 `json:"deleted"`
	Merged    int64 `json:"merged"`
	Rejected  int64 `json:"rejected"`
}

func totals(r pipeline.Result) Totals {
	n := r.Counts
	return Totals{
		Run: r.Run, Succeeded: r.OK(), Requests: r.Requests,
		Windows: WindowTotals{
			Due: r.Windows, Loaded: r.Loaded, Reconciled: r.Reconciled, Unreconciled: r.Unreconciled,
			Failed: r.Failed, Elsewhere: r.Elsewhere, Left: r.Left,
		},
		Rows: RowTotals{
			Read: n.Read, Inserted: n.Inserted, Updated: n.Updated, Unchanged: n.Unchanged,
			Deleted: n.Deleted, Merged: n.Merged, Rejected: n.Rejected,
		},
	}
}

// Summary writes what a run came to, in lines for people or as one JSON object.
func Summary(w io.Writer, r pipeline.Result, asJSON bool) error {
	t := totals(r)
	if asJSON {
		return JSON(w, t)
	}
	if t.Windows.Due == 0 {
		_, err := fmt.Fprintln(w, "Nothing was due: everything asked for is loaded.")
		return err
	}
	windows := parts(
		part{int64(t.Windows.Loaded), "loaded", true}, part{int64(t.Windows.Reconciled), "of them reconciled", false},
		part{int64(t.Windows.Unreconciled), "unreconciled", false}, part{int64(t.Windows.Failed), "failed", false},
		part{int64(t.Windows.Elsewhere), "loaded by another process", false}, part{int64(t.Windows.Left), "left for the next run", false})
	rows := parts(
		part{t.Rows.Read, "read", true}, part{t.Rows.Inserted, "inserted", true}, part{t.Rows.Updated, "updated", true},
		part{t.Rows.Unchanged, "unchanged", true}, part{t.Rows.Deleted, "deleted", true},
		part{t.Rows.Merged, "merged into others", false}, part{t.Rows.Rejected, "rejected", true})
	_, err := fmt.Fprintf(w, "Windows   %s due: %s\nRows      %s\nRequests  %s\n%s", Count(t.Windows.Due), windows, rows, Count(t.Requests), advice(t))
	return err
}

// part is a count and what it counts. What is not always told is told unless it is 0.
type part struct {
	n      int64
	what   string
	always bool
}

func parts(all ...part) string {
	var told []string
	for _, p := range all {
		if p.n != 0 || p.always {
			told = append(told, Count(p.n)+" "+p.what)
		}
	}
	return strings.Join(told, ", ")
}

// advice says where to look when something is not as it should be.
func advice(t Totals) string {
	switch n := t.Windows; {
	case cmp.Or(n.Failed, n.Left, n.Unreconciled) != 0:
		return "Not everything is loaded and adds up: `wheelhouse status` shows what, and the next run tries it again.\n"
	case t.Rows.Rejected > 0:
		return "Some rows could not be understood: `wheelhouse rejects list` shows them.\n"
	}
	return ""
}
