package report

import (
	"io"
	"sync"
	"time"

	"github.com/vbauerster/cupwriter"
	"github.com/vbauerster/mpb/v8"

	"wheelhouse/internal/pipeline"
)

// Progress shows a run's progress on a terminal: a bar for each account and stream. Without a terminal it shows
// nothing. It is a pipeline.Observer, and safe for concurrent use.
type Progress struct {
	out      io.Writer
	terminal bool
	width    int // columns of a fake terminal; 0: mpb's default
	now      func() time.Time

	mu      sync.Mutex
	bars    map[stream]*bar
	shown   *mpb.Progress // from the first bar until Close
	console *console
}

type stream struct{ account, name string }

// NewProgress shows progress on w if it is a terminal. Before the first window is planned it draws nothing and starts
// no goroutine.
func NewProgress(w io.Writer, terminal bool) *Progress {
	return &Progress{out: w, terminal: terminal, now: time.Now, bars: map[stream]*bar{}}
}

// Planned adds windows to a stream's bar.
func (p *Progress) Planned(account, name string, windows int) {
	if !p.terminal || windows <= 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown == nil {
		p.console = &console{Writer: cupwriter.New(p.out, true)}
		p.shown = mpb.New(mpb.WithConsoleWriter(p.console), mpb.ForceAutoRefresh(), mpb.WithWidth(p.width))
	}
	key := stream{account, name}
	if b := p.bars[key]; b != nil && b.plan(windows) {
		return
	}
	p.bars[key] = newBar(p.shown, label(account, name), windows, p.now)
}

// label is a bar's name. The default account is not named.
func label(account, name string) string {
	if account == "default" {
		return Printable(name)
	}
	return Printable(account + " " + name)
}

// Loaded counts a window that was tried.
func (p *Progress) Loaded(o pipeline.Outcome) {
	p.mu.Lock()
	b := p.bars[stream{o.Account, o.Stream.Name}]
	p.mu.Unlock()
	if b != nil {
		b.add(o)
	}
}

// Log is the writer for the log: it writes above the bars while there are any, else straight to the writer of
// NewProgress. Each Write must be of whole lines.
func (p *Progress) Log() io.Writer { return overBars{p} }

type overBars struct{ p *Progress }

func (l overBars) Write(lines []byte) (int, error) {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	if l.p.shown != nil {
		if n, err := l.p.shown.Write(lines); err == nil {
			return n, nil
		} // drawing failed and mpb has ended: the log continues without bars
	}
	return l.p.out.Write(lines)
}

// Close draws the bars a last time, even unfinished ones, and releases the terminal. The log then goes straight to the
// writer. Closing again does nothing.
func (p *Progress) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown == nil {
		return
	}
	for _, b := range p.bars {
		b.end()
	}
	p.console.drain()
	p.shown.Wait()
	p.shown = nil
	clear(p.bars)
}

// console is the terminal. It knows whether log lines still wait for the next drawing, because nothing is drawn after
// Wait.
type console struct {
	*cupwriter.Writer
	mu      sync.Mutex
	pending bool
}

func (c *console) Write(lines []byte) (int, error) {
	c.mu.Lock()
	c.pending = true
	c.mu.Unlock()
	return c.Writer.Write(lines)
}

func (c *console) Flush(lines int) error {
	err := c.Writer.Flush(lines)
	c.mu.Lock()
	c.pending = false
	c.mu.Unlock()
	return err
}

// drain waits until pending log lines are drawn, but not for a terminal that accepts nothing.
func (c *console) drain() {
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		c.mu.Lock()
		pending := c.pending
		c.mu.Unlock()
		if !pending {
			return
		}
	}
}
