package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
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

// testTiming is the timing that an environment variable gives to this test binary when it runs as the program.
type testTiming struct {
	Now                  time.Time
	Lease, Backoff, Idle time.Duration
	UserAgent            string // tells front which process asks
}

const timingEnv = "WHEELHOUSE_TEST_TIMING"

// applyTestTiming applies the timing in the environment variable, if it is set.
func applyTestTiming() {
	text := os.Getenv(timingEnv)
	if text == "" {
		return
	}
	var h testTiming
	if err := json.Unmarshal([]byte(text), &h); err != nil {
		panic(err)
	}
	if !h.Now.IsZero() {
		timing.now = func() time.Time { return h.Now }
	}
	timing.lease = h.Lease
	timing.api = extract.Config{UserAgent: h.UserAgent, Backoff: h.Backoff, Idle: h.Idle}
}

// lab is an account, a warehouse and a time, for running programs and injecting faults.
type lab struct {
	t     *testing.T
	api   http.Handler
	dsn   string // for the programs
	first string // day of the history
	testTiming
	settings func(api string) string // the settings file; nil: defaults without rate limits
}

// front serves one address for the APIs of all programs of these tests, because an account keeps its server. The user agent of a request
// tells which program's API the request is for.
var front struct {
	sync.Once
	url      string
	programs sync.Map // each program's API, by user agent
	count    atomic.Int64
}

// serve serves a program's API at url. The program must send the user agent.
func serve(t *testing.T, api http.Handler) (url, agent string) {
	front.Do(func() { // the server never closes, because all tests use it
		front.url = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if api, ok := front.programs.Load(r.UserAgent()); ok {
				api.(http.Handler).ServeHTTP(w, r)
			}
		})).URL
	})
	agent = fmt.Sprintf("wheelhouse/test %d", front.count.Add(1))
	front.programs.Store(agent, api)
	t.Cleanup(func() { front.programs.Delete(agent) })
	return front.url, agent
}

// program is one process.
type program struct {
	t       *testing.T
	args    []string
	cmd     *exec.Cmd
	out     bytes.Buffer
	errs    bytes.Buffer
	watch   *faults.Watch
	started chan struct{} // closed when the process has started
	ended   chan struct{} // closed when the process has ended
	once    sync.Once
	dead    atomic.Bool // the test killed it
}

// program prepares a process. hook is called at each point of its requests to the API and Postgres.
func (l *lab) program(hook func(*program, faults.Point) (cut bool), args ...string) *program {
	l.t.Helper()
	p := &program{t: l.t, args: args, watch: &faults.Watch{}, started: make(chan struct{}), ended: make(chan struct{})}
	if hook != nil {
		p.watch.Hook = func(at faults.Point) bool { <-p.started; return hook(p, at) }
	}
	_, dsn := faults.NewLink(l.t, l.dsn, p.watch)
	timing := l.testTiming
	var api string
	api, timing.UserAgent = serve(l.t, faults.Watched(l.api, p.watch))
	text, err := json.Marshal(timing)
	if err != nil {
		l.t.Fatal(err)
	}
	p.cmd = exec.Command(os.Args[0], args...)
	p.cmd.Dir = l.t.TempDir()
	file := "requests_per_second: 1000\nstreams:\n  share_visits:\n    requests_per_second: 1000\n"
	if l.settings != nil {
		file = l.settings(api)
	}
	if err := os.WriteFile(p.cmd.Dir+"/schedules.yaml", []byte(file), 0o600); err != nil {
		l.t.Fatal(err)
	}
	p.cmd.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0", timingEnv+"="+string(text), "CRANKWHEEL_URL="+api,
		"CRANKWHEEL_API_KEY="+key, "DATABASE_URL="+dsn, "WHEELHOUSE_LISTEN=127.0.0.1:0", "WHEELHOUSE_HISTORY_FROM="+l.first)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.errs
	return p
}

func (p *program) start() *program {
	p.t.Helper()
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	close(p.started)
	go func() {
		_ = p.cmd.Wait() // wait checks the exit code
		close(p.ended)
	}()
	p.t.Cleanup(func() { p.kill() })
	return p
}

// kill kills the process, and returns when it has ended.
func (p *program) kill() {
	p.once.Do(func() { p.dead.Store(true); _ = p.cmd.Process.Kill() }) // it may have ended
	<-p.ended
}

func (p *program) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) } // it may have ended

// wait returns the exit code, -1 after a kill. It fails if the output shows a secret or a code that means a data race.
func (p *program) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(2 * time.Minute):
		p.signal(syscall.SIGQUIT) // prints where it hangs
		<-p.ended
		p.t.Fatalf("wheelhouse %s hangs:\n%s", strings.Join(p.args, " "), p.output())
	}
	code := p.cmd.ProcessState.ExitCode()
	if code != exitOK && code != exitIncomplete && code != exitInterrupted && code != -1 {
		p.t.Errorf("wheelhouse %s: exit %d\n%s", strings.Join(p.args, " "), code, p.output())
	}
	if text := p.output(); strings.Contains(text, key) {
		p.t.Errorf("wheelhouse %s shows the key:\n%s", strings.Join(p.args, " "), text)
	}
	return code
}

// output is everything that the process printed. The process must have ended.
func (p *program) output() string { return p.out.String() + p.errs.String() }

// mustRun runs the program without faults, and requires that everything is loaded.
func (l *lab) mustRun(args ...string) {
	l.t.Helper()
	p := l.program(nil, args...).start()
	if code := p.wait(); code != exitOK {
		l.t.Fatalf("wheelhouse %s: exit %d\n%s", strings.Join(args, " "), code, p.output())
	}
}

// killAt runs the program and kills it at a point: before a request is forwarded, or before its response is. It reports
// whether the program got to that point.
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
		l.t.Errorf("not killed, and exit %d\n%s", p.cmd.ProcessState.ExitCode(), p.output())
	}
	return p.dead.Load()
}
