//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// bench is one invocation.
type bench struct {
	options
	progress io.Writer
	dir      string // for all files but Postgres's
	product  string // the program's path
	pg       *postgres
	stop     context.Context // ends the servers that serve starts

	// Workloads, made when a scene first needs them.
	made      map[string]*hosted // by shape
	slow, few *hosted
	workloads []string // their descriptions

	results map[string][]sample
}

// run measures what the options ask for, and writes the table.
func run(ctx context.Context, o options, out, progress io.Writer) (err error) {
	b := &bench{options: o, progress: progress, results: map[string][]sample{}, made: map[string]*hosted{}}
	var done context.CancelFunc
	b.stop, done = context.WithCancel(context.Background())
	defer done()
	if b.dir, err = os.MkdirTemp("", "wheelhouse-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if err := b.build(ctx); err != nil {
		return err
	}
	if b.pg, err = startPostgres(ctx, b.sharedMemory, func(line string) { b.log("%s", line) }); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.pg.Close()) }()
	if err := b.migrate(ctx); err != nil {
		return err
	}
	// After an error, report the results so far.
	return errors.Join(b.playAll(ctx), b.report(out))
}

// playAll plays all scenes in each round.
func (b *bench) playAll(ctx context.Context) error {
	for round := 1; round <= b.rounds; round++ {
		for _, s := range scenes {
			if err := b.play(ctx, s, round); err != nil {
				return err
			}
		}
	}
	return nil
}

// play runs a scene, if any of its measures is wanted.
func (b *bench) play(ctx context.Context, s scene, round int) error {
	if !slices.ContainsFunc(s.measures, func(m measure) bool { return b.wants(m.name) }) {
		return nil
	}
	if s.missing != nil && s.missing() != "" {
		b.log("%s: not installed: %s", s.measures[0].name, s.missing())
		return nil
	}
	defer b.pg.drop(scratch) //nolint:errcheck // the server is removed anyway
	record := func(name string, result sample) {
		b.results[name] = append(b.results[name], result)
		b.log("round %d of %d: %s took %.2f s %s", round, b.rounds, name, result.wall.Seconds(), result.note)
	}
	if err := s.play(b, ctx, fmt.Sprint(round), record); err != nil {
		return fmt.Errorf("%s: %w", s.measures[0].name, err)
	}
	return nil
}

func (b *bench) log(format string, args ...any) {
	fmt.Fprintf(b.progress, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
}
