package scheduler

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"wheelhouse/internal/pipeline"
)

// gate is an API that, while it is shut, answers requests one by one when the test says so.
type gate struct {
	mu      sync.Mutex
	shut    chan struct{}
	waiting int
}

func (g *gate) stand(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		shut := g.shut
		if shut != nil {
			g.waiting++
		}
		g.mu.Unlock()
		if shut != nil {
			select {
			case <-shut:
			case <-r.Context().Done():
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut, g.waiting = make(chan struct{}), 0
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.shut)
	g.shut = nil
}

func (g *gate) requests() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting
}

func TestTicksDuringAPassAreSkipped(t *testing.T) {
	t.Parallel()
	var g gate
	b := newBench(t, monday, 2, map[string]string{"usage_new": "", "user_access": ""})
	b.api = g.stand
	b.start()
	b.quiet()
	g.close()
	tick := b.state("usage_new").Next
	b.clock.to(tick, false)
	b.until("a request waits", func() bool { return g.requests() > 0 })
	for night := 1; night <= 2; night++ {
		b.until("the loop sleeps again", func() bool { return b.clock.asleep() == 2 })
		b.clock.to(tick.AddDate(0, 0, night), false)
		b.until("a tick is skipped", func() bool { return b.state("usage_new").Skipped == night })
	}
	if s := b.state("usage_new"); !s.Running || s.Passes != 2 {
		t.Errorf("while a pass runs: %+v", s)
	}
	g.open()
	b.quiet()
	b.passTo(tick.AddDate(0, 0, 3))
	b.quiet()
	if s := b.state("usage_new"); s.Skipped != 2 || s.Passes != 3 || !s.Result.OK() || !s.Started.Equal(tick.AddDate(0, 0, 3)) {
		t.Errorf("after the long pass: %+v", s)
	}
	b.mustStop()
	b.noGaps(at(tick.AddDate(0, 0, 3).Add(-20 * time.Minute)))
	if n := b.logs.FilterMessageSnippet("tick skipped").Len(); n < 2 {
		t.Errorf("%d skips logged", n)
	}
}

// bomb panics a number of times when a pass is planned.
type bomb struct {
	left int
	with any
}

func (b *bomb) Loaded(pipeline.Outcome) {}
func (b *bomb) Planned(string, string, int) {
	if b.left > 0 {
		b.left--
		panic(b.with)
	}
}

func TestNextTickRunsAfterAPanic(t *testing.T) {
	t.Parallel()
	b := newBench(t, monday, 2, map[string]string{"usage_new": ""})
	b.start()
	b.quiet()
	b.runner.Observe = &bomb{2, fmt.Sprintf("Authorization: Basic %s of %s", testKey, b.url)}
	tick := b.state("usage_new").Next
	for night := range 2 {
		b.clock.to(tick.AddDate(0, 0, night), false)
		b.quiet()
		if s := b.state("usage_new"); s.Panics != night+1 || s.Running || s.Error != "panicked" || s.Skipped != 0 {
			t.Errorf("after a panic: %+v", s)
		}
	}
	b.clock.to(tick.AddDate(0, 0, 2), false)
	b.quiet()
	if s := b.state("usage_new"); s.Panics != 2 || s.Passes != 4 || !s.Result.OK() || s.Error != "" {
		t.Errorf("after two panics: %+v", s)
	}
	b.mustStop()
	b.noGaps(at(tick.AddDate(0, 0, 2)))
	if n := b.logs.FilterMessageSnippet("panicked").Len(); n != 2 {
		t.Errorf("%d panics logged", n)
	}
	mustHideSecrets(t, b)
}

func mustHideSecrets(t *testing.T, b *bench) {
	t.Helper()
	enc := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	for _, entry := range b.logs.All() {
		line, err := enc.EncodeEntry(entry.Entry, entry.Context)
		if err != nil {
			t.Fatal(err)
		}
		status, err := json.Marshal(b.Status())
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{testKey, b.url, "postgres:"} {
			if strings.Contains(line.String()+string(status), secret) {
				t.Errorf("%q is in the log or the status: %s", secret, line)
			}
		}
	}
}

// With cron's wrappers in the other order, a job is skipped for ever after one panic. This is why guarded has its order.
func TestOtherOrderOfWrappersSkipsForEver(t *testing.T) {
	t.Parallel()
	runs := func(job func(run func()) cron.Job) (n int) {
		j := job(func() { n++; panic("boom") })
		for range 3 {
			j.Run()
		}
		return n
	}
	e := &entry{log: zap.NewNop()}
	if n := runs(func(run func()) cron.Job { return guarded(e, run) }); n != 3 || e.read().Panics != 3 || e.read().Skipped != 0 {
		t.Errorf("of 3 ticks %d ran: %+v", n, e.read())
	}
	if n := runs(func(run func()) cron.Job {
		return cron.NewChain(cron.Recover(panics{e}), cron.SkipIfStillRunning(skips{e})).Then(cron.FuncJob(run))
	}); n != 1 {
		t.Errorf("with the other order %d of 3 ticks ran, want 1", n)
	}
}
