package pipeline

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/postgres"
	"wheelhouse/internal/settings"
	"wheelhouse/internal/testdb"
	"wheelhouse/load"
)

// metOf counts the server's errors with a SQLSTATE.
func (l *link) metOf(state string) int {
	return len(slices.DeleteFunc(l.refusals(), func(s string) bool { return s != state }))
}

// login makes a role that may load and may have so many connections, and returns its address.
func (b *bench) login(connections int) string {
	b.t.Helper()
	name, password := "wheelhouse_test_"+strings.ToLower(rand.Text()[:12]), rand.Text()
	b.rows(fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s' CONNECTION LIMIT %d IN ROLE wheelhouse_loader", name, password, connections))
	b.t.Cleanup(func() {
		// The role owns its session's temporary tables until the session has ended.
		b.rowsAfter("DO $$ BEGIN WHILE EXISTS (SELECT FROM pg_stat_activity WHERE usename = '" + name + "') LOOP " +
			"PERFORM pg_sleep(0.01), pg_stat_clear_snapshot(); END LOOP; END $$")
		b.rowsAfter("DROP ROLE " + name)
	})
	u, err := url.Parse(b.url)
	if err != nil {
		b.t.Fatal(err)
	}
	u.User = url.UserPassword(name, password)
	return u.String()
}

// Four workers share the only connection that the server allows, and wait for each other. If another client takes this connection,
// too, the run fails after a while, and the next one loads everything.
func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	now := twelveDays.runs[len(twelveDays.runs)-1]
	account := func(a *settings.Account) { a.HistoryFrom = twelveDays.first }
	few := Range{First: twelveDays.last.AddDate(0, 0, -2), Last: twelveDays.last, Now: now}
	want := newBench(t, twelveDays.simulator(t, &now, nil), now, account)
	want.mustRun(few)
	b := newBenchAt(t, testdb.NewDirect(t), twelveDays.simulator(t, &now, nil), now, account)
	l, through := newLink(t, b.login(1))
	var waits waits
	w, err := load.Open(t.Context(), through, load.Options{Sleep: waits.sleep})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	b.runner.Warehouse = w

	l.cutAll()
	var other *pgx.Conn // takes the connection once the server has ended the cut session
	for end := time.Now().Add(30 * time.Second); other == nil; time.Sleep(10 * time.Millisecond) {
		if other, err = pgx.Connect(t.Context(), through); err != nil && time.Now().After(end) {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { other.Close(context.Background()) })
	waits.told()
	before := l.metOf("53300")
	_, err = b.runner.Run(t.Context(), "run", []*Account{b.account}, nil, func(*Account) Range { return few })
	var refused *postgres.Error
	if !errors.As(err, &refused) || refused.Code != "53300" {
		t.Errorf("without any connection: %v", err)
	}
	asked, _ := waits.told()
	if met := l.metOf("53300") - before; asked < 3*time.Second || asked > time.Minute || met > 20 {
		t.Errorf("it tried %d times, and wanted to wait %s", met, asked)
	}
	b.want("0", "SELECT count(*) FROM wheelhouse.runs")
	if err := other.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.watch(nil)
	waits.becomeSlow() // so that each of the four workers gets its turn
	b.mustRun(few)
	if l.metOf("53300") == 0 {
		t.Error("one connection was enough without waiting: the test shows nothing")
	}
	equal(t, "one connection", want.contents(), b.contents())
}

// If the server becomes read-only, as the old one after a failover, the load connects anew. If the server stays read-only, the window
// fails, and the next run loads it.
func TestReadOnlyServer(t *testing.T) {
	t.Parallel()
	const day = "2026-03-10"
	var waits waits
	f := newFaulty(t, load.Options{Lease: time.Second, Sleep: waits.sleep})
	switches := f.newRival()
	turn := func(to string) {
		switches.do("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = " + to + "', current_database()); END $$")
	}
	failover := func(tries int) {
		begun := 0
		f.link.watch(func(_ int, statement string) fate {
			if !strings.HasPrefix(statement, "begin isolation level repeatable read") {
				return pass
			}
			if begun++; begun == 1 {
				turn("on")
				f.terminate()
			}
			if begun == tries+2 { // the first try failed because its connection ended
				turn("off")
			}
			return pass
		})
	}
	failover(2)
	// Two windows, and one more on the connection that was open before: it stays read-only until it ends.
	if r := f.mustRun(f.day(day), "demo_usage"); r.Loaded != 1 || f.link.metOf("25006") != 3 {
		t.Errorf("read-only for a moment: %+v, met %d times", r, f.link.metOf("25006"))
	}
	f.mustHaveLoaded("read-only for a moment", day)

	const next = "2026-03-11"
	failover(100)
	result, err := f.runner.Run(t.Context(), "run", []*Account{f.account}, []string{"demo_usage"}, func(*Account) Range { return f.day(next) })
	if err == nil || result.Failed != 1 || f.link.metOf("25006") > 30 {
		t.Errorf("read-only for good: %v, %+v, met %d times", err, result, f.link.metOf("25006"))
	}
	if asked, most := waits.told(); asked < time.Second || asked > time.Minute || most > 8*time.Second {
		t.Errorf("read-only for good: it wanted to wait %s in all, %s at most", asked, most)
	}
	f.mustSay("25006")
	turn("off")
	f.terminate()
	f.want("running", "SELECT status FROM wheelhouse.loads ORDER BY id DESC LIMIT 1")
	time.Sleep(time.Second) // until the lease has run out, because it could not be ended
	f.link.watch(nil)
	f.mustRun(f.day(next), "demo_usage")
	f.mustHaveLoaded("afterwards", next)
}
