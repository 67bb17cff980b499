package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Each edit's text is in its file exactly once, and each test that must fail exists.
func TestBugsFitTheSources(t *testing.T) {
	root := filepath.Join("..", "..")
	for _, b := range bugs {
		for _, e := range b.edits {
			text, err := os.ReadFile(filepath.Join(root, e.file))
			if err != nil {
				t.Error(err)
			} else if n := strings.Count(string(text), e.old); n != 1 {
				t.Errorf("%s: %s has %d times %q", b.name, e.file, n, e.old)
			}
		}
		for _, of := range b.tests {
			sources, err := filepath.Glob(filepath.Join(root, of.pkg, "*_test.go"))
			if err != nil {
				t.Fatal(err)
			}
			all := ""
			for _, name := range sources {
				text, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				all += string(text)
			}
			for _, name := range strings.Split(of.run, "|") {
				if !strings.Contains(all, "func "+name+"(") {
					t.Errorf("%s: package %s has no %s", b.name, of.pkg, name)
				}
			}
		}
	}
}

// The sources with all bugs at once compile.
func TestBugsCompile(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program anew")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	changed := map[string]string{}
	for _, b := range bugs {
		for _, e := range b.edits {
			path := filepath.Join(root, e.file)
			if changed[path] == "" {
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				changed[path] = string(text)
			}
			changed[path] = strings.Replace(changed[path], e.old, e.new, 1)
		}
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	replace := map[string]string{}
	for path, text := range changed {
		replace[path] = write(strings.ReplaceAll(strings.TrimPrefix(path, root), string(filepath.Separator), "_"), text)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", os.DevNull, "-overlay", write("overlay.json", string(overlay)), "./cmd/wheelhouse")
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}
