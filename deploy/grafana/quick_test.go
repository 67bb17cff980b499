package grafana

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"wheelhouse/internal/testdb"
)

// TestPanelsAreQuick measures each panel over the last 30 days of five years of a large account.
// WHEELHOUSE_BIG=1 go test ./deploy/grafana -run Quick -v
func TestPanelsAreQuick(t *testing.T) {
	if os.Getenv("WHEELHOUSE_BIG") == "" {
		t.Skip("set WHEELHOUSE_BIG=1 to measure panels on 2 million sessions")
	}
	const limit = 300 * time.Millisecond
	dsn := testdb.NewBig(t, 1826)
	testdb.Refresh(t, dsn)
	conn := mustConnect(t, reader(t, dsn))
	for name, b := range boards(t) {
		f := filling{values: map[string][]string{}, interval: "1d", from: time.Now().AddDate(0, 0, -30), to: time.Now(), all: map[string]string{}}
		for _, v := range b.Templating.List {
			began := time.Now()
			for _, row := range query(t, conn, f, name, v.Query).rows {
				f.values[v.Name] = append(f.values[v.Name], row[0])
			}
			if f.all[v.Name] = v.AllValue; !v.Multi {
				f.values[v.Name] = f.values[v.Name][:1]
			}
			t.Logf("%s: variable %s: %d ms, once", name, v.Name, time.Since(began).Milliseconds())
		}
		for _, p := range b.Panels {
			at := fmt.Sprintf("%s: panel %q", name, p.Title)
			var took []time.Duration
			for range 6 {
				began := time.Now()
				query(t, conn, f, at, p.target(t).RawSQL)
				took = append(took, time.Since(began))
			}
			slices.Sort(took[1:])
			if t.Logf("%s: %d ms", at, took[3].Milliseconds()); took[3] > limit {
				t.Errorf("%s takes %s", at, took[3])
			}
		}
	}
}
