package report

import (
	"fmt"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"wheelhouse/internal/pipeline"
)

// bar is one stream's progress bar: windows, rows, rows per second, time left and failures.
type bar struct {
	bar *mpb.Bar
	now func() time.Time

	mu           sync.Mutex
	began        time.Time
	ended        time.Time // zero while windows are left
	done, all    int
	failed       int
	elsewhere    int
	unreconciled int
	rows         int64
}

func newBar(p *mpb.Progress, name string, windows int, now func() time.Time) *bar {
	b := &bar{now: now, began: now(), all: windows}
	show := func(text func() string, align decor.WC) decor.Decorator {
		return decor.Any(func(decor.Statistics) string {
			b.mu.Lock()
			defer b.mu.Unlock()
			return text()
		}, align)
	}
	b.bar = p.New(int64(windows), mpb.BarStyle().Rbound("]").Lbound("["),
		mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR), show(b.windowsText, decor.WCSyncSpace)),
		mpb.AppendDecorators(show(b.rowsText, decor.WCSyncSpace), show(b.rateText, decor.WCSyncSpace),
			show(b.timeText, decor.WCSyncSpace), show(b.problemText, decor.WCSyncWidthR)))
	return b
}

// plan adds windows. It returns false if the bar has ended.
func (b *bar) plan(windows int) bool {
	b.mu.Lock()
	running := b.ended.IsZero()
	if running {
		b.all += windows
	}
	all := b.all
	b.mu.Unlock() // mpb's goroutine needs the lock to draw
	if running {
		b.bar.SetTotal(int64(all), false)
	}
	return running
}

func (b *bar) add(o pipeline.Outcome) {
	b.mu.Lock()
	b.done++
	b.rows += o.Counts.Read
	switch {
	case o.Elsewhere:
		b.elsewhere++
	case o.Err != nil:
		b.failed++
	case o.Unreconciled():
		b.unreconciled++
	}
	if b.done >= b.all && b.ended.IsZero() {
		b.ended = b.now()
	}
	b.mu.Unlock()
	b.bar.Increment()
}

// end stops a bar at its present state.
func (b *bar) end() {
	b.mu.Lock()
	if b.ended.IsZero() {
		b.ended = b.now()
	}
	b.mu.Unlock()
	b.bar.Abort(false)
}

func (b *bar) elapsed() time.Duration {
	if b.ended.IsZero() {
		return b.now().Sub(b.began)
	}
	return b.ended.Sub(b.began)
}

func (b *bar) windowsText() string { return Count(b.done) + "/" + Count(b.all) }

func (b *bar) rowsText() string { return Count(b.rows) + " rows" }

func (b *bar) rateText() string {
	seconds := b.elapsed().Seconds()
	if seconds <= 0 {
		return "-/s"
	}
	return Count(int64(float64(b.rows)/seconds)) + "/s"
}

// timeText is the time left if the next windows take as long as the ones before, or the total time.
func (b *bar) timeText() string {
	switch {
	case !b.ended.IsZero():
		return clock(b.elapsed())
	case b.done == 0:
		return "-:-- left"
	}
	left := b.elapsed().Seconds() / float64(b.done) * float64(b.all-b.done)
	return clock(time.Duration(left*float64(time.Second))) + " left"
}

func (b *bar) problemText() string {
	text := ""
	for _, t := range []struct {
		n    int
		what string
	}{{b.failed, "failed"}, {b.unreconciled, "not reconciled"}, {b.elsewhere, "elsewhere"}} {
		if t.n > 0 {
			text += fmt.Sprintf(" %s %s", Count(t.n), t.what)
		}
	}
	return text
}

// clock is a duration as 1:02 or 1:02:03.
func clock(d time.Duration) string {
	s := int(max(0, d).Round(time.Second).Seconds())
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
