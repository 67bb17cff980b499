//go:build linux || darwin || freebsd

package pgserver

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestDirIsKept(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(MustFolder(t), "kept")
	s := MustStart(t, Options{Dir: dir})
	MustExec(t, MustConnect(t, s.URL("postgres")), "CREATE DATABASE mine")
	memory := segment(t, dir)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if segmentExists(t, memory) {
		t.Error("shared memory remains")
	}
	if info, err := os.Stat(filepath.Join(dir, "password")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the password's file: %v, %v", info, err)
	}
	again := MustStart(t, Options{Dir: dir})
	MustConnect(t, again.URL("mine"))
	if _, err := Start(t.Context(), Options{Dir: dir}); err == nil {
		t.Error("two servers on the same data")
	}
}

func TestFailedStartLeavesNothing(t *testing.T) {
	folder := MustFolder(t)
	t.Setenv("TMPDIR", folder)
	s, err := Start(t.Context(), Options{Settings: map[string]string{"shared_buffers": "nonsense"}})
	if err == nil {
		s.Close()
		t.Fatal("started with nonsense")
	}
	if !strings.HasPrefix(err.Error(), "start postgres: ") || !strings.Contains(err.Error(), `"shared_buffers": "nonsense"`) {
		t.Errorf("the error does not contain the server's log: %v", err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond) // in the middle of initdb
	defer cancel()
	if _, err := Start(ctx, Options{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cancelled: %v", err)
	}
	if left, _ := os.ReadDir(folder); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if left := descendants(t, os.Getpid()); len(left) > 0 {
		t.Errorf("processes left: %v", left)
	}
}

func TestTemporaryFolderPrivateToRootIsAvoided(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root")
	}
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", closed)
	if s := MustStart(t, Options{}); filepath.Dir(s.folder) == closed {
		t.Errorf("runs in %s, so the test proves nothing", s.folder)
	}
}
