//go:build linux

package main

import (
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// A measure is a row of the table.
type measure struct {
	name  string // for -only
	title string
	base  string // the measure that it is a ratio to
}

// A scene takes measures that belong together, in a database of its own. round goes into the names of profiles.
type scene struct {
	measures []measure
	lacks    func() string // what is not installed here, "" for nothing; nil where nothing is needed
	play     func(b *bench, ctx context.Context, round string, take func(name string, s sample)) error
}

// scenes are played in this order, in each round.
var scenes []scene

// The scenes' functions ask for measures by name, hence this late.
func init() {
	scenes = []scene{
		{play: copyAll, measures: []measure{{name: "copy", title: `psql \copy, flat CSV, one connection`}}},
		{play: floor, measures: []measure{{"floor", `psql \copy, encoded beforehand, two connections at once`, "copy"}}},
		{play: firstLoad(), measures: []measure{
			{"first", "first load", "copy"},
			{"unchanged", "reload, nothing changed", "copy"},
			{"bypassed", "reload, nothing changed, without the hash", "copy"},
			{"changed", "reload, 1 % of the sessions changed", "copy"},
		}},
		{play: loadWith("one", &flags.oneConnection), measures: []measure{{"one", "first load, one connection", "copy"}}},
		{play: loadWith("newest", &flags.newestFirst), measures: []measure{{"newest", "first load, the newest days first", "copy"}}},
		{play: wholeAnswer, measures: []measure{{"whole", "first load, all in one answer", "copy"}}},
		{play: years, measures: []measure{
			{"year", "first load of a year of smaller days", ""},
			{"years", "first load of years of smaller days (ratio to one year's)", "year"},
		}},
		{play: nightly, measures: []measure{{"nightly", "nightly run, eight streams, nothing new", ""}}},
		{play: slowAPI, measures: []measure{{"slow", "first load, an API of 200 ms and 5 requests a second", ""}}},
		{play: copyFew, measures: []measure{{name: "copy-few", title: `psql \copy, as many rows as the peers`}}},
		peer("shell", "peer: curl, jq, psql and an upsert", "shell.sh", sync.OnceValues(shell)),
		peer("pandas", "peer: pandas, SQLAlchemy and an upsert", "frames.py", sync.OnceValues(python)),
	}
}

// Flags that choose how the program loads. parallel 1 is one window, hence one connection that loads, at a time.
var flags = struct{ usual, oneConnection, newestFirst, reload []string }{
	usual:         []string{"--oldest-first"}, // as `run` does it
	oneConnection: []string{"--oldest-first", "--parallel", "1"},
	reload:        []string{"--force"},
}

// scratch is the database that a scene works in.
const scratch = "bench_scratch"

// fast takes away the limits to the program's requests; the rest of its settings stays.
const fast = "requests_per_second: 1000\nstreams:\n  share_visits:\n    requests_per_second: 1000\n"

func measures() []measure {
	var all []measure
	for _, s := range scenes {
		all = append(all, s.measures...)
	}
	return all
}

func names() []string {
	var list []string
	for _, m := range measures() {
		list = append(list, m.name)
	}
	return list
}

func known(name string) bool { return slices.Contains(names(), name) }

// wants says whether a measure was asked for, or is what another one is compared with.
func (b *bench) wants(name string) bool {
	return len(b.only) == 0 || slices.ContainsFunc(measures(), func(m measure) bool {
		return slices.Contains(b.only, m.name) && (m.name == name || m.base == name)
	})
}

// backfill is the program loading a workload's days into the scratch database.
func (b *bench) backfill(ctx context.Context, name string, w *hosted, from, to time.Time, flags []string) *exec.Cmd {
	t := target{api: w.api, database: scratch, settings: w.settings, history: w.from}
	args := []string{"backfill", "--streams", "usage_new",
		"--from", from.Format(time.DateOnly), "--to", to.AddDate(0, 0, -1).Format(time.DateOnly)}
	return b.wheelhouse(ctx, name, t, append(args, flags...)...)
}

// load measures the load of all of a workload, and checks what it left: so many sessions were changed by it.
func (b *bench) load(ctx context.Context, name string, w *hosted, changed int, flags []string) (sample, error) {
	s, err := b.measure(ctx, scratch, w.facts.rows(), b.backfill(ctx, name, w, w.from, w.to, flags))
	if err == nil {
		err = b.check(ctx, scratch, w.facts, len(w.answers), changed)
	}
	if err != nil {
		return s, fmt.Errorf("%s: %w", cmp.Or(name, "load"), err)
	}
	return s, nil
}

func copyAll(b *bench, ctx context.Context, _ string, take func(string, sample)) error {
	w, err := b.daily(ctx)
	if err != nil {
		return err
	}
	s, err := b.copy(ctx, w)
	if err != nil {
		return err
	}
	take("copy", s)
	return nil
}

// firstLoad is followed by reloads of the same database. Those that are not asked for are left out.
func firstLoad() func(*bench, context.Context, string, func(string, sample)) error {
	return func(b *bench, ctx context.Context, round string, take func(string, sample)) error {
		w, s, err := b.loadFresh(ctx, "first-"+round, flags.usual)
		if err != nil {
			return err
		}
		if b.wants("first") {
			take("first", s)
		}
		for _, again := range []struct {
			name    string
			prepare func() error
			changed int
		}{
			{"unchanged", func() error { return nil }, 0},
			{"bypassed", func() error { return b.forgetHashes(ctx) }, 0},
			{"changed", func() error { w.change(1); return nil }, len(w.changes)},
		} {
			if !b.wants(again.name) {
				continue
			}
			if err := again.prepare(); err != nil {
				return err
			}
			if err := b.pg.exec(ctx, scratch, "VACUUM (ANALYZE)"); err != nil {
				return err
			}
			s, err := b.load(ctx, again.name+"-"+round, w, again.changed, slices.Concat(flags.usual, flags.reload))
			if again.changed > 0 {
				w.change(-1)
			}
			if err != nil {
				return err
			}
			take(again.name, s)
		}
		return nil
	}
}

// forgetHashes makes the ledger know no answer by its hash.
func (b *bench) forgetHashes(ctx context.Context) error {
	conn, err := b.pg.connect(ctx, scratch)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	var columns []string
	err = conn.QueryRow(ctx, `
		SELECT array_agg(quote_ident(column_name) || ' = NULL') FROM information_schema.columns
		WHERE table_schema = 'wheelhouse' AND table_name = 'loads' AND column_name LIKE '%\_hash'`).Scan(&columns)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "UPDATE wheelhouse.loads SET "+strings.Join(columns, ", "))
	return err
}

// loadWith is another way to load for the first time.
func loadWith(name string, flags *[]string) func(*bench, context.Context, string, func(string, sample)) error {
	return func(b *bench, ctx context.Context, round string, take func(string, sample)) error {
		_, s, err := b.loadFresh(ctx, name+"-"+round, *flags)
		if err == nil {
			take(name, s)
		}
		return err
	}
}

// loadFresh loads the days into a database that has none of them.
func (b *bench) loadFresh(ctx context.Context, name string, flags []string) (*hosted, sample, error) {
	w, err := b.daily(ctx)
	if err != nil {
		return nil, sample{}, err
	}
	if err := b.pg.fresh(ctx, scratch); err != nil {
		return nil, sample{}, err
	}
	s, err := b.load(ctx, name, w, w.facts.sessions, flags)
	return w, s, err
}
