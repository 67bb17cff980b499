package load

import (
	"strings"
	"testing"
	"time"

	"wheelhouse/transform"
)

// What is read again at a time stays small however many events the sessions have.
func TestAChunkIsSmall(t *testing.T) {
	t.Parallel()
	b := NewBatch("a", UsageNew)
	t.Cleanup(b.Close)
	b.Begin()
	began := time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)
	for i := range 1000 {
		s := transform.ScreenSession{AgentEmail: "a@x.com", StartedAt: began.Add(time.Duration(i) * time.Second), Ended: true}
		for j := range 200 {
			s.Events = append(s.Events, transform.ScreenSessionEvent{Seq: int32(j + 1), OccurredAt: s.StartedAt,
				Content: transform.Null[string]{V: strings.Repeat("x", 40), Valid: true}})
		}
		if err := b.Session(s); err != nil {
			t.Fatal(err)
		}
	}
	b.Commit()
	var r chunkReader
	sessions, err := r.read(b, 0)
	if err != nil {
		t.Fatal(err)
	}
	if n := cap(r.rows) + cap(r.events); n > 8<<20 {
		t.Errorf("%d sessions are read at a time: %d MB", len(sessions), n>>20)
	}
}
