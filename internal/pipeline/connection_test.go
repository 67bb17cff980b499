package pipeline

import (
	"fmt"
	urls "net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"wheelhouse/internal/testdb"
	"wheelhouse/load"
)

// faulty is a bench whose warehouse is reached through a link. The test's own queries are direct.
type faulty struct {
	*bench
	api  *canned
	link *link
	logs *observer.ObservedLogs
}

// newFaulty makes a bench with a link. Each answer of demo_usage has two requests of the day that is asked for.
func newFaulty(t *testing.T, o load.Options) *faulty {
	t.Helper()
	return newFaultyAt(t, testdb.NewDirect(t), o)
}

func newFaultyAt(t *testing.T, url string, o load.Options) *faulty {
	t.Helper()
	api := newCanned()
	api.answer("demo_usage", func(q urls.Values) (int, string) { return 200, twoRequests(q.Get("from")[:10], "a") })
	b := newBenchAt(t, url, api, mayDay, nil)
	l, through := newLink(t, b.url)
	warehouse, err := load.Open(t.Context(), through, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(warehouse.Close)
	b.runner.Warehouse = warehouse
	core, logs := observer.New(zap.InfoLevel)
	b.runner.Log = zap.New(core)
	return &faulty{b, api, l, logs}
}

// twoRequests returns a day's answer of demo_usage: two requests, one of them with a question of the account.
func twoRequests(day, name string) string {
	id := strings.ReplaceAll(day, "-", "")
	return fmt.Sprintf(`{"total_canceled_requests":2,"sessions":[
		{"id":%[1]s1,"start_ts":"%[2]sT09:00:00","seconds_to_respond":5,"prospect_info":{"prospect-name":%[3]q,"prospect-size":"9"}},
		{"id":%[1]s2,"start_ts":"%[2]sT10:00:00","seconds_to_respond":"never","prospect_info":{}}]}`, id, day, name)
}

// mustHaveLoaded fails unless a day of demo_usage is in the warehouse once, and has one loaded row in the ledger.
func (f *faulty) mustHaveLoaded(what, day string) {
	f.t.Helper()
	from := "'" + day + "'::date"
	got := f.one(`SELECT
		(SELECT count(*) FROM crankwheel.demo_requests WHERE started_at::date = ` + from + `),
		(SELECT count(*) FROM crankwheel.demo_answers a JOIN crankwheel.demo_requests r USING (account_id, demo_id) WHERE r.started_at::date = ` + from + `),
		(SELECT count(*) FROM crankwheel.demo_cancellations_daily WHERE day = ` + from + `),
		(SELECT count(*) FROM wheelhouse.loads WHERE lower(span) = ` + from + ` AND status = 'loaded' AND rows_inserted = 2),
		(SELECT count(*) FROM wheelhouse.loads WHERE status = 'running'),
		(SELECT count(*) FROM wheelhouse.leases)`)
	if got != "2|1|1|1|0|0" {
		f.t.Errorf("%s: requests, answers, days, loads, loads running, leases: %s", what, got)
	}
}

// terminate makes the server end the warehouse's connections, with SQLSTATE 57P01.
func (f *faulty) terminate() {
	f.rows(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
	        WHERE datname = current_database() AND application_name = 'wheelhouse'`)
}

// The connection is lost before or after any statement of a run. The run goes on, and the day is loaded once. This includes a claim
// and a load whose COMMIT is not acknowledged.
func TestConnectionLostAtEachStatement(t *testing.T) {
	t.Parallel()
	for name, what := range map[string]fate{"terminated before": pass, "answer lost": loseAnswer} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, load.Options{})
			day := date("2024-01-01")
			next := func() string {
				day = day.AddDate(0, 0, 1)
				return day.Format(time.DateOnly)
			}
			f.link.watch(nil)
			f.mustRun(f.day(next()), "demo_usage")
			statements := f.link.statements()
			f.mustHaveLoaded("without a fault", day.Format(time.DateOnly))
			if n := len(slices.Compact(statements)); n < 25 {
				t.Fatalf("only %d statements were seen: %q", n, statements)
			}
			for k, statement := range statements {
				if k > 0 && statement == copyData && statements[k-1] == copyData {
					continue
				}
				var dealing sync.WaitGroup
				deal := f.once(k+1, what)
				f.link.watch(func(n int, statement string) fate {
					dealing.Add(1)
					defer dealing.Done()
					return deal(n, statement)
				})
				result := f.run(f.day(next()), "demo_usage")
				f.link.watch(nil) // the pool's last messages meet no fault
				dealing.Wait()    // a run may be over before the server has ended all its connections
				at := fmt.Sprintf("at statement %d, %.80s", k+1, strings.Join(strings.Fields(statement), " "))
				if !result.OK() || result.Loaded != 1 {
					t.Errorf("%s: %+v %v", at, result, f.lines("SELECT status, error FROM wheelhouse.loads WHERE status <> 'loaded'"))
				}
				f.mustHaveLoaded(at, day.Format(time.DateOnly))
			}
		})
	}
}

// once gives one statement its fate. Before a statement that passes, the server ends the warehouse's connections.
func (f *faulty) once(at int, what fate) func(int, string) fate {
	return func(n int, _ string) fate {
		switch {
		case n != at:
			return pass
		case what == pass:
			f.terminate()
		}
		return what
	}
}

// After a COMMIT whose acknowledgement was lost, the ledger tells whether the transaction has committed.
func TestLostCommit(t *testing.T) {
	t.Parallel()
	const day = "2026-03-10"
	for name, tt := range map[string]struct {
		what   fate
		slow   bool // the COMMIT takes longer than the connection lasts
		fences int  // how often the load began
	}{
		"committed":        {what: loseAnswer, fences: 1},
		"not committed":    {what: cutBefore, fences: 2},
		"still committing": {what: cutWhile, slow: true, fences: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, load.Options{})
			if tt.slow {
				f.rows(`CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$`)
				f.rows(`CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON crankwheel.demo_cancellations_daily
				        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()`)
			}
			loads, lost, begins := 0, 0, loadBegins()
			f.link.watch(func(_ int, statement string) fate {
				if begins(statement) {
					loads++
				}
				if loads == 1 && lost == 0 && statement == "commit" {
					lost++
					return tt.what
				}
				return pass
			})
			if r := f.mustRun(f.day(day), "demo_usage"); r.Loaded != 1 || r.Counts.Inserted != 2 || r.Requests != 1 {
				t.Errorf("the run: %+v", r)
			}
			f.mustHaveLoaded(name, day)
			if loads != tt.fences || lost != 1 {
				t.Errorf("the load was begun %d times and lost %d answers, want %d times", loads, lost, tt.fences)
			}
			f.want("1|loaded", "SELECT count(*), min(status) FROM wheelhouse.loads")
			f.want("1", "SELECT count(DISTINCT xmin::text) FROM (SELECT xmin FROM crankwheel.demo_requests UNION ALL SELECT xmin FROM crankwheel.demo_answers) rows")
		})
	}
}
