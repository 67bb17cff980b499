package scheduler

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/settings"
	"wheelhouse/internal/simulator"
	"wheelhouse/internal/stream"
	"wheelhouse/internal/testdb"
	"wheelhouse/load"
)

func TestMain(m *testing.M) { testdb.Main(m) }

const testKey = "literal-key-4711"

var newYork = mustZone("America/New_York")

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// bench is an account, its API, a warehouse and their common clock.
type bench struct {
	t       *testing.T
	clock   *fakeClock
	sim     *simulator.Simulator
	api     func(http.Handler) http.Handler // wraps the simulator; nil: nothing
	server  *httptest.Server
	url     string
	account *pipeline.Account
	runner  *pipeline.Runner
	logs    *observer.ObservedLogs

	*Scheduler              // the running one
	stop       func() error // ends it
}

// newBench makes an account in New York with some days of history. streams are the enabled streams, with their settings.
func newBench(t *testing.T, now time.Time, days int, streams map[string]string) *bench {
	t.Helper()
	b := &bench{t: t, clock: newFakeClock(now)}
	b.sim = simulator.New(simulator.Options{
		Seed: 1, Agents: 4, APIKey: testKey, Zone: newYork, Now: b.clock.Now, ShareDensity: 1,
		From: now.AddDate(0, 0, -days), Until: now.AddDate(0, 0, 20),
	})
	b.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b.api != nil {
			b.api(b.sim).ServeHTTP(w, r)
			return
		}
		b.sim.ServeHTTP(w, r)
	}))
	t.Cleanup(b.server.Close)
	b.account = mustAccount(t, b.server.URL, now, days, streams)
	b.runner, b.url = b.newRunner()
	return b
}

// newRunner makes a runner with a warehouse of its own.
func (b *bench) newRunner() (*pipeline.Runner, string) {
	b.t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	if b.logs == nil {
		b.logs = logs
	}
	url := testdb.New(b.t)
	warehouse, err := load.Open(b.t.Context(), url, load.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(warehouse.Close)
	return &pipeline.Runner{Warehouse: warehouse, Log: zap.New(core), Version: "test", Host: "test", Now: b.clock.Now}, url
}

func mustAccount(t *testing.T, server string, now time.Time, days int, streams map[string]string) *pipeline.Account {
	t.Helper()
	var file strings.Builder
	fmt.Fprintf(&file, "accounts:\n  - id: acme\n    server: %s\n    api_key_env: ACME\n    timezone: America/New_York\n    history_from: %s\n    streams:\n",
		server, now.In(newYork).AddDate(0, 0, -days).Format(time.DateOnly))
	for _, name := range stream.Names() {
		line, on := streams[name]
		if !on {
			line = "enabled: false"
		}
		fmt.Fprintf(&file, "      %s: {%s}\n", name, line)
	}
	path := filepath.Join(t.TempDir(), "schedules.yaml")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"ACME": testKey, "DATABASE_URL": "postgres://localhost/x"}
	s, err := settings.Load(settings.Options{
		Config: path, Now: func() time.Time { return now },
		Lookup: func(k string) (string, bool) { v, ok := env[k]; return v, ok },
	})
	if err != nil {
		t.Fatal(err)
	}
	a := s.Accounts[0]
	a.Unlimited()
	account, err := pipeline.Open(a, "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(account.Close)
	return account
}

// start starts a scheduler, as a process does.
func (b *bench) start() {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	b.Scheduler = New(b.runner, []*pipeline.Account{b.account}, b.clock, b.runner.Log)
	done := make(chan error, 1)
	go func() { done <- b.Scheduler.Run(ctx) }()
	b.stop = func() error { cancel(); return <-done }
	b.t.Cleanup(cancel)
}

func (b *bench) mustStop() {
	b.t.Helper()
	if err := b.stop(); err != nil {
		b.t.Fatal(err)
	}
}

// quiet waits until all goroutines sleep: one for each stream, and those that wait to check again.
func (b *bench) quiet() {
	b.t.Helper()
	b.until("everybody sleeps", func() bool {
		asleep := b.clock.asleep() // read first: a goroutine that waits to check again is busy until the clock moves
		return asleep == len(b.entries)+int(b.busy.Load())
	})
}

func (b *bench) until(what string, is func() bool) {
	b.t.Helper()
	for began := time.Now(); !is(); time.Sleep(time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			b.t.Fatalf("waited too long: %s", what)
		}
	}
}

// passTo moves the clock to a time, and stops at each time for which anybody waits.
func (b *bench) passTo(end time.Time) {
	b.t.Helper()
	for {
		b.quiet()
		next := b.clock.earliest()
		if next.IsZero() || next.After(end) {
			b.clock.to(end, false)
			return
		}
		b.clock.to(next, false)
	}
}

// state is the state of a stream.
func (b *bench) state(stream string) State {
	b.t.Helper()
	states := b.Status()
	i := slices.IndexFunc(states, func(s State) bool { return s.Stream == stream })
	if i < 0 {
		b.t.Fatalf("no state of %s", stream)
	}
	return states[i]
}

func rows(t *testing.T, url, sql string, args ...any) [][]any {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	got, err := conn.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(got, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (b *bench) count(from string) int64 {
	b.t.Helper()
	return rows(b.t, b.url, "SELECT count(*) FROM "+from)[0][0].(int64)
}

func (b *bench) served() (n int) {
	for _, each := range b.sim.Served() {
		n += each
	}
	return n
}
