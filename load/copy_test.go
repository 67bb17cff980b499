package load

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/testdb"
)

// slowRows is an endless reader whose reads are slow.
type slowRows struct {
	asked chan struct{} // receives a value when a read begins
	takes time.Duration
	begun bool
	now   atomic.Int32 // reads in progress
	reads atomic.Int32
}

func (s *slowRows) Read(p []byte) (int, error) {
	s.now.Add(1)
	defer s.now.Add(-1)
	s.reads.Add(1)
	select {
	case s.asked <- struct{}{}:
	default:
	}
	time.Sleep(s.takes)
	if !s.begun {
		s.begun = true
		return copy(p, copyHeader), nil
	}
	return copy(p, make([]byte, 16)), nil
}

// However a COPY ends, nothing reads its rows afterwards: their memory belongs to the next window.
func TestNothingReadsAfterACopy(t *testing.T) {
	t.Parallel()
	dsn := testdb.NewDirect(t)
	for name, end := range map[string]func(t *testing.T, cancel func(), pid uint32){
		"canceled": func(_ *testing.T, cancel func(), _ uint32) { cancel() },
		"terminated": func(t *testing.T, _ func(), pid uint32) {
			conn, err := pgx.Connect(t.Context(), dsn)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close(context.Background())
			if _, err := conn.Exec(t.Context(), "SELECT pg_terminate_backend($1)", pid); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := pgx.Connect(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(context.Background())
			if _, err := conn.Exec(t.Context(), "CREATE TEMP TABLE taken (n bytea)"); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			rows := &slowRows{asked: make(chan struct{}, 1), takes: 500 * time.Millisecond}
			pid := conn.PgConn().PID()
			go func() {
				<-rows.asked
				end(t, cancel, pid)
			}()
			if _, err := copyRows(ctx, conn.PgConn(), "pg_temp.taken", []string{"n"}, rows); err == nil {
				t.Fatal("the COPY succeeded")
			}
			reads := rows.reads.Load()
			if rows.now.Load() > 0 {
				t.Error("a read is still in progress")
			}
			if time.Sleep(2 * rows.takes); rows.reads.Load() > reads {
				t.Error("a read began after the COPY")
			}
		})
	}
}
