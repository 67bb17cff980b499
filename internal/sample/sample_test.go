package sample_test

import (
	"testing"

	"golang.org/x/sync/errgroup"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/sample"
	"wheelhouse/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// Two warehouses have the same rows, and their second runs the same counts.
func TestSampleIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	var warehouses [2]string
	var counts [2]ledger.Counts
	var both errgroup.Group
	for i := range warehouses {
		warehouses[i] = testdb.New(t)
		both.Go(func() error {
			s, err := sample.Load(t.Context(), warehouses[i])
			if err == nil {
				counts[i] = s.Runs[1].Counts
			}
			return err
		})
	}
	if err := both.Wait(); err != nil {
		t.Fatal(err)
	}
	if diff := testdb.Read(t, warehouses[0]).Diff(testdb.Read(t, warehouses[1])); diff != "" {
		t.Error(diff)
	}
	if counts[0] != counts[1] {
		t.Errorf("the second run counts %+v and %+v", counts[0], counts[1])
	}
	if n := counts[0]; n.Inserted == 0 || n.Updated == 0 || n.Deleted != 1 || n.Rejected != 0 {
		t.Errorf("the second run counts %+v: nothing changed", n)
	}
}
