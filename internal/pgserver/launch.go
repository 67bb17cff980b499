//go:build linux || darwin || freebsd

package pgserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// readyWithin limits a start, including the recovery after a crash, for callers
// whose context has no deadline.
const readyWithin = 5 * time.Minute

// launch starts the server on a port that pick picks. If another process begins to
// listen on the port first, launch tries the next one.
func (s *Server) launch(ctx context.Context, pick func() (int, error)) error {
	for attempt := 1; ; attempt++ {
		port, err := pick()
		if err != nil {
			return err
		}
		err = s.boot(ctx, port)
		if err == nil {
			s.port = port
			return nil
		}
		if attempt == 5 || ctx.Err() != nil || portIsFree(port) {
			return err
		}
	}
}

// boot runs postgres and waits until it accepts connections.
func (s *Server) boot(ctx context.Context, port int) error {
	from := s.logEnd()
	run, err := s.spawn(s.lastSignal(), "postgres", s.arguments(port)...)
	if err != nil {
		return err
	}
	if err := s.await(ctx, run, port); err != nil {
		err = fmt.Errorf("%w: %s", err, s.logSince(from))
		return errors.Join(err, run.stop("QUIT"))
	}
	s.run = run
	return nil
}

// await returns when the server accepts connections, or has ended. SCRAM
// authenticates the server, too: another server on the same port is not mistaken for
// this one.
func (s *Server) await(ctx context.Context, run *process, port int) error {
	config, err := pgx.ParseConfig(s.url(port, "postgres"))
	if err != nil {
		return err
	}
	config.RequireAuth = "scram-sha-256"
	config.ConnectTimeout = 5 * time.Second
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()

	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.ConnectConfig(ctx, config)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-run.done:
			return fmt.Errorf("it ended with %s", run.cmd.ProcessState)
		case <-ctx.Done():
			return fmt.Errorf("connect: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// arguments are the command line of postgres.
func (s *Server) arguments(port int) []string {
	settings := map[string]string{
		"timezone":     "UTC",
		"log_timezone": "UTC",
		// No socket: its path may be too long, and its folder would need protection, too.
		"unix_socket_directories": "",
		// No files below /dev/shm, which a killed server would leave behind.
		"shared_memory_type":         "mmap",
		"dynamic_shared_memory_type": "mmap",
	}
	if !s.durable {
		settings["fsync"] = "off"
		settings["synchronous_commit"] = "off"
		settings["full_page_writes"] = "off"
	}
	for name, value := range s.settings {
		settings[strings.ToLower(name)] = value // PostgreSQL ignores the case of names
	}

	args := []string{"-D", s.data()}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	return append(args, "-c", "listen_addresses=127.0.0.1", "-c", "port="+strconv.Itoa(port))
}

// freePort picks a random port below the range for outgoing connections. Otherwise a
// client that reconnects between Crash and Restart could get the server's port as its
// own local port.
func freePort() (int, error) {
	const from, to = 15000, 32000
	for range 1000 {
		port := from + rand.IntN(to-from)
		if portIsFree(port) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free port between %d and %d", from, to)
}

func portIsFree(port int) bool {
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return l.Close() == nil
}
