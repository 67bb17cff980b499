package load_test

import (
	"testing"
	"time"

	"wheelhouse/load"
	"wheelhouse/transform"
)

// Accounts may lie in parts of their own (partitions, Citus): a row's place names it in its part alone.
func TestPlacesAreOfOneAccount(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	s.exec(`CREATE TABLE crankwheel.parted (LIKE crankwheel.screen_session_events INCLUDING ALL) PARTITION BY LIST (account_id);
		CREATE TABLE crankwheel.part_a PARTITION OF crankwheel.parted FOR VALUES IN ('a');
		CREATE TABLE crankwheel.part_b PARTITION OF crankwheel.parted FOR VALUES IN ('b');
		DROP TABLE crankwheel.screen_session_events CASCADE;
		ALTER TABLE crankwheel.parted RENAME TO screen_session_events`)
	one := lasting(worldBegins, time.Minute)
	one.Events = []transform.ScreenSessionEvent{{Seq: 1, OccurredAt: worldBegins}}
	changed := lasting(worldBegins, time.Hour)
	changed.Events = one.Events
	for _, x := range []struct {
		account string
		session transform.ScreenSession
	}{{"b", one}, {"a", one}, {"a", changed}} {
		win := load.Window{Account: x.account, Stream: load.UsageNew, From: worldBegins, To: worldBegins.AddDate(0, 0, 1), Day: worldBegins}
		claims, err := s.warehouse.Claim(t.Context(), s.run, load.Wanted{Window: win, Planned: 1 << 62})
		if err != nil || claims[0].Err != nil {
			t.Fatal(err, claims)
		}
		b := load.NewBatch(x.account, load.UsageNew)
		t.Cleanup(b.Close)
		b.Begin()
		if err := b.Session(x.session); err != nil {
			t.Fatal(err)
		}
		b.Commit()
		if c := s.warehouse.Commit(t.Context(), load.Ready{Claim: claims[0].Claim, Batch: b})[0]; c.Err != nil {
			t.Fatal(c.Err)
		}
	}
	var a, b int
	if err := s.conn.QueryRow(t.Context(), `SELECT count(*) FILTER (WHERE account_id = 'a'), count(*) FILTER (WHERE account_id = 'b') FROM crankwheel.screen_session_events`).Scan(&a, &b); err != nil {
		t.Fatal(err)
	}
	if a != 1 || b != 1 {
		t.Errorf("events of a: %d, of b: %d", a, b)
	}
}
