//go:build linux

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// report writes the results as Markdown.
func (b *bench) report(out io.Writer) error {
	if len(b.results) == 0 {
		return nil
	}
	var t strings.Builder
	fmt.Fprintf(&t, "%s, %d cores; %s; PostgreSQL %s; %s; %d rounds\n\n",
		processor(), runtime.NumCPU(), kernel(), b.pg.version, compiler(), b.rounds)
	for _, w := range b.workloads {
		fmt.Fprintf(&t, "- %s\n", w)
	}
	t.WriteString("\n| measure | ratio to \\copy | wall s | rows/s | client CPU s | Postgres CPU s | WAL MB | tuples written | peak RSS MiB |\n")
	t.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	var notes []string
	for _, m := range measures() {
		list := b.results[m.name]
		if len(list) == 0 {
			continue
		}
		cells := []string{m.title, b.ratio(m, list)}
		for _, c := range columns {
			cells = append(cells, spread(list, c.of, c.format))
		}
		fmt.Fprintf(&t, "| %s |\n", strings.Join(cells, " | "))
		for i, s := range list {
			if s.note != "" {
				notes = append(notes, fmt.Sprintf("- %s, round %d: %s\n", m.title, i+1, s.note))
			}
		}
	}
	for _, s := range scenes {
		if s.missing != nil && b.wants(s.measures[0].name) && s.missing() != "" {
			notes = append(notes, fmt.Sprintf("- %s: not installed: %s\n", s.measures[0].title, s.missing()))
		}
	}
	if len(notes) > 0 {
		t.WriteString("\n" + strings.Join(notes, ""))
	}
	_, err := io.WriteString(out, t.String())
	return err
}

// columns are the columns of absolute figures. A value below 0 is unknown.
var columns = []struct {
	format string
	of     func(sample) float64
}{
	{"%.2f", func(s sample) float64 { return s.wall.Seconds() }},
	{"%.0f", func(s sample) float64 {
		if s.rows == 0 {
			return -1
		}
		return float64(s.rows) / s.wall.Seconds()
	}},
	{"%.2f", func(s sample) float64 { return s.client.Seconds() }},
	{"%.2f", func(s sample) float64 { return s.postgres.Seconds() }},
	{"%.1f", func(s sample) float64 { return float64(s.wal) / 1e6 }},
	{"%.0f", func(s sample) float64 { return float64(s.tuples) }},
	{"%.0f", func(s sample) float64 { return cmp.Or(float64(s.memory)/(1<<20), -1) }},
}

// isBaseline reports whether other measures are compared with a measure.
func isBaseline(name string) bool {
	return slices.ContainsFunc(measures(), func(m measure) bool { return m.base == name })
}

// ratio is the time for a row relative to the median of the baseline.
func (b *bench) ratio(m measure, list []sample) string {
	perRow := func(s sample) float64 { return s.wall.Seconds() / float64(s.rows) }
	base := b.results[cmp.Or(m.base, m.name)]
	if len(base) == 0 || base[0].rows == 0 || m.base == "" && !isBaseline(m.name) {
		return "–"
	}
	_, one, _ := summary(base, perRow)
	return spread(list, func(s sample) float64 { return perRow(s) / one }, "%.2f")
}

// spread is a median with minimum and maximum.
func spread(list []sample, of func(sample) float64, format string) string {
	low, middle, high := summary(list, of)
	if high < 0 {
		return "–"
	}
	text := func(x float64) string { return fmt.Sprintf(format, x) }
	if text(low) == text(high) {
		return text(middle)
	}
	return fmt.Sprintf("%s (%s–%s)", text(middle), text(low), text(high))
}

func summary(list []sample, of func(sample) float64) (low, middle, high float64) {
	values := make([]float64, len(list))
	for i, s := range list {
		values[i] = of(s)
	}
	slices.Sort(values)
	n := len(values)
	return values[0], (values[(n-1)/2] + values[n/2]) / 2, values[n-1]
}

// processor is the CPU's model.
func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func kernel() string {
	text, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return "Linux " + strings.TrimSpace(string(text))
}

// compiler is the version of Go that builds the program.
func compiler() string {
	output, err := exec.CommandContext(context.Background(), "go", "env", "GOVERSION").Output()
	if err != nil {
		return runtime.Version()
	}
	return strings.TrimSpace(string(output))
}
