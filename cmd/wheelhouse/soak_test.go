package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/faults"
	"wheelhouse/internal/simulator"
	"wheelhouse/internal/testdb"
	"wheelhouse/internal/testkit"
)

var soakFor = flag.Duration("soak", 10*time.Second, "how long TestSoak keeps serve under faults; minutes and more show whether it grows")

// usage is what a process holds at one moment.
type usage struct{ memory, files, threads, connections int }

// usageOf reads a process's books, and the database's.
func usageOf(t *testing.T, pid int, conn *pgx.Conn) (u usage) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	number := func(name string) int {
		_, rest, _ := strings.Cut(string(status), name+":")
		n, err := strconv.Atoi(strings.Fields(rest)[0])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return n
	}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	u = usage{memory: number("VmRSS") >> 10, files: len(files), threads: number("Threads")}
	err = conn.QueryRow(context.Background(), `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = 'wheelhouse'`).Scan(&u.connections)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// middle is the median of something over samples.
func middle(samples []usage, of func(usage) int) int {
	all := make([]int, len(samples))
	for i, s := range samples {
		all[i] = of(s)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// serve works under faults every second, each stream every minute; afterwards the warehouse is the one without faults,
// and the process has not grown.
func TestSoak(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("no /proc to read a process's books in")
	}
	testkit.SkipIfShort(t, "it takes as long as the flag soak says")
	t.Parallel()
	var fixed atomic.Pointer[time.Time]
	now := func() time.Time {
		if at := fixed.Load(); at != nil {
			return *at
		}
		return time.Now()
	}
	first := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -4)
	sim := simulator.New(simulator.Options{Seed: 11, Agents: 4, APIKey: key, From: first, Until: first.AddDate(0, 0, 7), Density: .7, ShareDensity: 1.5,
		MaxPageSize: 3, Now: now})
	api := faults.NewAPI(sim, 11, 2*time.Second)
	strike := &striker{t: t, dealt: map[string]int{}, database: testdb.New(t)}
	l := &lab{t: t, api: api, first: first.Format(time.DateOnly), hurried: hurried{Lease: shortLease, Backoff: time.Millisecond, Idle: time.Second}}
	strike.tap, l.dsn = faults.NewTap(t, strike.database)

	serve := l.program(nil, "serve")
	everyMinute(t, serve.cmd.Dir)
	serve.start()
	samples := suffer(t, serve, strike)

	strike.later.Wait()
	api.Calm()
	strike.tap.Calm()
	serve.signal(syscall.SIGQUIT) // ends it with a list of its goroutines
	<-serve.gone
	goroutines := bytes.Count(serve.errs.Bytes(), []byte("\ngoroutine "))
	if text := serve.said(); strings.Contains(text, key) || strings.Contains(text, "DATA RACE") || goroutines == 0 {
		t.Errorf("%d goroutines, and it said:\n%s", goroutines, text)
	}
	mustBeFlat(t, samples, goroutines)

	end := time.Now().UTC()
	fixed.Store(&end)
	l.Now = end
	l.mustRun("run")
	plain := &lab{t: t, api: sim, dsn: testdb.New(t), first: l.first, hurried: hurried{Now: end, Lease: time.Minute, Backoff: time.Millisecond}}
	plain.mustRun("run")
	if d := testdb.Read(t, plain.dsn).Diff(testdb.Read(t, strike.database)); d != "" {
		t.Errorf("the warehouse differs from the one without faults (- want, + got):%s", d)
	}
	t.Logf("%s; faults of the link: %v; runs %s, loads %s", *soakFor, strike.dealt,
		mustQuery(t, strike.database, "SELECT count(*)::text FROM wheelhouse.runs"), mustQuery(t, strike.database, "SELECT count(*)::text FROM wheelhouse.loads WHERE status = 'loaded'"))
}

// everyMinute sets every stream to run once a minute.
func everyMinute(t *testing.T, dir string) {
	t.Helper()
	text := "requests_per_second: 1000\nstreams:\n"
	for _, name := range []string{"demo_usage", "usage_new", "usage_shares", "shares", "share_visits", "share_details", "user_access", "company_content"} {
		text += fmt.Sprintf("  %s:\n    cron: \"* * * * *\"\n    requests_per_second: 1000\n", name)
	}
	if err := os.WriteFile(dir+"/schedules.yaml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// suffer deals a blow a second, and reads the process's books as often.
func suffer(t *testing.T, p *program, s *striker) (samples []usage) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	r := faults.Rand(11, "soak")
	kinds := []string{"latency", "slices", "reset", "cut off", "terminate backends", "pause"}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for end := time.Now().Add(*soakFor); time.Now().Before(end); <-tick.C {
		select {
		case <-p.gone:
			t.Fatalf("serve ended:\n%s", p.said())
		default:
		}
		s.strike(kinds[r.IntN(len(kinds))], p)
		samples = append(samples, usageOf(t, p.cmd.Process.Pid, conn))
	}
	return samples
}

// mustBeFlat wants the end to hold no more than the time after the start, where there was time to grow.
func mustBeFlat(t *testing.T, samples []usage, goroutines int) {
	t.Helper()
	early, late := samples[len(samples)/4:len(samples)/2], samples[3*len(samples)/4:]
	for _, of := range []struct {
		what  string
		value func(usage) int
		most  int // at any time
		grow  int // beyond the early median, after minutes
	}{
		{"MiB of memory", func(u usage) int { return u.memory }, 600, 40},
		{"files", func(u usage) int { return u.files }, 120, 12},
		{"threads", func(u usage) int { return u.threads }, 64, 8},
		{"connections", func(u usage) int { return u.connections }, 8, 8}, // the pool has a place for each stream, and fills as it is needed
	} {
		a, b := middle(early, of.value), middle(late, of.value)
		t.Logf("%s: %d early, %d late", of.what, a, b)
		if b > of.most || *soakFor >= 2*time.Minute && b > a+of.grow {
			t.Errorf("%s: %d early, %d late", of.what, a, b)
		}
	}
	t.Logf("goroutines at the end: %d", goroutines)
	if goroutines > 200 {
		t.Errorf("%d goroutines", goroutines)
	}
}
