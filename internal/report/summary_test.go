package report

import (
	"bytes"
	"testing"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/pipeline"
)

func TestSummaryOfEachOutcome(t *testing.T) {
	t.Parallel()
	counts := ledger.Counts{Read: 123456, Inserted: 120000, Updated: 400, Unchanged: 3050, Deleted: 3, Merged: 2, Rejected: 4}
	for name, r := range map[string]pipeline.Result{
		"summary_nothing":  {Run: 1},
		"summary_loaded":   {Run: 2, Windows: 1460, Loaded: 1460, Reconciled: 730, Requests: 2210, Counts: ledger.Counts{Read: 5, Inserted: 5}},
		"summary_rejects":  {Run: 3, Windows: 2, Loaded: 2, Requests: 2, Counts: counts},
		"summary_troubled": {Run: 4, Windows: 10, Loaded: 4, Reconciled: 2, Unreconciled: 1, Failed: 2, Elsewhere: 1, Left: 3, Requests: 31, Counts: counts},
	} {
		for ext, asJSON := range map[string]bool{".txt": false, ".json": true} {
			var b bytes.Buffer
			if err := Summary(&b, r, asJSON); err != nil {
				t.Fatal(err)
			}
			golden(t, name+ext, b.Bytes())
		}
	}
}
