//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// sample is one measurement.
type sample struct {
	rows     int // sessions and events; 0 if not meaningful
	wall     time.Duration
	client   time.Duration // CPU
	postgres time.Duration // CPU
	wal      int64
	tuples   int64
	memory   int64  // peak; 0 = unknown
	note     string // a remark
}

// ledger is the counters of Postgres at one time.
type ledger struct {
	cpu         time.Duration
	wal, tuples int64
}

// measure runs a program against a database, from a checkpoint until it has ended.
func (b *bench) measure(ctx context.Context, database string, rows int, cmd *exec.Cmd) (s sample, err error) {
	conn, err := b.pg.connect(ctx, database)
	if err != nil {
		return s, err
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(ctx, "CHECKPOINT"); err != nil {
		return s, err
	}
	before, err := b.pg.count(ctx, conn)
	if err != nil {
		return s, err
	}
	if s, err = b.clock(cmd); err != nil {
		return s, errors.Join(ctx.Err(), err)
	}
	after, err := b.pg.count(ctx, conn)
	if err != nil {
		return s, err
	}
	s.rows = rows
	s.postgres, s.wal, s.tuples = after.cpu-before.cpu, after.wal-before.wal, after.tuples-before.tuples
	return s, nil
}

// clock runs and times a program. Its error contains the end of the program's output.
func (b *bench) clock(cmd *exec.Cmd) (s sample, err error) {
	output, err := os.CreateTemp(b.dir, "output-*")
	if err != nil {
		return s, err
	}
	defer os.Remove(output.Name())
	defer output.Close()
	cmd.Stdout, cmd.Stderr = output, output
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return s, err
	}
	done, memory := make(chan struct{}), make(chan int64)
	go func() { memory <- watchMemory(cmd.Process.Pid, done) }()
	err = cmd.Wait()
	s.wall = time.Since(begin)
	close(done)
	s.memory = <-memory
	s.client = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if err != nil {
		return s, fmt.Errorf("%s: %w\n%s", filepath.Base(cmd.Path), err, ending(output))
	}
	return s, nil
}

// ending is the end of a program's output.
func ending(f *os.File) []byte {
	const most = 2000
	info, err := f.Stat()
	if err != nil {
		return nil
	}
	text := make([]byte, most)
	n, _ := f.ReadAt(text, max(0, info.Size()-most))
	return text[:n]
}

// command prepares a program that is killed with its children when ctx ends.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// count reads Postgres's counters once nobody else is connected to the database, because a backend only adds its work to
// the statistics, and its CPU to that of the postmaster's children, when it ends.
func (p *postgres) count(ctx context.Context, conn *pgx.Conn) (l ledger, err error) {
	for others := 1; others > 0; time.Sleep(20 * time.Millisecond) {
		err := conn.QueryRow(ctx, `
			SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&others)
		if err != nil {
			return l, err
		}
	}
	if l.cpu, err = p.cpu(); err != nil {
		return l, err
	}
	err = conn.QueryRow(ctx, `
		SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint,
		       coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint
		FROM pg_stat_all_tables WHERE schemaname = 'crankwheel'`).Scan(&l.wal, &l.tuples)
	return l, err
}
