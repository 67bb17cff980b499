package pipeline

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"testing"
	"time"

	"wheelhouse/internal/ledger"
	"wheelhouse/load"
	"wheelhouse/transform"
)

var someDay = date("2026-03-10")

func (b *bench) window(s load.Stream, day time.Time) ledger.Window {
	return ledger.Window{Account: b.account.ID, Stream: s.Stream, Day: day, From: day, To: day.AddDate(0, 0, 1)}
}

// commit commits a window's batch.
func commit(t testing.TB, w *load.Warehouse, c ledger.Claim, batch *load.Batch) (ledger.Counts, error) {
	done := w.Commit(t.Context(), load.Ready{Claim: c, Batch: batch})
	return done[0].Counts, done[0].Err
}

// loadWindow loads one window, as a run does.
func (b *bench) loadWindow(s Stream, due ledger.Due, run int64) Outcome {
	w := &worker{Runner: b.runner, job: Job{Account: b.account, Stream: s}, run: run, limits: newLimits(1)}
	w.limits.claimed <- struct{}{}
	claimed, over := w.claim(b.t.Context(), []ledger.Due{due})
	if len(claimed) == 0 {
		return over[0]
	}
	if err := w.ask(claimed[0]); err != nil {
		return w.fail(b.t.Context(), claimed[0], err)
	}
	return w.commit(b.t.Context(), claimed)[0]
}

// claim claims one window.
func claim(ctx context.Context, w *load.Warehouse, run int64, win ledger.Window, planned int64) (ledger.Claim, error) {
	claims, err := w.Ledger.Claim(ctx, run, ledger.Due{Window: win, Known: planned})
	if err != nil {
		return ledger.Claim{}, err
	}
	return claims[0], claims[0].Err
}

func (b *bench) mustStart() int64 {
	b.t.Helper()
	run, err := b.runner.Warehouse.Ledger.StartRun(b.t.Context(), "run", "test", "test")
	if err != nil {
		b.t.Fatal(err)
	}
	return run
}

func mustClaim(t *testing.T, w *load.Warehouse, run int64, win ledger.Window) ledger.Claim {
	t.Helper()
	c, err := claim(t.Context(), w, run, win, 1<<62)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// users makes a batch of an answer of user_access.
func users(t *testing.T, b *load.Batch, emails ...string) *load.Batch {
	t.Helper()
	t.Cleanup(b.Close)
	b.Begin()
	for _, email := range emails {
		if err := b.User(transform.User{Email: email}); err != nil {
			t.Fatal(err)
		}
	}
	b.Commit()
	return b
}

// A lease that ran out passes to another process. The process that had it is refused, and nothing of its window is stored
// (invariant 2).
func TestLeaseThatPassedOn(t *testing.T) {
	t.Parallel()
	b := newBench(t, newCanned(), mayDay, nil)
	hasty, err := load.Open(t.Context(), b.url, load.Options{Lease: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer hasty.Close()
	other := b.second().Warehouse
	run := b.mustStart()
	win := b.window(load.UserAccess, someDay)

	dead := mustClaim(t, hasty, run, win)
	late := users(t, load.NewBatch(b.window(load.UserAccess, someDay)), "late@x.com")
	if _, err := claim(t.Context(), other, run, win, 1<<62); !errors.Is(err, ledger.ErrBusy) {
		t.Fatalf("a claim of a leased window: %v", err)
	}
	// A lease that is renewed does not run out.
	holding, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		hasty.Ledger.Renew(holding, dead, func() { t.Error("lost a lease that was renewed") })
	}()
	time.Sleep(600 * time.Millisecond)
	if _, err := claim(t.Context(), other, run, win, 1<<62); !errors.Is(err, ledger.ErrBusy) {
		t.Fatalf("a claim on a window whose lease is renewed: %v", err)
	}
	stop()
	<-done
	time.Sleep(400 * time.Millisecond)

	alive := mustClaim(t, other, run, win)
	b.want("failed|abandoned: its process stopped", "SELECT status, error FROM wheelhouse.loads WHERE id = $1", dead.Load)
	lost := make(chan struct{})
	go hasty.Ledger.Renew(t.Context(), dead, func() { close(lost) })
	select {
	case <-lost:
	case <-time.After(5 * time.Second):
		t.Error("whoever lost the lease was not told")
	}
	if _, err := commit(t, hasty, dead, late); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("the commit of a lost window: %v", err)
	}
	b.want("0", "SELECT count(*) FROM crankwheel.users")
	n, err := commit(t, other, alive, users(t, load.NewBatch(b.window(load.UserAccess, someDay)), "a@x.com"))
	if err != nil || n.Inserted != 1 {
		t.Errorf("the commit of the window's new holder: %+v, %v", n, err)
	}
	// The other order is refused as well.
	if _, err := commit(t, hasty, dead, late); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("the commit of a lost window, afterwards: %v", err)
	}
	b.want("a@x.com", "SELECT email FROM crankwheel.users")
}

