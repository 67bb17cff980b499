//go:build linux

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// hosted is a workload with its server.
type hosted struct {
	*workload
	api      string
	settings string // for the program
	csv      string // the beginning of the names of its CSV files; "" before flatten
}

// today is the day after the loaded days, so that a run loads them again as its look-back.
var today = time.Now().UTC().Truncate(day)

// host makes a workload and serves it.
func (b *bench) host(ctx context.Context, what string, from, to time.Time, sessions, window int) (*hosted, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	begin := time.Now()
	w, err := newWorkload(from, to, sessions, window)
	if err != nil {
		return nil, err
	}
	f := w.facts
	text := fmt.Sprintf("%s: %d sessions (%d cross midnight) and %d events in %d answers of %.1f MB together",
		what, f.sessions, f.crossing, f.events, len(w.answers), float64(w.size)/1e6)
	b.workloads = append(b.workloads, text)
	b.log("made %s, in %.0f s", text, time.Since(begin).Seconds())
	h := &hosted{workload: w, settings: fast}
	h.settings += fmt.Sprintf("  usage_new:\n    window: %dd\n    lookback: 366d\n", window)
	h.api, err = serve(b.stop, w)
	return h, err
}

// shape is a shape of data.
type shape struct {
	name, title           string
	days, perDay, windows int // windows: days in one
}

// shapes are measured each, since what is quick for one may be slow for another.
var shapes = []shape{
	{"large", "60 days of 8,000 sessions", 60, 8000, 1},
	{"small", "180 days of 2,700 sessions", 180, 2700, 1},
	{"months", "31 days in one window, 8,000 sessions a day", 62, 8000, 31},
}

// workload makes a shape's workload, once.
func (b *bench) workload(ctx context.Context, s shape) (_ *hosted, err error) {
	if made := b.made[s.name]; made != nil {
		return made, nil
	}
	to := today
	if s.windows > 1 { // windows of several days begin on multiples of as many days
		to = to.AddDate(0, 0, -int(to.Unix()/86400)%s.windows)
	}
	made, err := b.host(ctx, s.title, to.AddDate(0, 0, -s.days), to, int(float64(s.days*s.perDay)*b.scale), s.windows)
	b.made[s.name] = made
	return made, err
}

var tables = []struct{ name, order string }{
	{"screen_sessions", "session_id"},
	{"screen_session_events", "session_id, seq"},
}

// file is where a table's rows are, flat.
func (h *hosted) file(table string) string { return h.csv + table + ".csv" }

// flatten has the program load a workload, and writes its rows to CSV files, oldest first.
func (b *bench) flatten(ctx context.Context, h *hosted) error {
	if err := b.pg.fresh(ctx, scratch); err != nil {
		return err
	}
	if _, err := b.load(ctx, "", h, h.facts.sessions, b.backfill(ctx, "", h, h.from, h.to, oldestFirst)); err != nil {
		return err
	}
	h.csv = filepath.Join(b.dir, fmt.Sprintf("%d-%d-", h.facts.sessions, h.window))
	for _, t := range tables {
		sql := fmt.Sprintf(`\copy (SELECT * FROM crankwheel.%s ORDER BY %s) TO '%s' (FORMAT csv)`, t.name, t.order, h.file(t.name))
		if _, err := b.clock(command(ctx, b.pg.psql, "-XqAt", "-d", b.pg.URL(scratch), "-c", sql)); err != nil {
			return err
		}
	}
	return b.pg.drop(scratch)
}

// copy is the baseline.
func (b *bench) copy(ctx context.Context, h *hosted) (sample, error) {
	if h.csv == "" {
		if err := b.flatten(ctx, h); err != nil {
			return sample{}, err
		}
	}
	if err := b.pg.fresh(ctx, scratch); err != nil {
		return sample{}, err
	}
	args := []string{"-Xq", "-v", "ON_ERROR_STOP=1", "-d", b.pg.URL(scratch)}
	for _, t := range tables {
		args = append(args, "-c", fmt.Sprintf(`\copy crankwheel.%s FROM '%s' (FORMAT csv)`, t.name, h.file(t.name)))
	}
	cmd := command(ctx, b.pg.psql, args...)
	cmd.Env = neutral()
	s, err := b.measure(ctx, scratch, h.facts.rows(), cmd)
	if err != nil {
		return s, err
	}
	return s, b.checkRows(ctx, scratch, h.facts)
}
