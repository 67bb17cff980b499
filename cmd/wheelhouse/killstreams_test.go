package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"wheelhouse/internal/faults"
	"wheelhouse/internal/stream"
	"wheelhouse/internal/testdb"
	"wheelhouse/internal/testkit"
)

// pointsOfStream is how many points of each stream are in a sample.
const pointsOfStream = 3

// otherStreams are the streams that TestKillSweep leaves out.
var otherStreams = slices.DeleteFunc(stream.Names(), func(name string) bool { return name == "usage_new" })

// loadStates loads the day again. Each account has one stream.
var loadStates = []string{"backfill", "--force", "--from", "2025-01-01", "--to", "2025-01-01"}

// with is the lab with these accounts. An account is named by its one stream and a number.
func (l *lab) with(accounts ...string) *lab {
	own := *l
	own.settings = func(api string) string {
		var file strings.Builder
		file.WriteString("requests_per_second: 1000\nstreams:\n  usage_new:\n    enabled: false\n")
		for _, stream := range otherStreams {
			fmt.Fprintf(&file, "  %s:\n    enabled: false\n    requests_per_second: 1000\n", stream)
		}
		file.WriteString("accounts:\n  - id: default\n")
		for _, account := range accounts {
			stream, _, _ := strings.Cut(account, "-")
			fmt.Fprintf(&file, "  - id: %s\n    server: %s\n    api_key_env: CRANKWHEEL_API_KEY\n    history_from: 2025-01-01\n    streams:\n      %s:\n        enabled: true\n", account, api, stream)
		}
		return file.String()
	}
	return &own
}

// killPoint is the point at which an account's load is killed. The point is identified by its request's text, because
// concurrent requests come in any order.
type killPoint struct {
	account, what string
	after         bool
	nth           int32 // among equal requests
}

func (k killPoint) stream() string { stream, _, _ := strings.Cut(k.account, "-"); return stream }

// here returns a function that recognises the point during one run.
func (k killPoint) here() func(faults.Point) bool {
	var met atomic.Int32
	return func(at faults.Point) bool { return at.What == k.what && at.After == k.after && met.Add(1) == k.nth }
}

// points makes an account for each point in a load of each stream, or for a sample of the points.
func (s *twoStates) points(t *testing.T, l lab, seed uint64) (all []killPoint, accounts []string) {
	t.Helper()
	l.dsn = testdb.New(t)
	probes := make([]string, len(otherStreams))
	for i, stream := range otherStreams {
		probes[i] = stream + "-0"
	}
	l.with(probes...).mustRun(loadStates...)
	s.later.Store(true)
	defer s.later.Store(false)
	for i, stream := range otherStreams {
		found := l.with(probes[i]).meets(append(loadStates, "--account", probes[i])...)
		chosen := faults.Rand(seed, stream).Perm(len(found))
		if !testkit.Long() {
			chosen = chosen[:pointsOfStream]
		}
		for j, n := range chosen {
			found[n].account = fmt.Sprintf("%s-%d", stream, j)
			all = append(all, found[n])
			accounts = append(accounts, found[n].account)
		}
	}
	return all, accounts
}

// meets lists the points of a run.
func (l *lab) meets(args ...string) []killPoint {
	l.t.Helper()
	var mu sync.Mutex
	var all []killPoint
	met := map[killPoint]int32{}
	l.killAt(func(at faults.Point) bool {
		mu.Lock()
		defer mu.Unlock()
		same := killPoint{what: at.What, after: at.After}
		met[same]++
		all = append(all, killPoint{what: at.What, after: at.After, nth: met[same]})
		return false
	}, args...)
	mu.Lock() // the proxy may still carry the end of a connection
	defer mu.Unlock()
	return slices.Clone(all)
}

