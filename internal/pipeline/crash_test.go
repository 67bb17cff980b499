package pipeline

import (
	"strings"
	"testing"
	"time"

	"wheelhouse/internal/pgserver"
	"wheelhouse/internal/testkit"
	"wheelhouse/load"
	"wheelhouse/migrations"
)

// mustOwnServer starts a server for one test, with a migrated warehouse.
func mustOwnServer(t *testing.T, o pgserver.Options) (server *pgserver.Server, url string) {
	t.Helper()
	server, err := pgserver.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	url = server.URL("postgres")
	if _, _, err := migrations.Up(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	return server, url
}

// If the server crashes during a load and restarts soon, the load waits. If the server stays down, the window fails, and the next
// run loads it.
func TestServerCrash(t *testing.T) {
	testkit.SkipIfShort(t, "it crashes a server")
	t.Parallel()
	server, url := mustOwnServer(t, pgserver.Options{Settings: map[string]string{"synchronous_commit": "on"}}) // as in production
	var waits waits
	f := newFaultyAt(t, url, load.Options{Lease: time.Second, Sleep: waits.sleep})
	days := []string{"2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05"}
	for i, at := range []string{"insert into wheelhouse.leases", "copy crankwheel.demo_requests", "copy crankwheel.demo_answers", "commit"} {
		loading, crashed := false, false // the first commit is the claim's
		f.link.watch(func(_ int, statement string) fate {
			loading = loading || strings.HasPrefix(statement, "begin isolation level repeatable read")
			if crashed || at == "commit" && !loading || !strings.Contains(strings.ToLower(statement), at) {
				return pass
			}
			crashed = true
			if i == 1 { // and stays down for 10 s of the waits, as in a failover
				if err := server.Crash(); err != nil {
					t.Error(err)
				}
				time.AfterFunc(500*time.Millisecond, func() {
					if err := server.Restart(t.Context()); err != nil {
						t.Error(err)
					}
				})
				return pass
			}
			f.link.open.Lock() // new connections wait
			defer f.link.open.Unlock()
			if err := server.Crash(); err != nil {
				t.Error(err)
			}
			if err := server.Restart(t.Context()); err != nil {
				t.Error(err)
			}
			return pass
		})
		if r := f.mustRun(f.day(days[i]), "demo_usage"); r.Loaded != 1 || !crashed {
			t.Errorf("at %s: crashed %v, %+v", at, crashed, r)
		}
		f.mustHaveLoaded(at, days[i])
	}
	if asked, most := waits.told(); asked < time.Second || most > 8*time.Second {
		t.Errorf("for a server that is away for a while it wants to wait %s in all, %s at most", asked, most)
	}

	day := days[4]
	f.link.watch(func(n int, statement string) fate {
		if strings.HasPrefix(statement, "COPY") {
			if err := server.Crash(); err != nil {
				t.Error(err)
			}
		}
		return pass
	})
	_, err := f.runner.Run(t.Context(), "run", []*Account{f.account}, []string{"demo_usage"}, func(*Account) Range { return f.day(day) })
	// The load, its failure in the ledger and the end of the run are each tried for about 40 s.
	if asked, most := waits.told(); err == nil || asked < 20*time.Second || asked > 4*time.Minute || most > 8*time.Second {
		t.Errorf("a server that stays away: %v, after waits of %s in all, %s at most", err, asked, most)
	}
	f.link.watch(nil)
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.want("running", "SELECT status FROM wheelhouse.loads ORDER BY id DESC LIMIT 1")
	f.want("0", "SELECT count(*) FROM crankwheel.demo_requests WHERE started_at::date = '"+day+"'")
	time.Sleep(time.Second) // until the lease of the interrupted load has run out
	f.mustRun(f.day(day), "demo_usage")
	f.mustHaveLoaded("after its return", day)
	f.want("failed|abandoned: its process stopped", "SELECT status, error FROM wheelhouse.loads ORDER BY id DESC OFFSET 1 LIMIT 1")
}
