package pipeline

import (
	"cmp"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/settings"
	"wheelhouse/internal/simulator"
	"wheelhouse/internal/testdb"
	"wheelhouse/transform"
)

// SQL and Go make the same id of a session.
func TestSessionIDIsTheSameInSQL(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), testdb.New(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.StringOf(rapid.Rune().Filter(func(c rune) bool { return c != 0 }))
		account, agent := text.Draw(r, "account"), text.Draw(r, "agent")
		start := time.UnixMicro(rapid.Int64Range(0, 253402300799_999999).Draw(r, "start")).UTC()
		occurrence := rapid.IntRange(1, 32767).Draw(r, "occurrence")
		var id [16]byte
		var floor, next [16]byte
		if err := conn.QueryRow(t.Context(), `SELECT wheelhouse.session_id($1, $2, $3, $4), wheelhouse.session_floor($3),
			wheelhouse.session_floor($3 + interval '1 millisecond')`, account, agent, start, occurrence).Scan(&id, &floor, &next); err != nil {
			r.Fatal(err)
		}
		if want := transform.SessionID(account, agent, start, occurrence); id != want {
			r.Fatalf("SQL makes %x, Go %x", id, want)
		}
		if string(floor[:]) > string(id[:]) || string(next[:]) <= string(id[:]) {
			r.Fatalf("%x is not between the floors %x and %x", id, floor, next)
		}
		if id[6]>>4 != 8 || id[8]>>6 != 2 {
			r.Fatalf("%x is not a UUID of version 8", id)
		}
	})
}

// reordered loads the due windows as a run does, but each stream's in another order.
func (r *Runner) reordered(b *bench, within Range, order func([]ledger.Due)) Result {
	b.t.Helper()
	jobs, err := r.Plan(b.t.Context(), []*Account{b.account}, nil, func(*Account) Range { return within })
	if err != nil {
		b.t.Fatal(err)
	}
	for _, job := range jobs {
		order(job.Due)
	}
	run, err := r.Warehouse.Ledger.StartRun(b.t.Context(), "run", "test", "test")
	if err != nil {
		b.t.Fatal(err)
	}
	result := r.load(b.t.Context(), jobs, run)
	if !result.OK() {
		b.t.Fatalf("%+v\n%v", result, b.lines("SELECT stream, span::text, error FROM wheelhouse.loads WHERE status = 'failed'"))
	}
	return result
}

// Same-second sessions, some of them across midnight, are loaded while they run and afterwards, in any order of days and however the
// API selects. The rows are always the same.
func TestSameSecondSessionsInAnyOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t, newCanned(), mayDay, nil)
	first := date("2026-03-10")
	at := func(d time.Duration) time.Time { return first.Add(d) }
	const h, m = time.Hour, time.Minute
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		var all []simulator.Session
		for range rapid.IntRange(1, 5).Draw(r, "sessions") {
			all = append(all, simulator.Session{
				Agent: "t@x.com", StartedAt: at(20 * h),
				EndedAt: at(rapid.SampledFrom([]time.Duration{20*h + m, 22 * h, 24*h - time.Second, 24 * h, 24*h + m, 30 * h, 43 * h}).Draw(r, "end")),
				Viewers: rapid.IntRange(1, 2).Draw(r, "viewers"), MaxViewers: 2,
			})
		}
		now := at(0)
		sim := simulator.New(simulator.Options{
			APIKey: testKey, Agents: 2, From: first.AddDate(0, 0, -1), Now: func() time.Time { return now }, Density: .01,
			Select: rapid.SampledFrom([]simulator.Selection{simulator.ByStart, simulator.ByEnd, simulator.ByOverlap}).Draw(r, "select"),
			To:     rapid.SampledFrom([]simulator.Bound{simulator.Inclusive, simulator.Exclusive, simulator.WholeSecond}).Draw(r, "to"),
			Shape:  simulator.Shape{RunningEnd: rapid.SampledFrom([]simulator.RunningEnd{simulator.EndNull, simulator.EndAbsent, simulator.EndSoFar}).Draw(r, "running")},
		})
		for day := range 5 {
			if _, err := sim.Mutate(first.AddDate(0, 0, day-1), func(d *simulator.Day) {
				d.Sessions = nil
				if day == 1 {
					d.Sessions = slices.Clone(all)
				}
			}); err != nil {
				r.Fatal(err)
			}
		}
		server := httptest.NewServer(sim)
		defer server.Close()
		n++
		account := *mustAccount(t, server.URL, now, nil)
		account.ID, account.HistoryFrom = fmt.Sprintf("a%d", n), first.AddDate(0, 0, -1)
		account.Account.Streams = only(account.Account.Streams, "usage_new")
		b.account = &account
		for _, d := range []time.Duration{21 * h, 24*h + m/2, 25 * h, 35 * h, 76 * h} {
			if now = at(d); d < 76*h && !rapid.Bool().Draw(r, "run at "+d.String()) {
				continue
			}
			b.runner.Parallel = rapid.IntRange(1, 3).Draw(r, "parallel")
			order := rapid.Permutation([]int{0, 1, 2, 3, 4, 5, 6, 7}).Draw(r, "order")
			b.runner.reordered(b, account.Nightly(now), func(due []ledger.Due) {
				slices.SortStableFunc(due, func(x, y ledger.Due) int { return cmp.Compare(order[x.Day.Day()%8], order[y.Day.Day()%8]) })
			})
		}
		slices.SortFunc(all, func(x, y simulator.Session) int {
			return cmp.Or(x.EndedAt.Compare(y.EndedAt), cmp.Compare(x.Viewers, y.Viewers))
		})
		var want []string
		for _, s := range all {
			want = append(want, fmt.Sprintf("%s|%d|true", s.EndedAt.Format("2006-01-02T15:04:05"), s.Viewers))
		}
		got := b.lines(`SELECT ended_at, viewers, session_id = wheelhouse.session_id(account_id, agent_email, started_at, occurrence)
			FROM crankwheel.screen_sessions WHERE account_id = $1 AND deleted_at IS NULL ORDER BY ended_at, viewers`, account.ID)
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			r.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// only returns the settings of some streams.
func only(all []settings.Stream, names ...string) []settings.Stream {
	return slices.DeleteFunc(slices.Clone(all), func(s settings.Stream) bool { return !slices.Contains(names, s.Name) })
}
