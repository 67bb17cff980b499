package pipeline

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/load"
)

// rival is another session that works on the rows which a load is about to change.
type rival struct {
	f    *faulty
	conn *pgx.Conn
	hold bool           // it has locked a row
	undo string         // the statement that undoes it
	work sync.WaitGroup // its work during the load
}

func (f *faulty) newRival() *rival {
	return &rival{f: f, conn: mustConnect(f.t, f.url)}
}

func mustConnect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func (r *rival) do(sql string) {
	if _, err := r.conn.Exec(r.f.t.Context(), sql); err != nil {
		r.f.t.Errorf("the other session: %s: %v", sql, err)
	}
}

func (r *rival) lockRow() {
	if !r.hold {
		r.do("BEGIN; SELECT FROM crankwheel.demo_requests ORDER BY demo_id LIMIT 1 FOR UPDATE")
	}
	r.hold = true
}

func (r *rival) release() {
	r.work.Wait()
	if r.hold {
		r.do("ROLLBACK")
	}
	if r.undo != "" {
		r.do(r.undo)
	}
	r.hold, r.undo = false, ""
}

// cancelLoad cancels the load's statement, while it waits for a row.
func (r *rival) cancelLoad() {
	r.lockRow()
	r.work.Go(func() {
		const cancel = "(SELECT pg_cancel_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' OFFSET 0) w) c"
		for range 500 {
			if r.f.count(cancel) == 1 {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		r.f.t.Error("the load does not come to wait")
	})
}

// refuseLock makes the load's next new row fail as after ten minutes of waiting for a lock.
func (r *rival) refuseLock() {
	if r.undo == "" {
		r.do(`CREATE FUNCTION crankwheel.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = '55P03'; END $$;
			CREATE TRIGGER refuse BEFORE INSERT ON crankwheel.demo_requests EXECUTE FUNCTION crankwheel.refuse()`)
	}
	r.undo = "DROP FUNCTION crankwheel.refuse CASCADE"
}

// closeCircle waits for a lock of the load, while the load is about to wait for the row: a deadlock.
func (r *rival) closeCircle() {
	r.lockRow()
	r.work.Go(func() {
		r.do("SET deadlock_timeout = '1min'; SELECT FROM wheelhouse.leases FOR UPDATE; ROLLBACK")
		r.hold = false
	})
	for range 500 {
		if r.f.count("pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'", r.conn.PgConn().PID()) == 1 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.f.t.Error("the other session does not come to wait")
}

// setting changes a setting of the database for later connections of the warehouse.
func (f *faulty) setting(sql string) {
	f.t.Helper()
	f.rows("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I " + strings.ReplaceAll(sql, "'", "''") + "', current_database()); END $$")
	f.runner.Warehouse.Pool().Reset()
}

const copyRequests = "COPY crankwheel.demo_requests"

// passing is a condition that makes a load fail for a moment.
var passing = []struct {
	state, setting string
	at             string // the statement of the load before which the rival acts
	act            func(r *rival)
	once           bool // a second try cannot fail in the same way
}{
	{"40P01", "SET deadlock_timeout = '50ms'", "UPDATE crankwheel.demo_requests t", (*rival).closeCircle, false},
	{"40001", "", copyRequests, func(r *rival) {
		r.do("UPDATE crankwheel.demo_requests SET prospect_phone = coalesce(prospect_phone, '') || '1'")
	}, false},
	{"55P03", "", "begin isolation level repeatable read", (*rival).refuseLock, false},
	{"57014", "", copyRequests, (*rival).cancelLoad, false},
	{"23505", "", copyRequests, func(r *rival) {
		r.do(`INSERT INTO crankwheel.demo_requests (account_id, demo_id, started_at, local_day, local_hour, answered, load_id, loaded_at)
		      SELECT account_id, 3, started_at, local_day, local_hour, false, load_id, loaded_at FROM crankwheel.demo_requests LIMIT 1`)
	}, true},
}

// contended makes a bench whose day is in the warehouse, but not in the ledger, and whose answer has changed since.
func contended(t *testing.T, waits *waits) *faulty {
	t.Helper()
	f := newFaulty(t, load.Options{Sleep: waits.sleep})
	f.mustRun(f.day("2026-03-10"), "demo_usage")
	f.rows("UPDATE wheelhouse.loads SET status = 'failed', response_hash = NULL")
	third := `{"id":3,"start_ts":"2026-03-10T11:00:00","seconds_to_respond":7,"prospect_info":{"prospect-name":"c"}},`
	f.api.say("demo_usage", strings.Replace(twoRequests("2026-03-10", "b"), "{\"id\"", third+"{\"id\"", 1))
	return f
}

// If a condition makes a load fail for a moment, the whole transaction is tried again, a limited number of times. If the condition
// stays, the window fails, and the next run loads it.
func TestWhatMayPass(t *testing.T) {
	t.Parallel()
	clean := contended(t, &waits{})
	clean.mustRun(clean.day("2026-03-10"), "demo_usage")
	want := clean.contents()
	for _, tt := range passing {
		for _, times := range []int{2, 100} {
			if tt.once {
				times = 1
			}
			t.Run(fmt.Sprintf("%s met %d times", tt.state, times), func(t *testing.T) {
				t.Parallel()
				var waits waits
				f := contended(t, &waits)
				r := f.newRival()
				if tt.setting != "" {
					f.setting(tt.setting)
				}
				tries, begins := 0, loadBegins()
				f.link.watch(func(_ int, statement string) fate {
					if begins(statement) {
						if tries++; tries > times || tt.state == "40P01" {
							r.release()
						}
					}
					if tries <= times && strings.HasPrefix(statement, tt.at) {
						tt.act(r)
					}
					return pass
				})
				result := f.run(f.day("2026-03-10"), "demo_usage")
				r.release()
				met := f.link.metOf(tt.state)
				if times < 6 {
					if !result.OK() || result.Loaded != 1 || met != times || tries != times+1 {
						t.Errorf("met %d times in %d tries: %+v %v", met, tries, result, f.lines("SELECT status, error FROM wheelhouse.loads"))
					}
				} else {
					// Five waits from 0.1 s on, each 1.5 times as long as the one before, plus or minus a half.
					if asked, _ := waits.told(); asked < 600*time.Millisecond || asked > 2*time.Second {
						t.Errorf("it wanted to wait %s between its tries", asked)
					}
					f.mustFail(result, tt.state)
					if met != 6 || tries != 6 {
						t.Errorf("met %d times in %d tries, want 6", met, tries)
					}
					f.link.watch(nil)
					f.mustRun(f.day("2026-03-10"), "demo_usage")
				}
				equal(t, "afterwards", want, f.contents())
			})
			if tt.once {
				break
			}
		}
	}
}

// mustFail fails unless the run's only window failed with a SQLSTATE, the ledger says so, and nothing of the window is stored.
func (f *faulty) mustFail(result Result, state string) {
	f.t.Helper()
	if result.OK() || result.Failed != 1 || result.Loaded != 0 {
		f.t.Errorf("the run: %+v", result)
	}
	said := f.one("SELECT status || ' ' || error FROM wheelhouse.loads ORDER BY id DESC LIMIT 1")
	if !strings.HasPrefix(said, "failed ") || !strings.Contains(said, "SQLSTATE "+state) {
		f.t.Errorf("the ledger says %q, want SQLSTATE %s", said, state)
	}
	f.want("0|0", "SELECT (SELECT count(*) FROM wheelhouse.leases), (SELECT count(*) FROM wheelhouse.loads WHERE status <> 'failed')")
	f.mustSay(state)
}

// mustSay fails unless the log's last message about a window says that it failed, and why.
func (f *faulty) mustSay(state string) {
	f.t.Helper()
	logged := f.logs.FilterMessage("window failed").All()
	if len(logged) == 0 || !strings.Contains(fmt.Sprint(logged[len(logged)-1].ContextMap()), "SQLSTATE "+state) {
		f.t.Errorf("the log says %v", logged)
	}
}
