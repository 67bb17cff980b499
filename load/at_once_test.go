package load_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/testdb"
	"wheelhouse/internal/testkit"
	"wheelhouse/load"
)

// Two processes load windows of any length, of two accounts, at the same time, each alone or several in one transaction. The rows
// are the same as when one window is loaded after another.
func TestConcurrentLoadsEqualLoadsInTurn(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	var processes []*load.Warehouse
	for range 2 {
		w, err := load.Open(t.Context(), dsn, load.Options{MayShrink: true, Connections: 6})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(w.Close)
		processes = append(processes, w)
	}
	run, err := processes[0].Ledger.StartRun(t.Context(), "run", "test", "test")
	if err != nil {
		t.Fatal(err)
	}
	conn := connect(t, dsn)
	// Each load waits between reading and writing, so that another load can come between.
	if _, err := conn.Exec(t.Context(), `CREATE FUNCTION public.dawdle() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_sleep(random() * 0.05); RETURN NULL; END$$;
		CREATE TRIGGER dawdle BEFORE INSERT ON crankwheel.screen_sessions FOR EACH STATEMENT EXECUTE FUNCTION public.dawdle()`); err != nil {
		t.Fatal(err)
	}
	first := rand.Uint64()
	for seed := first; seed < first+uint64(testkit.Rounds(3, 6, 6)) && !t.Failed(); seed++ {
		h := &history{T: t, conn: conn, run: run}
		h.atOnce(seed, processes)
	}
}

// atOnce loads a world, and then a grown world: into two accounts at once, and into a third one window after another.
func (h *history) atOnce(seed uint64, processes []*load.Warehouse) {
	h.Helper()
	r := rand.New(rand.NewPCG(seed, 2))
	world := &world{Rand: r, shows: selections[r.IntN(len(selections))], slots: 4}
	for range 20 {
		world.sessions = append(world.sessions, world.session())
	}
	one, two, turns := fmt.Sprint("one", seed), fmt.Sprint("two", seed), fmt.Sprint("turns", seed)
	for turn := range 2 {
		cuts := world.cuts()
		var group sync.WaitGroup
		for _, account := range []string{one, two} {
			all := h.windows(world, processes[0], account, cuts)
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			for len(all) > 0 {
				n, process := min(1+r.IntN(4)/3*r.IntN(4), len(all)), processes[r.IntN(2)]
				together := all[:n]
				all = all[n:]
				group.Go(func() { h.commit(process, together...) })
			}
		}
		group.Wait()
		h.exec("ALTER TABLE crankwheel.screen_sessions DISABLE TRIGGER dawdle")
		for _, l := range h.windows(world, processes[0], turns, cuts) {
			h.commit(processes[0], l)
		}
		h.exec("ALTER TABLE crankwheel.screen_sessions ENABLE TRIGGER dawdle")
		want := h.live(turns)
		for _, account := range []string{one, two} {
			if got := h.live(account); !slices.Equal(got, want) {
				h.Fatalf("seed %d, turn %d: at once\n%s\nin turn\n%s", seed, turn, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		for range r.IntN(5) { // more same-second sessions
			world.sessions = append(world.sessions, world.session())
		}
	}
}

// cuts cuts the world's time into windows of whole hours.
func (w *world) cuts() (cuts []time.Time) {
	end := worldBegins.AddDate(0, 0, worldDays+2)
	for at := worldBegins.AddDate(0, 0, -1); at.Before(end); at = at.Add(time.Duration(1+w.IntN([]int{6, 18, 60}[w.IntN(3)])) * time.Hour) {
		cuts = append(cuts, at)
	}
	return append(cuts, end)
}

// windows returns the windows between cuts, claimed, with their answers.
func (h *history) windows(world *world, process *load.Warehouse, account string, cuts []time.Time) (all []load.Ready) {
	h.Helper()
	for i, from := range cuts[:len(cuts)-1] {
		win := ledger.Window{Account: account, Stream: load.UsageNew.Stream, From: from, To: cuts[i+1], Day: from.Truncate(24 * time.Hour)}
		claims, err := process.Ledger.Claim(h.Context(), h.run, ledger.Due{Window: win, Known: 1 << 62})
		if err != nil || claims[0].Err != nil {
			h.Fatal(err, claims)
		}
		b := load.NewBatch(win)
		h.Cleanup(b.Close)
		b.Begin()
		for _, i := range world.Perm(len(world.sessions)) {
			if s := world.sessions[i]; world.shows(s, win.From, win.To) {
				if err := b.Session(s); err != nil {
					h.Fatal(err)
				}
			}
		}
		b.Commit()
		all = append(all, load.Ready{Claim: claims[0], Batch: b})
	}
	return all
}

func (h *history) commit(process *load.Warehouse, loads ...load.Ready) {
	for _, c := range process.Commit(context.Background(), loads...) {
		if c.Err != nil {
			h.Error(c.Err)
		}
	}
}

func (h *history) exec(sql string) {
	h.Helper()
	if _, err := h.conn.Exec(h.Context(), sql); err != nil {
		h.Fatal(err)
	}
}
