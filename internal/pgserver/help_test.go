//go:build linux || darwin || freebsd

package pgserver

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// MustStart starts a server, which is closed when the test ends.
func MustStart(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func MustConnect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func MustExec(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// MustQuery returns a query's only value, as text.
func MustQuery(t *testing.T, conn *pgx.Conn, sql string) string {
	t.Helper()
	var value string
	if err := conn.QueryRow(t.Context(), sql).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// MustFolder is a temporary folder that the server's user can use, unlike t.TempDir
// when root runs the tests.
func MustFolder(t *testing.T) string { return mustFolderIn(t, os.TempDir()) }

func mustFolderIn(t *testing.T, parent string) string {
	t.Helper()
	folder, err := os.MkdirTemp(parent, "pgserver-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return folder
}

func MustWrite(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// within polls until fine returns true, and fails the test after a timeout.
func within(t *testing.T, timeout time.Duration, what string, fine func() bool) {
	t.Helper()
	for end := time.Now().Add(timeout); !fine(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", timeout, what)
		}
	}
}

// parents maps every process of the machine, except zombies, to its parent.
func parents(t *testing.T) map[int]int {
	t.Helper()
	all := map[int]int{}
	if stats, _ := filepath.Glob("/proc/[0-9]*/stat"); len(stats) > 0 {
		for _, path := range stats {
			text, _ := os.ReadFile(path) // it may have ended
			end := bytes.LastIndexByte(text, ')')
			if fields := strings.Fields(string(text[end+1:])); len(fields) > 1 && fields[0] != "Z" {
				pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
				all[pid], _ = strconv.Atoi(fields[1])
			}
		}
		return all
	}
	out, err := exec.Command("ps", "-axo", "pid=,ppid=,stat=").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); len(fields) > 2 && !strings.HasPrefix(fields[2], "Z") {
			pid, _ := strconv.Atoi(fields[0])
			all[pid], _ = strconv.Atoi(fields[1])
		}
	}
	return all
}

// descendants are the children of a process and their descendants.
func descendants(t *testing.T, ancestor int) []int {
	t.Helper()
	all := parents(t)
	var below []int
	for pid := range all {
		for p := pid; p > 1; p = all[p] {
			if all[p] == ancestor {
				below = append(below, pid)
				break
			}
		}
	}
	return below
}

// noneAlive reports whether all of the processes have ended.
func noneAlive(t *testing.T, pids []int) bool {
	t.Helper()
	all := parents(t)
	for _, pid := range pids {
		if _, alive := all[pid]; alive {
			return false
		}
	}
	return true
}

// lockLine is a line, counted from 1, of a running server's postmaster.pid.
func lockLine(t *testing.T, folder string, n int) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) < n {
		t.Fatalf("postmaster.pid is incomplete: %q", text)
	}
	return strings.TrimSpace(lines[n-1])
}

// postmaster is the process id of a running server.
func postmaster(t *testing.T, folder string) int {
	t.Helper()
	pid, err := strconv.Atoi(lockLine(t, folder, 1))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// segment is the id of a running server's System V shared memory.
func segment(t *testing.T, folder string) string {
	t.Helper()
	fields := strings.Fields(lockLine(t, folder, 7))
	if len(fields) != 2 {
		t.Fatalf("no shared memory in postmaster.pid: %q", fields)
	}
	return fields[1]
}

// segmentsOf counts the segments of System V shared memory that the processes have
// made. It is 0 on systems that do not show it.
func segmentsOf(pids []int) int {
	n := 0
	text, _ := os.ReadFile("/proc/sysvipc/shm")
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 4 {
			if creator, err := strconv.Atoi(fields[4]); err == nil && slices.Contains(pids, creator) {
				n++
			}
		}
	}
	return n
}

// segmentExists reports whether a segment of System V shared memory exists. It uses
// ipcs, except on Linux.
func segmentExists(t *testing.T, id string) bool {
	t.Helper()
	text, err := os.ReadFile("/proc/sysvipc/shm")
	if err != nil {
		if text, err = exec.Command("ipcs", "-m").Output(); err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[1] == id {
			return true
		}
	}
	return false
}
