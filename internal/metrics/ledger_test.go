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

// counting makes a ledger whose reads are counted, and take as long as takes says.
func counting(takes *time.Duration) (l *ledgerCollector, reads *int) {
	l, reads = &ledgerCollector{}, new(int)
	l.attach(func(context.Context) ([]ledger.Health, error) {
		*reads++
		time.Sleep(*takes)
		return []ledger.Health{{GapDays: int64(*reads)}}, nil
	})
	return l, reads
}

// The ledger is read no more than a twentieth of the time.
func TestReadsAreFew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // a goroutine that waits for a mutex keeps its clock from going on: one asks at a time
		takes := 100 * time.Millisecond
		l, reads := counting(&takes)
		ask := func(wantReads int) {
			t.Helper()
			for range 3 {
				if now, _, err := l.read(); err != nil || now[0].GapDays != int64(wantReads) || *reads != wantReads {
					t.Errorf("%v %v after %d reads, want what read %d said", now, err, *reads, wantReads)
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

// Who asks while the ledger is being read gets what was read.
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

// A database that hangs keeps nobody waiting for longer than the limit, and is left alone for a while.
func TestReadsThatHang(t *testing.T) {
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
