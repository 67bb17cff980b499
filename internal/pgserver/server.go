//go:build linux || darwin || freebsd

package pgserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// superuser is the role that URL logs in as.
const superuser = "postgres"

// A Server is a running PostgreSQL server. Its methods may be called from
// several goroutines.
type Server struct {
	as        account
	programs  programs
	folder    string // with data, log and, in Options.Dir, the password
	temporary bool
	durable   bool
	settings  map[string]string
	password  string
	port      int

	mu     sync.Mutex
	closed bool
	log    *os.File
	guard  *process // removes a temporary folder; nil for Options.Dir
	run    *process // the server; nil while it is stopped
}

// Start starts a server, and returns when it accepts connections. The context only
// limits the start: the server runs until Close.
func Start(ctx context.Context, o Options) (*Server, error) {
	s, err := start(ctx, o, defaultFinder(o))
	if err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	return s, nil
}

func start(ctx context.Context, o Options, f finder) (*Server, error) {
	as, err := serverAccount()
	if err != nil {
		return nil, err
	}
	found, err := f.find(ctx, as)
	if err != nil {
		return nil, err
	}
	s := &Server{as: as, programs: found, durable: o.Durable, settings: o.Settings}
	if err := s.bringUp(ctx, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) bringUp(ctx context.Context, o Options) error {
	if err := s.openFolder(ctx, o); err != nil {
		return err
	}
	if err := s.initialize(ctx); err != nil {
		return err
	}
	return s.launch(ctx, freePort)
}

// URL is the address of a database for pgx and psql, including the password of a
// superuser. The databases postgres and template1 always exist.
func (s *Server) URL(database string) string {
	return s.url(s.port, database)
}

func (s *Server) url(port int, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, s.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Crash stops the server like a crash: connections break, there is no checkpoint,
// and the next Restart recovers from the write-ahead log.
func (s *Server) Crash() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.stop("QUIT"); err != nil {
		return fmt.Errorf("crash postgres: %w", err)
	}
	return nil
}

// Restart starts the server again, on the same port and data, after Crash or after it
// ended by itself. A running server is shut down cleanly first.
func (s *Server) Restart(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("restart postgres: the server is closed")
	}
	if err := s.stop("INT"); err != nil {
		return fmt.Errorf("restart postgres: %w", err)
	}
	if err := s.boot(ctx, s.port); err != nil {
		return fmt.Errorf("restart postgres: %w", err)
	}
	return nil
}

// Close stops the server and removes its temporary folder. Calling it again does
// nothing.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	err := s.stop(s.lastSignal())
	if s.log != nil {
		err = errors.Join(err, s.log.Close())
	}
	if s.guard != nil {
		s.guard.input.Close()
		if !s.guard.ended(20 * time.Second) {
			err = errors.Join(err, s.guard.cmd.Process.Kill())
			<-s.guard.done
		}
	}
	if s.temporary {
		// The guard has removed the folder, unless it failed.
		err = errors.Join(err, os.RemoveAll(s.folder))
	}
	if err != nil {
		return fmt.Errorf("close postgres: %w", err)
	}
	return nil
}

// lastSignal is the signal with which Close ends the server. Only data in Options.Dir
// needs a checkpoint.
func (s *Server) lastSignal() string {
	if s.temporary {
		return "QUIT"
	}
	return "INT"
}

// stop ends the server if it runs.
func (s *Server) stop(signal string) error {
	if s.run == nil {
		return nil
	}
	if err := s.run.stop(signal); err != nil {
		return err
	}
	s.run = nil
	return nil
}

// spawn runs a program of PostgreSQL under runner.sh, with its output in the log.
func (s *Server) spawn(last, program string, args ...string) (*process, error) {
	var keptOpen *os.File
	if s.guard != nil {
		keptOpen = s.guard.input
	}
	command := append([]string{last, filepath.Join(s.programs.folder, program)}, args...)
	return spawn(s.as, runnerScript, keptOpen, s.log, command...)
}

func (s *Server) data() string {
	return filepath.Join(s.folder, "data")
}
