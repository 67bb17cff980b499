// Command planted removes one safeguard at a time from a copy of the program, and runs the tests that must then fail.
//
//	go run ./internal/planted          # all safeguards, about a minute each
//	go run ./internal/planted fence    # the safeguards with this word in their names
//
// It prints a table of the tests that failed, and exits 1 if no test failed without a safeguard: a test that cannot fail
// proves nothing.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ok, err := run(ctx, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "planted:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

func run(ctx context.Context, words []string) (ok bool, err error) {
	dir, err := os.MkdirTemp("", "wheelhouse-planted-*")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, os.DirFS(".")); err != nil {
		return false, fmt.Errorf("copy the sources: %w", err)
	}
	fmt.Println("| safeguard removed | tests that fail |")
	fmt.Println("| --- | --- |")
	ok = true
	for _, b := range bugs {
		if len(words) > 0 && !strings.Contains(b.name, strings.Join(words, " ")) {
			continue
		}
		red, err := b.plant(ctx, dir)
		if err != nil {
			return false, fmt.Errorf("%s: %w", b.name, err)
		}
		ok = ok && len(red) > 0
		fmt.Printf("| %s | %s |\n", b.name, strings.Join(red, ", "))
	}
	return ok, nil
}

// plant removes a safeguard, lists the tests that fail, and restores the safeguard.
func (b bug) plant(ctx context.Context, dir string) (red []string, err error) {
	for _, e := range b.edits {
		path := filepath.Join(dir, e.file)
		was, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if n := bytes.Count(was, []byte(e.old)); n != 1 {
			return nil, fmt.Errorf("%s contains %d times %q", e.file, n, e.old)
		}
		if err := os.WriteFile(path, bytes.Replace(was, []byte(e.old), []byte(e.new), 1), 0o644); err != nil {
			return nil, err
		}
		defer os.WriteFile(path, was, 0o644) //nolint:errcheck // the copy is deleted later
	}
	for _, t := range b.tests {
		cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-timeout=5m", "-run", "^("+t.run+")$", "./"+t.pkg)
		cmd.Dir = dir
		output, err := cmd.CombinedOutput()
		if err == nil {
			continue
		}
		failed := failures.FindAllSubmatch(output, -1)
		if len(failed) == 0 { // the build failed, or the tests were killed
			return nil, fmt.Errorf("go test failed without a failed test: %w\n%s", err, output)
		}
		for _, f := range failed {
			red = append(red, t.pkg+" "+string(f[1]))
		}
	}
	return red, ctx.Err()
}

var failures = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)
