//go:build linux

package main

import (
	"context"
	"fmt"
	"os/exec"
	"time"
)

// floor is what no way to load can go below: the rows as Postgres takes them, in files, each of two connections copying its
// half of the time, oldest first.
func floor(b *bench, ctx context.Context, _ string, take func(string, sample)) error {
	w, err := b.daily(ctx)
	if err != nil {
		return err
	}
	if w.csv == "" {
		if err := b.flatten(ctx, w); err != nil {
			return err
		}
	}
	if err := b.pg.fresh(ctx, scratch); err != nil {
		return err
	}
	s, err := b.measure(ctx, scratch, w.facts.rows(), b.copyHalves(ctx, w))
	if err != nil {
		return err
	}
	take("floor", s)
	return b.checkRows(ctx, scratch, w.facts)
}

// half is the file of a table's rows, encoded, of the first or the second half of the time.
func (h *hosted) half(table string, n int) string {
	return fmt.Sprintf("%s%s-%d.binary", h.csv, table, n)
}

// encode writes the rows in the scratch database as COPY BINARY takes them.
func (b *bench) encode(ctx context.Context, h *hosted) error {
	middle := h.from.Add(h.to.Sub(h.from) / 2).Format(time.RFC3339)
	for _, t := range tables {
		for n, half := range []string{"<", ">="} {
			sql := fmt.Sprintf(`\copy (SELECT * FROM crankwheel.%s WHERE session_id %s wheelhouse.session_floor('%s') ORDER BY %s) TO '%s' (FORMAT binary)`,
				t.name, half, middle, t.order, h.half(t.name, n))
			if _, err := b.clock(command(ctx, b.pg.psql, "-XqAt", "-d", b.pg.URL(scratch), "-c", sql)); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyHalves is two psqls at once.
func (b *bench) copyHalves(ctx context.Context, h *hosted) *exec.Cmd {
	args := []string{"-c", `"$1" -Xq1 -v ON_ERROR_STOP=1 -d "$2" -c "$3" -c "$4" & one=$!
"$1" -Xq1 -v ON_ERROR_STOP=1 -d "$2" -c "$5" -c "$6" && wait $one`, "sh", b.pg.psql, b.pg.URL(scratch)}
	for n := range 2 {
		for _, t := range tables {
			args = append(args, fmt.Sprintf(`\copy crankwheel.%s FROM '%s' (FORMAT binary)`, t.name, h.half(t.name, n)))
		}
	}
	cmd := command(ctx, "sh", args...)
	cmd.Env = neutral()
	return cmd
}
