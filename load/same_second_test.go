package load_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/testdb"
	"wheelhouse/load"
	"wheelhouse/transform"
)

// scene is a migrated warehouse with a run.
type scene struct {
	*testing.T
	dsn       string
	warehouse *load.Warehouse
	conn      *pgx.Conn
	run       int64
}

func newScene(t *testing.T, o load.Options) *scene {
	t.Helper()
	s := &scene{T: t, dsn: testdb.NewDirect(t)} // tests lock in their sessions
	var err error
	if s.warehouse, err = load.Open(t.Context(), s.dsn, o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.warehouse.Close)
	if s.run, err = s.warehouse.Ledger.StartRun(t.Context(), "run", "test", "test"); err != nil {
		t.Fatal(err)
	}
	s.conn = s.connect()
	return s
}

func (s *scene) connect() *pgx.Conn { s.Helper(); return connect(s.T, s.dsn) }

// connect connects to a database until the test ends.
func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func (s *scene) exec(sql string) {
	s.Helper()
	if _, err := s.conn.Exec(s.Context(), sql); err != nil {
		s.Fatal(err)
	}
}

// zone returns the zone of account a.
func (s *scene) zone() *time.Location {
	s.Helper()
	var name string
	err := s.conn.QueryRow(s.Context(), `SELECT coalesce((SELECT timezone FROM wheelhouse.accounts WHERE account_id = 'a'), 'UTC')`).Scan(&name)
	if err != nil {
		s.Fatal(err)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		s.Fatal(err)
	}
	return zone
}

// ready returns a day's window, claimed, with its answer.
func (s *scene) ready(stream load.Stream, day int, sessions ...transform.ScreenSession) load.Ready {
	s.Helper()
	from := worldBegins.AddDate(0, 0, day)
	win := ledger.Window{Account: "a", Stream: stream.Stream, From: from, To: from.AddDate(0, 0, 1), Day: from, Zone: s.zone()}
	claims, err := s.warehouse.Ledger.Claim(s.Context(), s.run, ledger.Due{Window: win, Known: 1 << 62})
	if err != nil || claims[0].Err != nil {
		s.Fatal(err, claims)
	}
	b := load.NewBatch(win)
	s.Cleanup(b.Close)
	b.Begin()
	for _, x := range sessions {
		if err := b.Session(x); err != nil {
			s.Fatal(err)
		}
	}
	b.Commit()
	return load.Ready{Claim: claims[0], Batch: b}
}

// waiting waits until n sessions of the test's database wait for a lock.
func (s *scene) waiting(n int) {
	s.Helper()
	for range 1000 {
		var waiting int
		if err := s.conn.QueryRow(s.Context(), "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()").Scan(&waiting); err != nil {
			s.Fatal(err)
		}
		if waiting >= n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.Fatal("too few sessions wait for a lock")
}

func lasting(start time.Time, d time.Duration) transform.ScreenSession {
	return transform.ScreenSession{AgentEmail: "a@x.com", StartedAt: start, Ended: true, EndedAt: sql.Null[time.Time]{V: start.Add(d), Valid: true}}
}

// Two days that both have one of two same-second sessions are committed at the same time. It stays one session.
func TestSameSecondSessionOverMidnightCommittedTwiceAtOnce(t *testing.T) {
	t.Parallel()
	for name, stream := range map[string]load.Stream{"": load.UsageNew} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, load.Options{})
			s.exec(`CREATE FUNCTION public.hold() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_advisory_xact_lock_shared(4242); RETURN NEW; END$$;
				CREATE TRIGGER hold BEFORE INSERT ON crankwheel.screen_sessions FOR EACH ROW EXECUTE FUNCTION public.hold();
				SELECT pg_advisory_lock(4242)`)
			second := worldBegins.Add(23 * time.Hour)
			short, long := lasting(second.Add(100*time.Millisecond), time.Minute), lasting(second.Add(400*time.Millisecond), 3*time.Hour)
			days := []load.Ready{s.ready(stream, 0, short, long), s.ready(stream, 1, long)}
			done := make(chan load.Committed)
			for _, day := range days {
				go func() { done <- s.warehouse.Commit(context.Background(), day)[0] }()
			}
			s.waiting(2) // both have read the warehouse
			s.exec(`SELECT pg_advisory_unlock(4242)`)
			for range days {
				if c := <-done; c.Err != nil {
					t.Error(c.Err)
				}
			}
			rows, err := s.conn.Query(t.Context(), `SELECT concat(to_char(started_at, 'MS'), ':', occurrence) FROM crankwheel.screen_sessions WHERE deleted_at IS NULL ORDER BY 1`)
			if err != nil {
				t.Fatal(err)
			}
			got, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil || !slices.Equal(got, []string{"100:1", "400:1"}) {
				t.Errorf("sessions %v (%v), want [100:1 400:1]", got, err)
			}
			for i, day := range []load.Ready{s.ready(stream, 0, short, long), s.ready(stream, 1, long)} {
				c := s.warehouse.Commit(t.Context(), day)[0] // another load must not change that
				var n int
				if err := s.conn.QueryRow(t.Context(), `SELECT count(*) FROM crankwheel.screen_sessions WHERE deleted_at IS NULL`).Scan(&n); err != nil || n != 2 {
					t.Errorf("day %d again: %d sessions (%v), %+v", i, n, err, c.Counts)
				}
			}
		})
	}
}

