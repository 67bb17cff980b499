package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"wheelhouse/extract"
	"wheelhouse/internal/faults"
)

// hurried is another patience for this binary as the program, in an environment variable.
type hurried struct {
	Now                  time.Time
	Lease, Backoff, Idle time.Duration
}

const hurryEnv = "WHEELHOUSE_TEST_PATIENCE"

// hurry gives the program the patience that the harness wants.
func hurry() {
	text := os.Getenv(hurryEnv)
	if text == "" {
		return
	}
	var h hurried
	if err := json.Unmarshal([]byte(text), &h); err != nil {
		panic(err)
	}
	if !h.Now.IsZero() {
		patience.now = func() time.Time { return h.Now }
	}
	patience.lease = h.Lease
	patience.api = extract.Config{UserAgent: "wheelhouse/test", Backoff: h.Backoff, Idle: h.Idle}
}

// lab is an account, a warehouse and a moment, for programs to be run and hurt in.
type lab struct {
	t     *testing.T
	api   http.Handler
	dsn   string // as the programs reach it
	first string // day of the history
	hurried
	settings func(api string) string // a file of its own; nil: the built-in one, as fast as can be
}

// program is one process.
type program struct {
	t     *testing.T
	args  []string
	cmd   *exec.Cmd
	out   bytes.Buffer
	errs  bytes.Buffer
	watch *faults.Watch
	born  chan struct{} // closed when it has a process id
	gone  chan struct{} // closed when it has ended
	once  sync.Once
	dead  atomic.Bool // we killed it
}

// program prepares a process; hook sees all that it says to the world.
func (l *lab) program(hook func(*program, faults.Point) (cut bool), args ...string) *program {
	l.t.Helper()
	p := &program{t: l.t, args: args, watch: &faults.Watch{}, born: make(chan struct{}), gone: make(chan struct{})}
	if hook != nil {
		p.watch.Hook = func(at faults.Point) bool { <-p.born; return hook(p, at) }
	}
	_, dsn := faults.NewLink(l.t, l.dsn, p.watch)
	said, err := json.Marshal(l.hurried)
	if err != nil {
		l.t.Fatal(err)
	}
	p.cmd = exec.Command(os.Args[0], args...)
	p.cmd.Dir = l.t.TempDir()
	api := faults.Door(l.t, l.api, p.watch)
	file := "requests_per_second: 1000\nstreams:\n  share_visits:\n    requests_per_second: 1000\n"
	if l.settings != nil {
		file = l.settings(api)
	}
	if err := os.WriteFile(p.cmd.Dir+"/schedules.yaml", []byte(file), 0o600); err != nil {
		l.t.Fatal(err)
	}
	p.cmd.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0", hurryEnv+"="+string(said), "CRANKWHEEL_URL="+api,
		"CRANKWHEEL_API_KEY="+key, "DATABASE_URL="+dsn, "WHEELHOUSE_LISTEN=127.0.0.1:0", "WHEELHOUSE_HISTORY_FROM="+l.first)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.errs
	return p
}

// start starts the process.
func (p *program) start() *program {
	p.t.Helper()
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	close(p.born)
	go func() {
		_ = p.cmd.Wait() // the exit code tells
		close(p.gone)
	}()
	p.t.Cleanup(func() { p.kill() })
	return p
}

// kill ends the process at once, and returns when it is no more.
func (p *program) kill() {
	p.once.Do(func() { p.dead.Store(true); _ = p.cmd.Process.Kill() }) // it may have ended
	<-p.gone
}

func (p *program) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) } // it may have ended

// wait returns the exit code, -1 after a kill. Nothing the program does shows a secret or a data race.
func (p *program) wait() int {
	p.t.Helper()
	select {
	case <-p.gone:
	case <-time.After(2 * time.Minute):
		p.signal(syscall.SIGQUIT) // where it hangs
		<-p.gone
		p.t.Fatalf("wheelhouse %s hangs:\n%s", strings.Join(p.args, " "), p.said())
	}
	code := p.cmd.ProcessState.ExitCode()
	if code != exitOK && code != exitIncomplete && code != exitInterrupted && code != -1 {
		p.t.Errorf("wheelhouse %s: exit %d\n%s", strings.Join(p.args, " "), code, p.said())
	}
	if text := p.said(); strings.Contains(text, key) {
		p.t.Errorf("wheelhouse %s shows the key:\n%s", strings.Join(p.args, " "), text)
	}
	return code
}

// said is everything that the process printed; it must have ended.
func (p *program) said() string { return p.out.String() + p.errs.String() }

// mustRun runs the program unhurt and wants everything loaded.
func (l *lab) mustRun(args ...string) {
	l.t.Helper()
	p := l.program(nil, args...).start()
	if code := p.wait(); code != exitOK {
		l.t.Fatalf("wheelhouse %s: exit %d\n%s", strings.Join(args, " "), code, p.said())
	}
}

// killAt runs the program and kills it at a point: before anybody has got the question, or once the answer is there. It tells
// whether the program came to that point.
func (l *lab) killAt(here func(faults.Point) bool, args ...string) (killed bool) {
	l.t.Helper()
	p := l.program(func(p *program, at faults.Point) bool {
		if !here(at) {
			return false
		}
		p.kill()
		return true
	}, args...).start()
	if p.wait(); !p.dead.Load() && p.cmd.ProcessState.ExitCode() != exitOK {
		l.t.Errorf("not killed, and exit %d\n%s", p.cmd.ProcessState.ExitCode(), p.said())
	}
	return p.dead.Load()
}