// A load of each other stream is killed at some points, as in TestKillSweep. Each time all of the window is loaded or
// nothing, and one more run gives the same warehouse as without the kill.
func TestKillSweepOfStreams(t *testing.T) {
	testkit.SkipIfShort(t, "it kills dozens of programs")
	t.Parallel()
	seed := faults.Seed()
	faults.Replay(t, t.Name(), "./cmd/wheelhouse", seed)
	api := &twoStates{}
	l := lab{t: t, api: api, first: "2025-01-01", testTiming: testTiming{Now: time.Date(2025, 1, 3, 0, 0, 0, 0, time.UTC), Lease: 8 * time.Second,
		Backoff: time.Millisecond, Idle: time.Minute}}
	points, accounts := api.points(t, l, seed)
	faulty, plain := l, l
	faulty.dsn, plain.dsn = testdb.New(t), testdb.New(t)
	faulty.with(accounts...).mustRun(loadStates...)
	plain.with(accounts...).mustRun(loadStates...)
	before := testdb.Read(t, plain.dsn)
	api.later.Store(true)
	plain.with(accounts...).mustRun(loadStates...)
	after := testdb.Read(t, plain.dsn)

	var mu sync.Mutex
	killed := map[string][]string{}
	var all errgroup.Group
	all.SetLimit(4)
	for _, at := range points {
		all.Go(func() error {
			if faulty.with(at.account).killAt(at.here(), append(loadStates, "--account", at.account)...) {
				mu.Lock()
				defer mu.Unlock()
				killed[at.stream()] = append(killed[at.stream()], fmt.Sprint(at.after, " ", at.what))
			}
			return nil
		})
	}
	_ = all.Wait() // the functions return no errors
	mustHaveKilled(t, killed, len(points))
	mustBeOneOf(t, faulty.dsn, accounts, before, after)
	faulty.with(accounts...).mustRun(loadStates...)
	if d := after.Diff(testdb.Read(t, faulty.dsn)); d != "" {
		t.Errorf("the warehouse differs from the one without kills (- want, + got):%s", d)
	}
}

// mustHaveKilled fails if most points were not met or, in the long tests, if a type of request has no kill.
func mustHaveKilled(t *testing.T, killed map[string][]string, points int) {
	t.Helper()
	kills := 0
	for _, stream := range otherStreams {
		kills += len(killed[stream])
		t.Logf("%s: killed %d times", stream, len(killed[stream]))
		for _, what := range []string{"GET /ss/api/", "COPY", "end of COPY", "UPDATE crankwheel.", "DELETE FROM wheelhouse.leases", "commit", "UPDATE wheelhouse.runs"} {
			for _, when := range []string{"true ", "false "} {
				if testkit.Long() && !slices.ContainsFunc(killed[stream], func(k string) bool { return strings.HasPrefix(k, when) && strings.Contains(k, what) }) {
					t.Errorf("%s was not killed (after: %s) at %s", stream, when, what)
				}
			}
		}
	}
	t.Logf("killed %d times in all, at %d points", kills, points)
	if 4*kills < 3*points {
		t.Errorf("killed %d times only, at %d points", kills, points)
	}
}

// mustBeOneOf fails unless each account's rows are as before or as after, and the ledger has the loads to match.
func mustBeOneOf(t *testing.T, dsn string, accounts []string, before, after testdb.Contents) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	got, was, will := byAccount(testdb.Read(t, dsn)), byAccount(before), byAccount(after)
	counts := [2]int{}
	for _, account := range accounts {
		var loads int
		if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM wheelhouse.loads WHERE status = 'loaded' AND account_id = $1", account).Scan(&loads); err != nil {
			t.Fatal(err)
		}
		switch {
		case was[account] == will[account]:
			t.Fatalf("the states of %s do not differ", account)
		case loads == 1 && got[account] == was[account]:
			counts[0]++
		case loads == 2 && got[account] == will[account]:
			counts[1]++
		default:
			t.Errorf("%s, loaded %d times, has\n%s", account, loads, got[account])
		}
	}
	t.Logf("after the kills %d windows were as before and %d as after", counts[0], counts[1])
}

// byAccount is each account's rows, as one text.
func byAccount(c testdb.Contents) map[string]string {
	all := map[string]string{}
	for _, table := range slices.Sorted(maps.Keys(c)) {
		for _, row := range c[table] {
			_, rest, _ := strings.Cut(row, `"account_id": "`)
			account, _, _ := strings.Cut(rest, `"`)
			all[account] += table + " " + row + "\n"
		}
	}
	return all
}