// A session stays if another window, which has a same-second session, need not have it: it ended at the window's first instant, or
// began after the last.
func TestSameSecondSessionAtTheEdgeOfAnotherWindowStays(t *testing.T) {
	t.Parallel()
	midnight := worldBegins.AddDate(0, 0, 1)
	ending, crossing := lasting(midnight.Add(-3*time.Hour), 3*time.Hour), lasting(midnight.Add(-3*time.Hour+300*time.Millisecond), 4*time.Hour)
	beginning, next := lasting(midnight, time.Hour), lasting(midnight.Add(300*time.Millisecond), time.Hour)
	running := next
	running.Ended, running.EndedAt = false, sql.Null[time.Time]{}
	for name, c := range map[string]struct {
		day    int
		all    []transform.ScreenSession
		shown  transform.ScreenSession
		beside int
	}{
		"ended at its start":    {0, []transform.ScreenSession{ending, crossing}, crossing, 1},
		"begins after its end":  {1, []transform.ScreenSession{beginning, next}, beginning, 0},
		"running since its end": {1, []transform.ScreenSession{beginning, running}, beginning, 0},
	} {
		for way, stream := range map[string]load.Stream{"": load.UsageNew} {
			t.Run(name+", "+way, func(t *testing.T) {
				t.Parallel()
				s := newScene(t, load.Options{})
				for _, l := range []load.Ready{s.ready(stream, c.day, c.all...), s.ready(stream, c.beside, c.shown)} {
					if done := s.warehouse.Commit(t.Context(), l)[0]; done.Err != nil || done.Counts.Deleted != 0 {
						t.Errorf("%+v", done)
					}
				}
				var live int
				if err := s.conn.QueryRow(t.Context(), `SELECT count(*) FROM crankwheel.screen_sessions WHERE deleted_at IS NULL`).Scan(&live); err != nil || live != 2 {
					t.Errorf("%d sessions (%v), want 2", live, err)
				}
			})
		}
	}
}

// A later answer without a session may change the number of its same-second session. An older answer with both, and with one like
// them, still counts.
func TestSameSecondSessionWithAnotherNumberIsNotNewer(t *testing.T) {
	t.Parallel()
	for way, stream := range map[string]load.Stream{"": load.UsageNew} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, load.Options{})
			second := worldBegins.Add(18 * time.Hour)
			running, known := transform.ScreenSession{AgentEmail: "a@x.com", StartedAt: second}, lasting(second.Add(600*time.Millisecond), time.Hour)
			alike := known
			alike.Viewers = sql.Null[int32]{V: 1, Valid: true}
			s.warehouse.Commit(t.Context(), s.ready(stream, 0, known))
			older, later := s.ready(stream, 0, running, known, alike), s.ready(stream, 1, running)
			for _, l := range []load.Ready{later, older} {
				if done := s.warehouse.Commit(t.Context(), l)[0]; done.Err != nil {
					t.Error(done.Err)
				}
			}
			var live int
			if err := s.conn.QueryRow(t.Context(), `SELECT count(*) FROM crankwheel.screen_sessions WHERE deleted_at IS NULL`).Scan(&live); err != nil || live != 3 {
				t.Errorf("%d sessions (%v), want 3", live, err)
			}
		})
	}
}

// Windows with changed rows share a transaction, and no row of one window gets into the next through the staging table.
func TestUpdatesShareATransaction(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	commit := func(viewers int32, want ledger.Counts) {
		t.Helper()
		var days []load.Ready
		for day, events := range []int{2, 0, 1} {
			from := worldBegins.AddDate(0, 0, day)
			first, second := lasting(from, time.Minute), lasting(from.Add(time.Millisecond), time.Minute)
			first.Viewers = sql.Null[int32]{V: viewers, Valid: true}
			for i := range events {
				first.Events = append(first.Events, transform.ScreenSessionEvent{Seq: int32(i + 1), OccurredAt: from})
			}
			days = append(days, s.ready(load.UsageNew, day, first, second))
		}
		for day, c := range s.warehouse.Commit(t.Context(), days...) {
			if c.Err != nil || c.Counts != want {
				t.Errorf("day %d: %+v", day, c)
			}
		}
		var transactions int
		var events string
		if err := s.conn.QueryRow(t.Context(), `
			SELECT (SELECT count(DISTINCT finished_at) FROM wheelhouse.loads WHERE id = ANY ($1)),
			       (SELECT string_agg(concat((SELECT count(*) FROM crankwheel.screen_session_events e WHERE e.session_id = s.session_id)), ' ' ORDER BY started_at)
			        FROM crankwheel.screen_sessions s)`, []int64{days[0].Load, days[1].Load, days[2].Load}).Scan(&transactions, &events); err != nil {
			t.Fatal(err)
		}
		if transactions != 1 || events != "2 0 0 0 1 0" {
			t.Errorf("%d transactions; the sessions have %s events", transactions, events)
		}
	}
	commit(1, ledger.Counts{Read: 2, Inserted: 2})
	commit(2, ledger.Counts{Read: 2, Updated: 1, Unchanged: 1})
}

