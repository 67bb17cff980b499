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
	"wheelhouse/internal/stream"
	"wheelhouse/internal/testdb"
	"wheelhouse/internal/testkit"
)

var soakFor = flag.Duration("soak", 10*time.Second, "how long TestSoak injects faults into serve; minutes and more show leaks")

// usage is the resources of a process at one moment.
type usage struct{ memory, files, threads, connections int }

// usageOf reads a process's usage from /proc, and its connections from the database.
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

// middle is the median of a figure over samples.
func middle(samples []usage, of func(usage) int) int {
	all := make([]int, len(samples))
	for i, s := range samples {
		all[i] = of(s)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// serve runs each stream every minute, with a fault every second. Afterwards the warehouse is the same as without faults,
// and the process has not grown.
func TestSoak(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("this machine has no /proc")
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
	inj := &injector{t: t, injected: map[string]int{}, database: testdb.New(t)}
	l := &lab{t: t, api: api, first: first.Format(time.DateOnly), testTiming: testTiming{Lease: shortLease, Backoff: time.Millisecond, Idle: time.Second}}
	inj.link, l.dsn = faults.NewBadLink(t, inj.database)

	serve := l.program(nil, "serve")
	everyMinute(t, serve.cmd.Dir)
	serve.start()
	samples := injectEverySecond(t, serve, inj)

	inj.later.Wait()
	api.Stop()
	inj.link.Clear()
	serve.signal(syscall.SIGQUIT) // prints its goroutines and ends
	<-serve.ended
	goroutines := bytes.Count(serve.errs.Bytes(), []byte("\ngoroutine "))
	if text := serve.output(); strings.Contains(text, key) || strings.Contains(text, "DATA RACE") || goroutines == 0 {
		t.Errorf("%d goroutines; output:\n%s", goroutines, text)
	}
	mustBeFlat(t, samples, goroutines)

	end := time.Now().UTC()
	fixed.Store(&end)
	l.Now = end
	l.mustRun("run")
	plain := &lab{t: t, api: sim, dsn: testdb.New(t), first: l.first, testTiming: testTiming{Now: end, Lease: time.Minute, Backoff: time.Millisecond}}
	plain.mustRun("run")
	if d := testdb.Read(t, plain.dsn).Diff(testdb.Read(t, inj.database)); d != "" {
		t.Errorf("the warehouse differs from the one without faults (- want, + got):%s", d)
	}
	t.Logf("%s; faults of the link: %v; runs %s, loads %s", *soakFor, inj.injected,
		mustQuery(t, inj.database, "SELECT count(*)::text FROM wheelhouse.runs"), mustQuery(t, inj.database, "SELECT count(*)::text FROM wheelhouse.loads WHERE status = 'loaded'"))
}

// everyMinute sets every stream to run once a minute.
func everyMinute(t *testing.T, dir string) {
	t.Helper()
	text := "requests_per_second: 1000\nstreams:\n"
	for _, name := range stream.Names() {
		text += fmt.Sprintf("  %s:\n    cron: \"* * * * *\"\n    requests_per_second: 1000\n", name)
	}
	if err := os.WriteFile(dir+"/schedules.yaml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// injectEverySecond injects a fault every second, and samples the process's usage as often.
func injectEverySecond(t *testing.T, p *program, s *injector) (samples []usage) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	r := faults.Rand(11, "soak")
	names := []string{"latency", "pieces", "reset", "cut off", "terminate backends", "pause"}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for end := time.Now().Add(*soakFor); time.Now().Before(end); <-tick.C {
		select {
		case <-p.ended:
			t.Fatalf("serve ended:\n%s", p.output())
		default:
		}
		s.inject(names[r.IntN(len(names))], p)
		samples = append(samples, usageOf(t, p.cmd.Process.Pid, conn))
	}
	return samples
}

// mustBeFlat fails if the usage at the end is too high or, after minutes, above the usage near the start.
func mustBeFlat(t *testing.T, samples []usage, goroutines int) {
	t.Helper()
	early, late := samples[len(samples)/4:len(samples)/2], samples[3*len(samples)/4:]
	for _, of := range []struct {
		what  string
		value func(usage) int
		most  int // in a run of any length
		grow  int // beyond the early median, after minutes
	}{
		{"MiB of memory", func(u usage) int { return u.memory }, 600, 40},
		{"files", func(u usage) int { return u.files }, 120, 12},
		{"threads", func(u usage) int { return u.threads }, 64, 8},
		{"connections", func(u usage) int { return u.connections }, 8, 8}, // the pool grows on demand, to one connection for each stream
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