// An answer that was asked for earlier and is committed later changes no row of a newer answer (invariant 5).
func TestLateAnswer(t *testing.T) {
	t.Parallel()
	b := newBench(t, newCanned(), mayDay, nil)
	w := b.runner.Warehouse
	run := b.mustStart()
	// Snapshots of two days, whose leases do not overlap.
	yesterday := mustClaim(t, w, run, b.window(load.UserAccess, someDay))
	today := mustClaim(t, w, run, b.window(load.UserAccess, someDay.AddDate(0, 0, 1)))
	older := users(t, load.NewBatch(b.window(load.UserAccess, someDay)), "left@x.com")
	time.Sleep(100 * time.Millisecond)
	newer := users(t, load.NewBatch(b.window(load.UserAccess, someDay)), "joined@x.com")
	if _, err := commit(t, w, today, newer); err != nil {
		t.Fatal(err)
	}
	b.mustWriteNothing("the older snapshot", func() {
		n, err := commit(t, w, yesterday, older)
		if err != nil || !n.Skipped {
			t.Errorf("%+v, %v", n, err)
		}
	})
	b.want("joined@x.com", "SELECT email FROM crankwheel.users")
	// The warehouse has the newer answer. The same answer again changes nothing, and the older one would.
	for _, again := range []struct {
		email string
		want  ledger.Counts
	}{{"joined@x.com", ledger.Counts{Read: 1, Unchanged: 1}}, {"left@x.com", ledger.Counts{Read: 1, Inserted: 1, Deleted: 1}}} {
		c := mustClaim(t, w, run, b.window(load.UserAccess, someDay.AddDate(0, 0, 2)))
		n, err := commit(t, w, c, users(t, load.NewBatch(b.window(load.UserAccess, someDay)), again.email))
		if err != nil || n != again.want {
			t.Errorf("%s again: %+v, %v", again.email, n, err)
		}
	}
}

// Two windows have the same session. The window that was asked for earlier, when the session was running, is committed later.
func TestLateAnswerOfTheNextDay(t *testing.T) {
	t.Parallel()
	b := newBench(t, newCanned(), mayDay, nil)
	w := b.runner.Warehouse
	run := b.mustStart()
	start := someDay.Add(23*time.Hour + 30*time.Minute)
	batch := func(end time.Time, viewers int32) *load.Batch {
		s := transform.ScreenSession{AgentEmail: "a@x.com", StartedAt: start, Viewers: sql.Null[int32]{V: viewers, Valid: true}}
		if !end.IsZero() {
			s.Ended, s.EndedAt = true, sql.Null[time.Time]{V: end, Valid: true}
		}
		batch := load.NewBatch(b.window(load.UsageNew, someDay))
		t.Cleanup(batch.Close)
		batch.Begin()
		if err := batch.Session(s); err != nil {
			t.Fatal(err)
		}
		batch.Commit()
		return batch
	}
	first := mustClaim(t, w, run, b.window(load.UsageNew, someDay))
	next := mustClaim(t, w, run, b.window(load.UsageNew, someDay.AddDate(0, 0, 1)))
	running := batch(time.Time{}, 1)
	time.Sleep(100 * time.Millisecond) // longer than the clocks of two claims can differ
	ended := batch(start.Add(time.Hour), 2)
	for _, c := range []struct {
		claim ledger.Claim
		batch *load.Batch
	}{{next, ended}, {first, running}} {
		if _, err := commit(t, w, c.claim, c.batch); err != nil {
			t.Fatal(err)
		}
	}
	b.want("2026-03-11T00:30:00|2|1|∅", "SELECT ended_at, viewers, occurrence, deleted_at FROM crankwheel.screen_sessions")
	// In order, the later answer wins.
	first = mustClaim(t, w, run, b.window(load.UsageNew, someDay))
	if _, err := commit(t, w, first, batch(start.Add(time.Hour), 3)); err != nil {
		t.Fatal(err)
	}
	b.want("2026-03-11T00:30:00|3|1|∅", "SELECT ended_at, viewers, occurrence, deleted_at FROM crankwheel.screen_sessions")
}

// A window's visits are deleted when the list no longer has their shares, although no detail is asked for then.
func TestVisitsOfNoShare(t *testing.T) {
	t.Parallel()
	api := newCanned()
	api.say(sharesPath, `{"data":[{"slug":"s","visits":1}],"pagination":{"total":1}}`)
	api.answer(sharesPath+"/s", func(url.Values) (int, string) {
		return 200, `{"sessions":[{"visit_id":"v","visited_at":"2026-03-10T10:00:00Z"}]}`
	})
	b := newBench(t, api, mayDay, nil)
	b.mustRun(b.day("2026-03-10"), "share_visits")
	api.say(sharesPath, `{"data":[],"pagination":{"total":0}}`)
	b.again("2026-03-10", "share_visits")
	b.want("v|true", "SELECT visit_id, deleted_at IS NOT NULL FROM crankwheel.share_visits")
	b.want("2", "SELECT count(*) FROM wheelhouse.loads WHERE requested_at > now() - interval '1 hour'")
}

// A run waits for a window whose lease another process renews, but not for ever: the window counts as left.
func TestWindowThatAnotherProcessKeepsIsLeftOver(t *testing.T) {
	t.Parallel()
	b := newBench(t, newCanned(), mayDay, nil)
	var err error
	if b.runner.Warehouse, err = load.Open(t.Context(), b.url, load.Options{Lease: time.Second}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.runner.Warehouse.Close)
	other := b.second().Warehouse
	kept := mustClaim(t, other, b.mustStart(), b.window(load.UsageNew, someDay))
	holding, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	go other.Ledger.Renew(holding, kept, func() { t.Error("lost a lease that was renewed") })
	began := time.Now()
	result := b.run(b.day("2026-03-10"), "usage_new")
	if result.OK() || result.Left != 1 || result.Failed+result.Loaded != 0 {
		t.Errorf("%+v", result)
	}
	if took := time.Since(began); took < 2*time.Second || took > 30*time.Second {
		t.Errorf("waited for %s", took)
	}
}
