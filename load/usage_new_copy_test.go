package load

import (
	"context"
	"testing"
	"time"
)

// A turn is waited for, but not for long, and not by who is called off. Who went ahead without it gives up nothing of another's.
func TestTurn(t *testing.T) {
	t.Parallel()
	turns := make(turn, 1)
	release := turns.take(t.Context(), time.Hour)
	began := time.Now()
	turns.take(t.Context(), 20*time.Millisecond)()
	if took := time.Since(began); took < 20*time.Millisecond {
		t.Errorf("it was another's, and taken after %s", took)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	turns.take(over, time.Hour)()
	if len(turns) != 1 {
		t.Error("it was given up by who did not have it")
	}
	release()
	turns.take(t.Context(), time.Hour)()
	if len(turns) != 0 {
		t.Error("it was not given up")
	}
}
