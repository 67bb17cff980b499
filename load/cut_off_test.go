package load_test

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"testing"
	"time"

	"wheelhouse/load"
	"wheelhouse/transform"
)

// Connections end in the middle of a COPY while other windows are loaded. Each session is stored once, with its own events.
func TestConnectionsCutOffWhileSessionsAreCopied(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{Connections: 4})
	const days, sessions, events = 8, 6000, 4
	var ready []load.Ready
	for day := range days {
		from := worldBegins.AddDate(0, 0, day)
		var all []transform.ScreenSession
		for i := range sessions {
			x := lasting(from.Add(time.Duration(i)*10*time.Second), time.Minute)
			x.Viewers = sql.Null[int32]{V: int32(i), Valid: true}
			for k := range events {
				x.Events = append(x.Events, transform.ScreenSessionEvent{Seq: int32(k + 1), OccurredAt: x.StartedAt,
					Content: sql.Null[string]{V: fmt.Sprintf("%d|of the session that began then, in some words more", x.StartedAt.Unix()), Valid: true}})
			}
			all = append(all, x)
		}
		ready = append(ready, s.ready(load.UsageNew, day, all...))
	}
	ended := make(chan struct{})
	var killing sync.WaitGroup
	cut := int64(0)
	killing.Go(func() {
		conn := s.connect()
		for range 25 {
			select {
			case <-ended:
				return
			case <-time.After(100 * time.Millisecond):
			}
			tag, err := conn.Exec(context.Background(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND query LIKE 'COPY crankwheel.%' ORDER BY random() LIMIT 1`)
			if err != nil {
				t.Error(err)
				return
			}
			cut += tag.RowsAffected()
		}
	})
	var loading sync.WaitGroup
	for i := range ready {
		loading.Go(func() {
			if c := s.warehouse.Commit(context.Background(), ready[i])[0]; c.Err != nil || c.Counts.Inserted != sessions {
				t.Errorf("day %d: %+v", i, c)
			}
			ready[i].Batch.Close()
		})
	}
	loading.Wait()
	close(ended)
	killing.Wait()
	if cut == 0 {
		t.Error("no connection was cut off")
	}
	t.Logf("%d connections were cut off", cut)
	var rows, right int
	if err := s.conn.QueryRow(t.Context(), `
		SELECT count(*), count(*) FILTER (WHERE s.load_id = l.id AND s.viewers = extract(epoch FROM s.started_at - lower(l.span)) / 10 AND e.n = $1)
		FROM crankwheel.screen_sessions s
		JOIN wheelhouse.loads l ON l.span @> s.started_at
		CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE content LIKE extract(epoch FROM s.started_at)::bigint || '|%') AS n
		                    FROM crankwheel.screen_session_events e WHERE e.account_id = s.account_id AND e.session_id = s.session_id) e`, events).Scan(&rows, &right); err != nil {
		t.Fatal(err)
	}
	if rows != days*sessions || right != rows {
		t.Errorf("%d sessions, %d of them right, want %d", rows, right, days*sessions)
	}
}
