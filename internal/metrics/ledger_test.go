package metrics

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wheelhouse/internal/ledger"
)

// counting makes a ledger that counts reads, each of which takes the given time.
func counting(takes *time.Duration) (l *ledgerCollector, reads *int) {
	l, reads = &ledgerCollector{}, new(int)
	l.attach(func(context.Context) ([]ledger.Health, error) {
		*reads++
		time.Sleep(*takes)
		return []ledger.Health{{GapDays: int64(*reads)}}, nil
	})
	return l, reads
}

// Reading the ledger uses at most a twentieth of the time.
func TestReadsAreFew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // one caller at a time: the clock does not move while a goroutine waits for a mutex
		takes := 100 * time.Millisecond
		l, reads := counting(&takes)
		ask := func(wantReads int) {
			t.Helper()
			for range 3 {
				if now, _, err := l.read(); err != nil || now[0].GapDays != int64(wantReads) || *reads != wantReads {
					t.Errorf("%v %v after %d reads, want the result of read %d", now, err, *reads, wantReads)
				}
			}
		}
		ask(1)
		time.Sleep(keepFor - time.Millisecond)
		ask(1)
		time.Sleep(time.Millisecond)
		takes = 2 * time.Second // from now on
		ask(2)
		time.Sleep(39 * time.Second)
		ask(2)
		time.Sleep(time.Second)
		ask(3)
	})
}

// A scrape during a read gets the result of that read.
func TestReadsAreShared(t *testing.T) {
	t.Parallel()
	takes := 50 * time.Millisecond
	l, reads := counting(&takes)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if now, _, err := l.read(); err != nil || now[0].GapDays != 1 {
				t.Errorf("%v %v", now, err)
			}
		})
	}
	if all.Wait(); *reads != 1 {
		t.Errorf("read %d times", *reads)
	}
}

// A scrape waits for a database that hangs only up to the limit, and the next read comes later.
func TestHangingReadIsLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reads := 0
		l := &ledgerCollector{}
		l.attach(func(ctx context.Context) ([]ledger.Health, error) {
			reads++
			<-ctx.Done()
			return nil, ctx.Err()
		})
		began := time.Now()
		for range 5 {
			if _, took, err := l.read(); !errors.Is(err, context.DeadlineExceeded) || took != readLimit {
				t.Errorf("%v after %s", err, took)
			}
		}
		if took := time.Since(began); took != readLimit || reads != 1 {
			t.Errorf("%d reads in %s", reads, took)
		}
	})
}
