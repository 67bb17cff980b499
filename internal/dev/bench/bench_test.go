//go:build linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A small run of the main measures shows that the command works. Its figures mean nothing.
func TestMeasures(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	o, err := parse([]string{"-scale", "0.01", "-rounds", "1", "-only", "months-first,months-unchanged,months-force,months-changed"}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	var out, progress bytes.Buffer
	if err := run(t.Context(), o, &out, &progress); err != nil {
		t.Fatalf("%v\n%s", err, progress.Bytes())
	}
	for _, m := range measures() {
		if got, want := strings.Contains(out.String(), "| "+m.title+" |"), strings.Contains("months-copy,months-first,months-unchanged,months-force,months-changed", m.name); got != want {
			t.Errorf("%s is in the table: %v, want %v\n%s", m.name, got, want, out.Bytes())
		}
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, args := range [][]string{
		{"-scale", "0"}, {"-only", "fist"}, {"rest"}, {"-rounds", "0"}, {"-binary", "x", "-profile", "y"},
	} {
		var complaint bytes.Buffer
		if _, err := parse(args, &complaint); err == nil || complaint.Len() == 0 {
			t.Errorf("%q: %v, printed %q", args, err, complaint.String())
		}
	}
}
