//go:build linux || darwin || freebsd

package pgserver

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/testkit"
)

// childVariable makes the test binary a program that uses the package, for tests in
// which that program is killed.
const childVariable = "WHEELHOUSE_PGSERVER_TEST_CHILD"

func TestMain(m *testing.M) {
	syscall.Umask(0o022) // the server's user must be able to read the tests' files
	role := os.Getenv(childVariable)
	if role == "" {
		os.Exit(m.Run())
	}
	if err := child(role); err != nil {
		fmt.Println("child:", err)
		os.Exit(1)
	}
}

// child prints a line whenever its parent may continue.
func child(role string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	fmt.Println("starting")
	s, err := Start(context.Background(), Options{Dir: os.Getenv("CHILD_DIR")})
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(context.Background(), s.URL("postgres"))
	if err != nil {
		return err
	}
	if _, err := conn.Exec(context.Background(), "CREATE TABLE seen (what text)"); err != nil {
		return err
	}
	// Another program must not inherit the pipe that keeps the server alive.
	bystander := exec.Command("sleep", "60")
	if err := bystander.Start(); err != nil {
		return err
	}
	fmt.Println("bystander", bystander.Process.Pid)
	fmt.Println("started", s.folder)

	<-ctx.Done()
	if role == "panic" {
		panic("as asked")
	}
	time.Sleep(300 * time.Millisecond) // long enough for a signal to arrive at the server, if it were sent there
	if _, err := conn.Exec(context.Background(), "INSERT INTO seen VALUES ('after the interrupt')"); err != nil {
		return err
	}
	_ = bystander.Process.Kill()
	_ = bystander.Wait()
	if err := s.Close(); err != nil {
		return err
	}
	fmt.Println("committed and closed")
	return nil
}

// A family is a child in a process group of its own, as in a shell.
type family struct {
	cmd  *exec.Cmd
	temp string // the child's folder for temporary files
	out  *bufio.Reader
}

func MustChild(t *testing.T, role string, env ...string) *family {
	t.Helper()
	f := &family{temp: mustFolderIn(t, testkit.MemoryFolder())}
	f.cmd = exec.Command(os.Args[0])
	f.cmd.Env = append(os.Environ(), childVariable+"="+role, "TMPDIR="+f.temp)
	f.cmd.Env = append(f.cmd.Env, env...)
	f.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := f.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	f.out = bufio.NewReader(out)
	if err := f.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-f.cmd.Process.Pid, syscall.SIGKILL) // the bystander too
		_ = f.cmd.Wait()
	})
	return f
}

// MustSay reads the child's next line, and returns the text after the word.
func (f *family) MustSay(t *testing.T, word string) string {
	t.Helper()
	line, err := f.out.ReadString('\n')
	rest, ok := strings.CutPrefix(strings.TrimSpace(line), word)
	if err != nil || !ok {
		more, _ := io.ReadAll(f.out)
		t.Fatalf("the child printed %q (%v) %s, want %q", line, err, more, word)
	}
	return strings.TrimSpace(rest)
}

// MustSignal sends a signal to the child's process group, as a terminal does.
func (f *family) MustSignal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(-f.cmd.Process.Pid, s); err != nil {
		t.Fatal(err)
	}
}

// MustLeaveNothing waits until these processes have ended and all temporary files are
// removed.
func (f *family) MustLeaveNothing(t *testing.T, pids []int) {
	t.Helper()
	within(t, 10*time.Second, fmt.Sprintf("processes %v have ended", pids), func() bool { return noneAlive(t, pids) })
	if left, _ := os.ReadDir(f.temp); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if n := segmentsOf(pids); n > 0 {
		t.Errorf("%d segments of shared memory remain", n)
	}
}

