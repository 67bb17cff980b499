package load_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"wheelhouse/load"
	"wheelhouse/transform"
)

// If windows of one transaction have the same row, the answer that was asked for last wins (invariant 5).
func TestNewerAnswerWinsWithinATransaction(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	running := transform.ScreenSession{AgentEmail: "a@x.com", StartedAt: worldBegins.Add(23 * time.Hour)}
	over := lasting(running.StartedAt, 2*time.Hour)
	second := s.ready(load.UsageNew, 1, running)
	time.Sleep(5 * time.Millisecond)
	first := s.ready(load.UsageNew, 0, over)
	for _, c := range s.warehouse.Commit(t.Context(), first, second) {
		if c.Err != nil {
			t.Fatal(c.Err)
		}
	}
	var ended, all int
	if err := s.conn.QueryRow(t.Context(), "SELECT count(*) FILTER (WHERE ended), count(*) FROM crankwheel.screen_sessions WHERE deleted_at IS NULL").Scan(&ended, &all); err != nil {
		t.Fatal(err)
	}
	if ended != 1 || all != 1 {
		t.Errorf("%d of %d sessions have ended, want the one", ended, all)
	}
}

// An interrupted load of several windows says that it was interrupted.
func TestInterruptedTogether(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	first, second := s.ready(load.UsageNew, 0), s.ready(load.UsageNew, 1)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	for _, c := range s.warehouse.Commit(ctx, first, second) {
		if !errors.Is(c.Err, context.Canceled) {
			t.Errorf("%v", c.Err)
		}
	}
}
