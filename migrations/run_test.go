package migrations

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"
)

func TestConcurrentUp(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		worked int
	)
	for range 8 {
		wg.Go(func() {
			from, to, err := Up(t.Context(), db)
			if err != nil || to != Latest() {
				t.Errorf("Up reached %d: %v", to, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if from == 0 {
				worked++
			}
		})
	}
	wg.Wait()
	if worked != 1 {
		t.Errorf("%d of them migrated, want 1", worked)
	}
	if err := Check(t.Context(), dial(t, db)); err != nil {
		t.Error(err)
	}
}

func TestConcurrentDatabases(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	for range 4 {
		db := newDatabase(t)
		wg.Go(func() {
			for range 3 {
				if _, _, err := Up(t.Context(), db); err != nil {
					t.Error(err)
				}
				if _, _, err := Down(t.Context(), db, 100); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func sqlFile(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func brokenFiles() fstest.MapFS {
	return fstest.MapFS{
		"0001_one.up.sql":   sqlFile("CREATE TABLE wheelhouse.one (n int);"),
		"0001_one.down.sql": sqlFile("DROP TABLE wheelhouse.one;"),
		"0002_two.up.sql":   sqlFile("CREATE TABLE wheelhouse.two (n int);\n-- a comment\nSELECT 1 FROM nothing;\n"),
		"0002_two.down.sql": sqlFile("DROP TABLE wheelhouse.two;"),
	}
}

func TestFailedFileLeavesTheEarlierVersion(t *testing.T) {
	t.Parallel()
	db, fsys := newDatabase(t), brokenFiles()
	conn := dial(t, db)
	for range 2 { // the second begins where the first ended
		_, to, err := up(t.Context(), db, fsys)
		if sqlState(err) != "42P01" || to != 1 {
			t.Fatalf("reached %d: %v", to, err)
		}
		if text := err.Error(); !strings.HasPrefix(text, "migrate up: 0002_two.up.sql: line 3: ") || strings.Contains(text, "comment") {
			t.Error(text)
		}
		want(t, conn, `SELECT version, dirty, to_regclass('wheelhouse.two') FROM wheelhouse.schema_migrations`, "1|f|∅")
	}
	fsys["0002_two.up.sql"] = sqlFile("CREATE TABLE wheelhouse.two (n int);")
	if from, to, err := up(t.Context(), db, fsys); err != nil || from != 1 || to != 2 {
		t.Fatalf("from %d to %d: %v", from, to, err)
	}

	fsys["0001_one.down.sql"] = sqlFile("DROP TABLE wheelhouse.one; SELECT 1/0")
	if _, to, err := down(t.Context(), db, fsys, 2); sqlState(err) != "22012" || to != 1 {
		t.Fatalf("reached %d: %v", to, err)
	}
	want(t, conn, `SELECT version, dirty, to_regclass('wheelhouse.one') FROM wheelhouse.schema_migrations`, "1|f|wheelhouse.one")
}

func TestCancelledInTheMiddle(t *testing.T) {
	db, fsys := newDatabase(t), brokenFiles()
	fsys["0002_two.up.sql"] = sqlFile("CREATE TABLE wheelhouse.two (n int); SELECT pg_sleep(600)")
	watch := dial(t, db)
	before := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, to, err := up(ctx, db, fsys); !errors.Is(err, context.Canceled) || to != 1 {
			t.Errorf("reached %d: %v", to, err)
		}
	}()
	for value[int](t, watch, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`) == 0 {
		time.Sleep(20 * time.Millisecond)
	}
	cancel()
	<-done
	goleak.VerifyNone(t, before)

	fsys["0002_two.up.sql"] = sqlFile("CREATE TABLE wheelhouse.two (n int)")
	if from, to, err := up(t.Context(), db, fsys); err != nil || from != 1 || to != 2 {
		t.Fatalf("from %d to %d: %v", from, to, err)
	}
}

func TestLockIsWaitedForNoLongerThanTheContext(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	other := dial(t, db)
	exec(t, other, `SELECT pg_advisory_lock($1)`, int64(lockKey))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, _, err := Up(ctx, db)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "another process") {
		t.Errorf("got %v", err)
	}
	exec(t, other, `SELECT pg_advisory_unlock($1)`, int64(lockKey))
	mustUp(t, db)
}

// A pooler in transaction mode gives each transaction whichever session is free.
func TestPooledSessionIsRefused(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	exec(t, dial(t, db), `SELECT pg_advisory_lock($1)`, int64(lockKey))
	d := &driver{ctx: t.Context(), conn: dial(t, db), target: 1}
	if err := d.Run(strings.NewReader("SELECT 1")); !errors.Is(err, errNotDirect) {
		t.Errorf("got %v", err)
	}
}

func TestErrorsKeepThePassword(t *testing.T) {
	t.Parallel()
	for _, db := range []string{
		"postgres://user:swordfish@127.0.0.1:1/db?connect_timeout=2",
		"host=127.0.0.1 port=1 user=u password=swordfish connect_timeout=2",
		"postgres://user:sword/swordfish@127.0.0.1:x/db",
		"postgres://user:swordfish%zz@h/db",
		"host=127.0.0.1 password=swordfish sslmode=nonsense",
		"host=127.0.0.1 password='swordfish",
		"host=127.0.0.1 password=swordfish sslmode=verify-full sslrootcert=/nowhere/ca.pem",
		strings.Replace(serverURL, "://postgres:", "://postgres:swordfish", 1) + "&user=nobody",
	} {
		_, _, upErr := Up(t.Context(), db)
		_, _, downErr := Down(t.Context(), db, 1)
		_, statusErr := ReadStatus(t.Context(), db)
		for _, err := range []error{upErr, downErr, statusErr} {
			if err == nil || strings.Contains(err.Error(), "swordfish") || strings.Contains(err.Error(), "postgres://user:sword") {
				t.Errorf("%v", err)
			}
		}
	}
}