func TestServerEndsWithItsProgram(t *testing.T) {
	deaths := []struct {
		name, role string
		die        func(*testing.T, *family)
	}{
		{"SIGKILL", "wait", func(t *testing.T, f *family) {
			if err := f.cmd.Process.Kill(); err != nil { // only the child: its bystander survives
				t.Fatal(err)
			}
		}},
		{"SIGKILL while the server hangs", "wait", func(t *testing.T, f *family) {
			found, _ := filepath.Glob(filepath.Join(f.temp, "wheelhouse-pg-*"))
			server := postmaster(t, found[0])
			if err := syscall.Kill(server, syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			defer syscall.Kill(server, syscall.SIGCONT) //nolint:errcheck // seen below
			if err := f.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(500 * time.Millisecond)
			if !exists(filepath.Join(found[0], "data", "PG_VERSION")) {
				t.Error("the folder was removed under a living server")
			}
		}},
		{"panic", "panic", func(t *testing.T, f *family) {
			if err := f.cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, test := range deaths[:testkit.Rounds(1, len(deaths), len(deaths))] {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := MustChild(t, test.role)
			f.MustSay(t, "starting")
			var bystander int
			if _, err := fmt.Sscan(f.MustSay(t, "bystander"), &bystander); err != nil {
				t.Fatal(err)
			}
			folder := f.MustSay(t, "started")
			memory := segment(t, folder)
			pids := descendants(t, f.cmd.Process.Pid)
			pids = slices.DeleteFunc(pids, func(pid int) bool { return pid == bystander })
			if !slices.Contains(pids, postmaster(t, folder)) || filepath.Dir(folder) != f.temp || !segmentExists(t, memory) {
				t.Fatalf("the test sees too few processes: %v in %s", pids, folder)
			}

			test.die(t, f)
			_ = f.cmd.Wait()
			f.MustLeaveNothing(t, pids)
			if segmentExists(t, memory) {
				t.Error("shared memory remains")
			}
			if !exists(folder) && noneAlive(t, []int{bystander}) {
				t.Error("the bystander ended, so the test does not show that it inherits nothing")
			}
		})
	}
}

// The program is killed during initdb, before there is a server.
func TestInitdbEndsWithItsProgram(t *testing.T) {
	delays := []time.Duration{150, 0, 50, 250, 400} // milliseconds
	for _, after := range delays[:testkit.Rounds(1, len(delays), len(delays))] {
		t.Run(fmt.Sprintf("%dms", after), func(t *testing.T) {
			t.Parallel()
			f := MustChild(t, "wait")
			f.MustSay(t, "starting")
			within(t, 10*time.Second, "a folder", func() bool {
				found, _ := os.ReadDir(f.temp)
				return len(found) > 0 && len(descendants(t, f.cmd.Process.Pid)) > 0
			})
			time.Sleep(after * time.Millisecond)
			pids := descendants(t, f.cmd.Process.Pid)
			f.MustSignal(t, syscall.SIGKILL)
			_ = f.cmd.Wait()
			within(t, 10*time.Second, "no temporary file left", func() bool {
				found, _ := os.ReadDir(f.temp)
				return len(found) == 0
			})
			f.MustLeaveNothing(t, pids)
		})
	}
}

// The program is killed when the server has just started and does not handle signals yet.
func TestStartingServerEndsWithItsProgram(t *testing.T) {
	delays := []time.Duration{0, 0, 5, 15} // milliseconds
	for _, after := range delays[:testkit.Rounds(1, len(delays), len(delays))] {
		f := MustChild(t, "wait")
		f.MustSay(t, "starting")
		within(t, 30*time.Second, "a server", func() bool {
			args, err := exec.Command("ps", "-axo", "args=").Output()
			return err == nil && strings.Contains(string(args), "postgres -D "+f.temp)
		})
		time.Sleep(after * time.Millisecond)
		pids := descendants(t, f.cmd.Process.Pid)
		f.MustSignal(t, syscall.SIGKILL)
		_ = f.cmd.Wait()
		f.MustLeaveNothing(t, pids)
	}
}

// Options.Dir has no guard, and its server shuts down cleanly.
func TestServerWithKeptDataShutsDownCleanly(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(MustFolder(t), "kept")
	f := MustChild(t, "wait", "CHILD_DIR="+dir)
	f.MustSay(t, "starting")
	f.MustSay(t, "bystander")
	f.MustSay(t, "started")
	pid := postmaster(t, dir)
	f.MustSignal(t, syscall.SIGKILL)
	within(t, 10*time.Second, "the server has ended", func() bool {
		return noneAlive(t, []int{pid}) && !exists(filepath.Join(dir, "data", "postmaster.pid"))
	})
	s := MustStart(t, Options{Dir: dir})
	// synchronous_commit is off, so only a clean shutdown certainly keeps the row.
	MustQuery(t, MustConnect(t, s.URL("postgres")), "SELECT count(*)::text FROM seen")
}

func TestInterruptLeavesTimeToCommit(t *testing.T) {
	t.Parallel()
	f := MustChild(t, "wait")
	f.MustSay(t, "starting")
	f.MustSay(t, "bystander")
	f.MustSay(t, "started")
	pids := descendants(t, f.cmd.Process.Pid)
	f.MustSignal(t, syscall.SIGINT)
	f.MustSay(t, "committed and closed")
	if err := f.cmd.Wait(); err != nil {
		t.Error(err)
	}
	f.MustLeaveNothing(t, pids)
}
