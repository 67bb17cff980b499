package main

import (
	"os"
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