// An answer that would delete more than half of the rows is refused, however many new rows it has.
func TestShrinkingAnswerThatBringsNewSessions(t *testing.T) {
	t.Parallel()
	for name, stream := range map[string]load.Stream{"": load.UsageNew} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, load.Options{})
			var before, after []transform.ScreenSession
			for i := range 20 {
				at := worldBegins.Add(time.Duration(i) * time.Minute)
				for k := range 3 {
					before = append(before, lasting(at.Add(time.Duration(k)*100*time.Millisecond), 30*time.Second))
				}
				after = append(after, before[3*i])
			}
			for i := range 40 {
				after = append(after, lasting(worldBegins.Add(10*time.Hour+time.Duration(i)*time.Minute), time.Second))
			}
			if c := s.warehouse.Commit(t.Context(), s.ready(stream, 0, before...))[0]; c.Err != nil || c.Counts.Inserted != 60 {
				t.Fatal(c)
			}
			c := s.warehouse.Commit(t.Context(), s.ready(stream, 0, after...))[0]
			var shrink *load.ShrinkError
			if !errors.As(c.Err, &shrink) {
				t.Errorf("%d of 60 rows were deleted: %+v", c.Counts.Deleted, c)
			}
		})
	}
}

// A connection behind PgBouncer may still have the staging tables of an earlier version.
func TestStagingTablesOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{Connections: 1})
	if _, err := s.warehouse.Pool().Exec(t.Context(), `CREATE TEMP TABLE stage_changed_sessions_1 (n bigint NOT NULL, session_id uuid NOT NULL) ON COMMIT DELETE ROWS;
		CREATE TEMP TABLE stage_screen_sessions_1 (n bigint NOT NULL, part smallint NOT NULL, content bytea NOT NULL) ON COMMIT DELETE ROWS`); err != nil {
		t.Fatal(err)
	}
	sessions := []transform.ScreenSession{lasting(worldBegins, time.Minute), lasting(worldBegins.Add(time.Millisecond), time.Minute)}
	if c := s.warehouse.Commit(t.Context(), s.ready(load.UsageNew, 0, sessions...))[0]; c.Err != nil {
		t.Error(c.Err)
	}
}

// Another process takes one of two windows between two tries of their commit. That window is not reported as loaded.
func TestFencedBetweenTwoTries(t *testing.T) {
	t.Parallel()
	s := newScene(t, load.Options{})
	s.exec(`CREATE SEQUENCE public.once;
		CREATE FUNCTION public.lose() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
			IF NEW.status = 'loaded' AND nextval('public.once') = 1 THEN
				PERFORM pg_advisory_xact_lock_shared(4243);
				RAISE EXCEPTION 'the connection is lost' USING ERRCODE = '08006';
			END IF;
			RETURN NULL;
		END$$;
		CREATE CONSTRAINT TRIGGER lose AFTER UPDATE ON wheelhouse.loads DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.lose();
		SELECT pg_advisory_lock(4243)`)
	days := []load.Ready{s.ready(load.UsageNew, 0, lasting(worldBegins, time.Minute)), s.ready(load.UsageNew, 1, lasting(worldBegins.AddDate(0, 0, 1), time.Minute))}
	done := make(chan []load.Committed)
	go func() { done <- s.warehouse.Commit(context.Background(), days...) }()
	s.waiting(1) // at its COMMIT
	taken, other := make(chan error), s.connect()
	go func() {
		_, err := other.Exec(context.Background(), fmt.Sprintf(`WITH dead AS (DELETE FROM wheelhouse.leases WHERE load_id = %d RETURNING load_id)
			UPDATE wheelhouse.loads l SET status = 'failed' FROM dead WHERE l.id = dead.load_id`, days[1].Load))
		taken <- err
	}()
	s.waiting(2)
	s.exec(`SELECT pg_advisory_unlock(4243)`)
	if err := <-taken; err != nil {
		t.Fatal(err)
	}
	all := <-done
	if all[0].Err != nil || !errors.Is(all[1].Err, ledger.ErrFenced) {
		t.Errorf("%v, %v", all[0].Err, all[1].Err)
	}
	var status string
	var rows int
	if err := s.conn.QueryRow(t.Context(), `SELECT (SELECT status FROM wheelhouse.loads WHERE id = $1), (SELECT count(*) FROM crankwheel.screen_sessions)`, days[1].Load).Scan(&status, &rows); err != nil {
		t.Fatal(err)
	}
	t.Logf("in the ledger the second is %s; %d sessions", status, rows)
}
