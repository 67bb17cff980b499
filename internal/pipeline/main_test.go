package pipeline

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/zap"

	"wheelhouse/extract"
	"wheelhouse/internal/settings"
	"wheelhouse/internal/simulator"
	"wheelhouse/internal/testdb"
	"wheelhouse/internal/testkit"
	"wheelhouse/load"
)

func TestMain(m *testing.M) {
	testkit.Default("rapid.checks", "25", "100")
	testdb.Main(m)
}

const testKey = "literal-key"

// bench is a warehouse, an API and a runner between them.
type bench struct {
	t       *testing.T
	url     string
	runner  *Runner
	account *Account
	now     time.Time
	own     *pgxpool.Pool // the test's own connections, reused because connecting costs more than most queries
}

func newBench(t *testing.T, api http.Handler, now time.Time, change func(*settings.Account)) *bench {
	t.Helper()
	return newBenchAt(t, testdb.New(t), api, now, change)
}

// newBenchAt is newBench with the warehouse at an address.
func newBenchAt(t *testing.T, url string, api http.Handler, now time.Time, change func(*settings.Account)) *bench {
	t.Helper()
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	own, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(own.Close)
	b := &bench{t: t, url: url, now: now, own: own}
	warehouse, err := load.Open(t.Context(), b.url, load.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(warehouse.Close)
	b.account = mustAccount(t, server.URL, now, change)
	b.runner = &Runner{Warehouse: warehouse, Log: zap.NewNop(), Version: "test", Host: "test", Now: func() time.Time { return b.now }}
	return b
}

// mustAccount makes an account with the built-in settings, without a limit of requests.
func mustAccount(t *testing.T, server string, now time.Time, change func(*settings.Account)) *Account {
	t.Helper()
	env := map[string]string{"CRANKWHEEL_URL": server, "CRANKWHEEL_API_KEY": testKey, "WHEELHOUSE_CONFIG": "", "DATABASE_URL": "postgres://localhost/x"}
	s, err := settings.Load(settings.Options{
		Lookup: func(k string) (string, bool) { v, ok := env[k]; return v, ok && v != "" },
		Now:    func() time.Time { return now }, Dir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	a := s.Accounts[0]
	a.Unlimited()
	if change != nil {
		change(&a)
	}
	account, err := OpenWith(a, extract.Config{Backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(account.Close)
	return account
}

func (b *bench) run(r Range, streams ...string) Result {
	b.t.Helper()
	result, err := b.runner.Run(b.t.Context(), "run", []*Account{b.account}, streams, func(*Account) Range { return r })
	if err != nil {
		b.t.Fatal(err)
	}
	return result
}

func (b *bench) mustRun(r Range, streams ...string) Result {
	b.t.Helper()
	result := b.run(r, streams...)
	if !result.OK() {
		b.t.Fatalf("run: %+v\n%v", result, b.rows("SELECT stream, span::text, error FROM wheelhouse.loads WHERE status <> 'loaded' OR reconciled = false"))
	}
	return result
}

// rows reads a query's rows as values. A connection that the server has ended since the last query is replaced.
func (b *bench) rows(sql string, args ...any) [][]any {
	b.t.Helper()
	conn, err := b.own.Acquire(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	defer conn.Release()
	if conn.Ping(b.t.Context()) != nil {
		b.own.Reset()
		fresh, err := b.own.Acquire(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		defer fresh.Release()
		conn = fresh
	}
	rows, err := conn.Query(b.t.Context(), sql, args...)
	if err != nil {
		b.t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

func (b *bench) count(sql string, args ...any) int64 {
	b.t.Helper()
	return b.rows("SELECT count(*) FROM "+sql, args...)[0][0].(int64)
}

func date(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func newSimulator(now time.Time, days int, change func(*simulator.Options)) *simulator.Simulator {
	o := simulator.Options{Seed: 1, APIKey: testKey, From: now.AddDate(0, 0, -days).Truncate(24 * time.Hour), Until: now, Now: func() time.Time { return now }}
	if change != nil {
		change(&o)
	}
	return simulator.New(o)
}

// rowsAfter runs a statement in a cleanup, after the test's context has ended.
func (b *bench) rowsAfter(sql string) {
	conn, err := pgx.Connect(context.Background(), b.url)
	if err != nil {
		b.t.Error(err)
		return
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		b.t.Errorf("%s: %v", sql, err)
	}
}
