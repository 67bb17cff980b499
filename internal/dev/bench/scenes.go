//go:build linux

package main

import (
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"sync"
	"time"
)

// A measure is a row of the table.
type measure struct {
	name  string // for -only
	title string
	base  string // the baseline of its ratio
}

// A scene runs measures that belong together, in a database of its own. round is part of the names of profiles.
type scene struct {
	measures []measure
	missing  func() string // missing tools, or ""; nil if no tools are needed
	play     func(b *bench, ctx context.Context, round string, record func(name string, s sample)) error
}

// scenes run in this order, in each round.
var scenes []scene

// Set in init, because the scenes' functions refer to measures by name.
func init() {
	for _, shape := range shapes {
		name := func(what string) string { return shape.name + "-" + what }
		scenes = append(scenes,
			scene{play: copyAll(shape), measures: []measure{{name: name("copy"), title: shape.title + `: psql \copy`}}},
			scene{play: firstLoad(shape), measures: []measure{
				{name("first"), shape.title + ": first load", name("copy")},
				{name("unchanged"), shape.title + ": read again, nothing changed", name("copy")},
				{name("force"), shape.title + ": --force, nothing changed", name("copy")},
				{name("changed"), shape.title + ": read again, 1 % of the sessions changed", name("copy")},
			}})
	}
	scenes = append(scenes,
		scene{play: nightly, measures: []measure{{"nightly", "nightly run, eight streams, nothing new", ""}}},
		scene{play: slowAPI, measures: []measure{{"slow", "first load, an API of 200 ms and 5 requests a second", ""}}},
		scene{play: copyFew, measures: []measure{{name: "copy-few", title: `psql \copy, as many rows as the peers`}}},
		peer("shell", "peer: curl, jq, psql and an upsert", "shell.sh", sync.OnceValues(shell)),
		peer("pandas", "peer: pandas, SQLAlchemy and an upsert", "frames.py", sync.OnceValues(python)))
}

// oldestFirst makes a backfill begin with the oldest day, as a run does. By default it begins with the newest.
var oldestFirst = []string{"--oldest-first"}

// scratch is the database that a scene works in.
const scratch = "bench_scratch"

// fast is settings without limits on the program's requests.
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

// wants reports whether a measure is asked for, or is the baseline of one that is.
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

// again is a nightly run of the program that loads a workload's days again, as its look-back.
func (b *bench) again(ctx context.Context, name string, w *hosted) *exec.Cmd {
	t := target{api: w.api, database: scratch, settings: w.settings, history: w.from}
	return b.wheelhouse(ctx, name, t, "run", "--streams", "usage_new")
}

// load measures the load of a whole workload, and checks the result, including the number of changed sessions.
func (b *bench) load(ctx context.Context, name string, w *hosted, changed int, cmd *exec.Cmd) (sample, error) {
	s, err := b.measure(ctx, scratch, w.facts.rows(), cmd)
	if err == nil {
		err = b.check(ctx, scratch, w.facts, changed)
	}
	if err != nil {
		return s, fmt.Errorf("%s: %w", cmp.Or(name, "load"), err)
	}
	return s, nil
}

type play = func(b *bench, ctx context.Context, round string, record func(string, sample)) error

func copyAll(of shape) play {
	return func(b *bench, ctx context.Context, _ string, record func(string, sample)) error {
		w, err := b.workload(ctx, of)
		if err != nil {
			return err
		}
		s, err := b.copy(ctx, w)
		if err == nil {
			record(of.name+"-copy", s)
		}
		return err
	}
}

// firstLoad measures the first load, and then the reloads that are asked for.
func firstLoad(of shape) play {
	return func(b *bench, ctx context.Context, round string, record func(string, sample)) error {
		w, err := b.workload(ctx, of)
		if err != nil {
			return err
		}
		if err := b.pg.fresh(ctx, scratch); err != nil {
			return err
		}
		name := func(what string) string { return of.name + "-" + what }
		s, err := b.load(ctx, "", w, w.facts.sessions, b.backfill(ctx, name("first")+"-"+round, w, w.from, w.to, oldestFirst))
		if err != nil {
			return err
		}
		if b.wants(name("first")) {
			record(name("first"), s)
		}
		// Refresh the rollups after the backfill, outside of the measurement.
		if _, err := b.clock(b.again(ctx, "", w)); err != nil {
			return err
		}
		for _, again := range []struct {
			name    string
			changed int
			cmd     func(name string) *exec.Cmd
		}{
			{"unchanged", 0, func(name string) *exec.Cmd { return b.again(ctx, name, w) }},
			{"force", 0, func(name string) *exec.Cmd {
				return b.backfill(ctx, name, w, w.from, w.to, append(oldestFirst, "--force"))
			}},
			{"changed", len(w.changes), func(name string) *exec.Cmd { return b.again(ctx, name, w) }},
		} {
			if !b.wants(name(again.name)) {
				continue
			}
			if again.changed > 0 {
				w.change(1)
			}
			if err := b.pg.exec(ctx, scratch, "VACUUM (ANALYZE)"); err != nil {
				return err
			}
			s, err := b.load(ctx, again.name, w, again.changed, again.cmd(name(again.name)+"-"+round))
			if again.changed > 0 {
				w.change(-1)
			}
			if err != nil {
				return err
			}
			record(name(again.name), s)
		}
		return nil
	}
}
