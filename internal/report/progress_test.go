package report

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/pipeline"
	streams "wheelhouse/internal/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// screen is a fake terminal. It records its input and interprets it.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

// lines is the final content of the terminal. The only escape sequence of mpb is cursor-up-and-erase.
func (s *screen) lines(t *testing.T) []string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for i, part := range strings.Split(s.b.String(), "\x1b[") {
		if i > 0 {
			var up int
			if _, err := fmt.Sscanf(part, "%dA\x1b", &up); err != nil {
				if rest, is := strings.CutPrefix(part, "J"); is {
					part = rest
				} else if _, err := fmt.Sscanf(part, "%dA", &up); err != nil {
					t.Fatalf("unknown escape %q", part)
				}
			}
			if up > 0 {
				lines = lines[:len(lines)-up]
				_, part, _ = strings.Cut(part, "A")
			}
		}
		for line := range strings.Lines(part) {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

func outcome(account, name string, rows int64, err error) pipeline.Outcome {
	return pipeline.Outcome{
		Due:    ledger.Due{Window: ledger.Window{Account: account, Stream: streams.Stream{Name: name}}},
		Counts: ledger.Counts{Read: rows}, Err: err,
	}
}

// newScreen has a clock that advance moves by ten seconds.
func newScreen(columns int) (s *screen, p *Progress, advance func()) {
	s = &screen{}
	p = NewProgress(s, true)
	p.width = columns
	var ticks atomic.Int64
	p.now = func() time.Time { return time.Unix(10*ticks.Load(), 0) }
	return s, p, func() { ticks.Add(1) }
}

func TestProgressShowsABarForEachStream(t *testing.T) {
	t.Parallel()
	s, p, advance := newScreen(100)
	log := p.Log()
	fmt.Fprintln(log, "before")
	p.Planned("default", "usage_new", 3)
	p.Planned("acme", "shares", 4)
	p.Planned("acme", "user_access", 0) // nothing due: no bar
	advance()
	for i := range 3 {
		fmt.Fprintln(log, "window", i)
		p.Loaded(outcome("default", "usage_new", 4000, nil))
	}
	no := false
	unreconciled := outcome("acme", "shares", 5, nil)
	unreconciled.Reconciled = &no
	p.Loaded(unreconciled)
	p.Loaded(outcome("acme", "shares", 0, errors.New("HTTP 503")))
	p.Loaded(outcome("acme", "unplanned", 1, nil))
	fmt.Fprintln(log, "last words")
	p.Close()
	p.Close()
	fmt.Fprintln(log, "after")

	got := strings.Join(s.lines(t), "\n") + "\n"
	golden(t, "progress.txt", []byte(got))
	for _, line := range []string{"before", "window 0", "window 2", "last words", "after"} {
		if strings.Count(got, line+"\n") != 1 {
			t.Errorf("%q is not on the screen once:\n%s", line, got)
		}
	}
}

func TestProgressShowsNothingWithoutTerminal(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	p := NewProgress(&b, false)
	p.Planned("default", "usage_new", 3)
	p.Loaded(outcome("default", "usage_new", 4, nil))
	fmt.Fprintln(p.Log(), "a line")
	p.Close()
	if b.String() != "a line\n" {
		t.Errorf("without a terminal: %q", b.String())
	}
}

func TestProgressCountsFromManyGoroutines(t *testing.T) {
	t.Parallel()
	s, p, _ := newScreen(100)
	var all sync.WaitGroup
	for i := range 16 {
		name := fmt.Sprintf("stream_%02d", i)
		p.Planned("default", name, 25)
		p.Planned("default", name, 75)
		for j := range 4 {
			all.Go(func() {
				for k := range 25 {
					fmt.Fprintf(p.Log(), "%s %d %d\n", name, j, k)
					p.Loaded(outcome("default", name, 1, nil))
				}
			})
		}
	}
	all.Wait()
	p.Close()
	got := strings.Join(s.lines(t), "\n") + "\n"
	if n := strings.Count(got, "100/100"); n != 16 {
		t.Errorf("counts are missing:\n%s", got)
	}
	for i := range 16 {
		for j := range 4 {
			if line := fmt.Sprintf("stream_%02d %d 24\n", i, j); strings.Count(got, line) != 1 {
				t.Errorf("%q is lost or doubled", line)
			}
		}
	}
}

// brokenTerminal fails when mpb draws on it.
type brokenTerminal struct{}

func (brokenTerminal) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestBrokenTerminalDoesNotStopTheProgram(t *testing.T) {
	t.Parallel()
	p := NewProgress(brokenTerminal{}, true)
	p.Planned("default", "usage_new", 2)
	p.Loaded(outcome("default", "usage_new", 1, nil))
	fmt.Fprintln(p.Log(), "a line") // fails without an error for the caller
	done := make(chan struct{})
	go func() { p.Close(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("Close hangs when the terminal is broken")
	}
}
