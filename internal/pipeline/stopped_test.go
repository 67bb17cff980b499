package pipeline

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"wheelhouse/internal/faults"
	"wheelhouse/internal/ledger"
	"wheelhouse/load"
)

// A process stops in the middle of a transaction. Another process gets its window once the lease has run out, and the first process
// is refused when it continues.
func TestStoppedInATransaction(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"WITH wanted AS", "FROM wheelhouse.leases WHERE", "COPY crankwheel.users"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, newCanned(), mayDay, nil)
			asleep, wake := make(chan struct{}), make(chan struct{})
			var once sync.Once
			_, dsn := faults.NewLink(t, b.url, &faults.Watch{Hook: func(p faults.Point) bool {
				if p.After && strings.Contains(p.What, at) {
					once.Do(func() { close(asleep); <-wake })
				}
				return false
			}})
			awake := sync.OnceFunc(func() { close(wake) })
			t.Cleanup(awake)
			sleeper, err := load.Open(t.Context(), dsn, load.Options{Lease: 500 * time.Millisecond, Connections: 1})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(sleeper.Close)
			run, win := b.mustStart(), b.window(load.UserAccess, dayOf(b.now, b.account.Zone))
			refused := make(chan error, 1)
			go func() {
				claim, err := claim(t.Context(), sleeper, run, win, 0)
				if err == nil {
					_, err = commit(t, sleeper, claim, users(t, load.NewBatch(b.window(load.UserAccess, someDay)), "late@x.com"))
				}
				refused <- err
			}()
			<-asleep
			began := time.Now()
			b.mustRun(b.account.Nightly(b.now), "user_access")
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("another process got the window only after %s", took)
			}
			awake()
			if err := <-refused; !errors.Is(err, ledger.ErrFenced) && !errors.Is(err, ledger.ErrLoaded) {
				t.Errorf("the stopped process got %v", err)
			}
			b.want("0", "SELECT count(*) FROM crankwheel.users WHERE email = 'late@x.com'")
		})
	}
}
