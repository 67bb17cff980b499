//go:build linux || darwin || freebsd

package pgserver

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"wheelhouse/internal/testkit"
)

func TestStartConnectClose(t *testing.T) {
	t.Parallel()
	s := MustStart(t, Options{Settings: map[string]string{"work_mem": "5MB", "TimeZone": "Asia/Tokyo"}})
	conn := MustConnect(t, s.URL("postgres"))
	for sql, want := range map[string]string{
		"SHOW fsync":                   "off",
		"SHOW work_mem":                "5MB",
		"SHOW timezone":                "Asia/Tokyo",
		"SHOW log_timezone":            "UTC",
		"SHOW server_encoding":         "UTF8",
		"SHOW listen_addresses":        "127.0.0.1",
		"SHOW unix_socket_directories": "",
		"SELECT upper('é')":            "É",
		"SELECT ('B' < 'a')::text":     "true",
		"SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user": "true",
	} {
		if got := MustQuery(t, conn, sql); got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
	if exists(filepath.Join(s.folder, "password")) {
		t.Error("the password's file remains")
	}
	info, err := os.Stat(s.folder)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("folder's mode: %v", info.Mode())
	}
	if maps, err := os.ReadFile("/proc/" + strconv.Itoa(postmaster(t, s.folder)) + "/maps"); err == nil {
		if strings.Contains(string(maps), "/dev/shm") {
			t.Error("the server has memory below /dev/shm")
		}
	}

	memory := segment(t, s.folder)
	pids := append(descendants(t, s.run.cmd.Process.Pid), s.run.cmd.Process.Pid, s.guard.cmd.Process.Pid)
	if len(pids) < 6 || !segmentExists(t, memory) {
		t.Fatalf("the test sees too few processes %v, or no memory %s", pids, memory)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !noneAlive(t, pids) {
		t.Errorf("a process of %v remains", pids)
	}
	if exists(s.folder) {
		t.Errorf("%s is still there", s.folder)
	}
	if segmentExists(t, memory) {
		t.Error("shared memory remains")
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if err := s.Restart(t.Context()); err == nil {
		t.Error("Restart works after Close")
	}
}

func TestKilledPostmasterLeavesNoMemory(t *testing.T) {
	t.Parallel()
	s := MustStart(t, Options{Parent: testkit.MemoryFolder()})
	memory := segment(t, s.folder)
	if err := syscall.Kill(postmaster(t, s.folder), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if !s.run.ended(10 * time.Second) {
		t.Fatal("the server survived SIGKILL")
	}
	if !segmentExists(t, memory) {
		t.Fatal("the test proves nothing: the memory is already freed")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if exists(s.folder) || segmentExists(t, memory) {
		t.Error("folder or shared memory remains")
	}
}

func TestTwoServersRunAtOnce(t *testing.T) {
	t.Parallel()
	var servers [2]*Server
	var errs [2]error
	var group sync.WaitGroup
	for i := range servers {
		group.Go(func() { servers[i], errs[i] = Start(context.Background(), Options{Parent: testkit.MemoryFolder()}) })
	}
	group.Wait()
	for i, s := range servers {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		t.Cleanup(func() { s.Close() })
		if got := MustQuery(t, MustConnect(t, s.URL("postgres")), "SHOW port"); got != strconv.Itoa(s.port) {
			t.Errorf("port %s, want %d", got, s.port)
		}
	}
	if servers[0].port == servers[1].port || servers[0].password == servers[1].password {
		t.Error("the same port or password twice")
	}
}

func TestPortOfAnotherServerIsNotUsed(t *testing.T) {
	t.Parallel()
	owner := MustStart(t, Options{Parent: testkit.MemoryFolder()})
	s := MustStart(t, Options{Parent: testkit.MemoryFolder()})
	if err := s.Crash(); err != nil {
		t.Fatal(err)
	}
	err := s.boot(t.Context(), owner.port)
	if err == nil || s.run != nil {
		t.Fatal("mistook another server for its own")
	}
	if !strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("the error does not contain the log: %v", err)
	}
	ports := []int{owner.port, owner.port, s.port}
	err = s.launch(t.Context(), func() (int, error) {
		port := ports[0]
		ports = ports[1:]
		return port, nil
	})
	if err != nil || len(ports) > 0 {
		t.Errorf("no other port was tried: %v", err)
	}
	MustConnect(t, s.URL("postgres"))
}

func TestWrongPasswordIsRefused(t *testing.T) {
	t.Parallel()
	s := MustStart(t, Options{Parent: testkit.MemoryFolder()})
	for _, password := range []string{"", "postgres", s.password + "x"} {
		config, err := pgx.ParseConfig(s.URL("postgres"))
		if err != nil {
			t.Fatal(err)
		}
		config.Password = password
		conn, err := pgx.ConnectConfig(t.Context(), config)
		if err == nil {
			conn.Close(t.Context())
			t.Fatalf("password %q was let in", password)
		}
		// Without a password pgx does not even ask the server; with a wrong one the server refuses.
		var refused *pgconn.PgError
		if password != "" && (!errors.As(err, &refused) || refused.Code != "28P01") {
			t.Errorf("password %q: %v", password, err)
		}
	}
}

func TestCrashKeepsCommittedRows(t *testing.T) {
	t.Parallel()
	s := MustStart(t, Options{Durable: true})
	conn := MustConnect(t, s.URL("postgres"))
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		if got := MustQuery(t, conn, "SHOW "+setting); got != "on" {
			t.Errorf("%s is %s", setting, got)
		}
	}
	MustExec(t, conn, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
	MustExec(t, conn, "BEGIN; INSERT INTO kept VALUES (0)")

	before, url := postmaster(t, s.folder), s.URL("postgres")
	if err := s.Crash(); err != nil {
		t.Fatal(err)
	}
	if again, err := pgx.Connect(t.Context(), url); err == nil {
		again.Close(t.Context())
		t.Fatal("a crashed server accepts connections")
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.URL("postgres") != url || postmaster(t, s.folder) == before {
		t.Error("not a new server at the same address")
	}
	conn = MustConnect(t, url)
	if got := MustQuery(t, conn, "SELECT count(*)::text FROM kept"); got != "1000" {
		t.Errorf("%s rows, want 1000", got)
	}
	if err := s.Restart(t.Context()); err != nil { // of a running server
		t.Fatal(err)
	}
	if got := MustQuery(t, MustConnect(t, url), "SELECT count(*)::text FROM kept"); got != "1000" {
		t.Errorf("%s rows after a clean restart, want 1000", got)
	}
}
