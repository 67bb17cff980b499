// Command planted takes one safety at a time out of a copy of the program and runs the tests that are to miss it.
//
//	go run ./internal/planted          # all, about a minute each
//	go run ./internal/planted fence    # those whose names contain the word
//
// It prints a table of what each test said, and exits 1 if a bug was planted and every test stayed green: a test
// that cannot fail proves nothing.
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
	fmt.Println("| safety taken out | tests that turn red |")
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

// plant plants a bug, lists the tests that found it, and takes it out again.
func (b bug) plant(ctx context.Context, dir string) (red []string, err error) {
	for _, e := range b.edits {
		path := filepath.Join(dir, e.file)
		was, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if n := bytes.Count(was, []byte(e.old)); n != 1 {
			return nil, fmt.Errorf("%s has %d places like %q", e.file, n, e.old)
		}
		if err := os.WriteFile(path, bytes.Replace(was, []byte(e.old), []byte(e.new), 1), 0o644); err != nil {
			return nil, err
		}
		defer os.WriteFile(path, was, 0o644) //nolint:errcheck // the copy goes anyway
	}
	for _, t := range b.tests {
		cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-timeout=5m", "-run", "^("+t.run+")$", "./"+t.pkg)
		cmd.Dir = dir
		said, err := cmd.CombinedOutput()
		if err == nil {
			continue
		}
		failed := failures.FindAllSubmatch(said, -1)
		if len(failed) == 0 { // it does not build, or was killed: no finding
			return nil, fmt.Errorf("no test failed, and go test did: %w\n%s", err, said)
		}
		for _, f := range failed {
			red = append(red, t.pkg+" "+string(f[1]))
		}
	}
	return red, ctx.Err()
}

var failures = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)
