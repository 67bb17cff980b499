package load_test

import (
	"crypto/sha256"
	"testing"

	"wheelhouse/internal/ledger"
	"wheelhouse/load"
	"wheelhouse/transform"
)

// A reject is resolved once all of its window was loaded again without the record, in one window or several. A record that one of
// these windows has becomes a reject of that window.
func TestRejectOfALongerWindowIsResolved(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	missing := ""
	commit := func(from, days int, bad ...byte) {
		t.Helper()
		start := worldBegins.AddDate(0, 0, from)
		win := ledger.Window{Account: "a", Stream: load.UsageNew.Stream, From: start, To: start.AddDate(0, 0, days), Day: start}
		claims, err := s.warehouse.Ledger.Claim(t.Context(), s.run, ledger.Due{Window: win, Known: 1 << 62})
		if err != nil || claims[0].Err != nil {
			t.Fatal(err, claims)
		}
		b := load.NewBatch(win)
		defer b.Close()
		b.Begin()
		for _, n := range bad {
			if err := b.Reject(transform.Reject{Path: "$", Reason: "bad", Text: "bad", Hash: sha256.Sum256([]byte{n})}); err != nil {
				t.Fatal(err)
			}
		}
		b.Commit()
		b.Incomplete(missing)
		if c := s.warehouse.Commit(t.Context(), load.Ready{Claim: claims[0], Batch: b})[0]; c.Err != nil {
			t.Fatal(c.Err)
		}
	}
	open := func(want int) {
		t.Helper()
		all, err := s.warehouse.Ledger.ListRejects(t.Context(), ledger.RejectFilter{})
		if err != nil || len(all) != want {
			t.Errorf("%d rejects are open (%v), want %d", len(all), err, want)
		}
	}
	commit(0, 3, 1, 2)
	open(2)
	commit(2, 1)
	open(2)
	commit(0, 1)
	open(2)
	commit(1, 1, 2)
	open(1)
	commit(0, 3)
	open(0)

	// A piece that could not be had whole may have it yet.
	commit(0, 2, 3)
	missing = "could not be had: a part"
	commit(0, 1)
	missing = ""
	commit(1, 1)
	open(1)
	commit(0, 1)
	open(0)
}
