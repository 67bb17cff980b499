//go:build linux || darwin || freebsd

package pgserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// openFolder makes the server's folder. For a temporary folder it first starts the
// guard that will remove the folder.
func (s *Server) openFolder(ctx context.Context, o Options) (err error) {
	if o.Dir == "" {
		err = s.openTemporary(ctx, o.Parent)
	} else {
		err = s.openKept(ctx, o.Dir)
	}
	if err != nil {
		return err
	}
	s.log, err = os.OpenFile(filepath.Join(s.folder, "server.log"), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	return err
}

func (s *Server) openTemporary(ctx context.Context, parent string) error {
	if parent == "" {
		parent = os.TempDir()
		if s.as.canUse(ctx, parent) != nil {
			parent = "/tmp" // TMPDIR is private to root
		}
	}
	folder, err := os.MkdirTemp(parent, "wheelhouse-pg-")
	if err != nil {
		return err
	}
	s.folder, s.temporary = folder, true
	if err := s.as.own(folder); err != nil {
		return err
	}
	// The guard runs as the current user, which owns the parent folder and so can
	// remove the folder from it.
	s.guard, err = spawn(account{}, guardScript, nil, nil, folder)
	return err
}

func (s *Server) openKept(ctx context.Context, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := os.Chmod(dir, 0o755); err != nil { // the umask may have removed bits
			return err
		}
	}
	s.folder = dir
	return s.as.canUse(ctx, dir)
}

// initialize makes the cluster, or uses the one that an earlier Start made in
// Options.Dir.
func (s *Server) initialize(ctx context.Context) error {
	secret := filepath.Join(s.folder, "password")
	if _, err := os.Stat(filepath.Join(s.data(), "PG_VERSION")); err == nil {
		password, err := os.ReadFile(secret)
		s.password = string(password)
		return err
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}

	s.password = rand.Text()
	if err := os.WriteFile(secret, []byte(s.password), 0o600); err != nil {
		return err
	}
	if err := s.as.own(secret); err != nil {
		return err
	}
	if err := s.initdb(ctx, secret); err != nil {
		return err
	}
	if s.temporary {
		return os.Remove(secret)
	}
	return nil
}

// initdb makes the cluster under another name and renames it when it is complete.
func (s *Server) initdb(ctx context.Context, secret string) error {
	unfinished := s.data() + ".unfinished"
	if err := os.RemoveAll(unfinished); err != nil {
		return err
	}
	if err := os.Mkdir(unfinished, 0o700); err != nil {
		return err
	}
	if err := s.as.own(unfinished); err != nil {
		return err
	}
	args := []string{
		"--pgdata=" + unfinished, "--username=" + superuser, "--pwfile=" + secret,
		"--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions",
	}
	args = append(args, localeArguments(s.programs.major)...)
	if !s.durable {
		args = append(args, "--no-sync")
	}

	from := s.logEnd()
	p, err := s.spawn("TERM", "initdb", args...)
	if err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("initdb: %w", ctx.Err()), p.stop("TERM"))
	}
	if !p.cmd.ProcessState.Success() {
		return fmt.Errorf("initdb: %s: %s", p.cmd.ProcessState, s.logSince(from))
	}
	return os.Rename(unfinished, s.data())
}

// localeArguments select Unicode's rules for upper and lower case and sorting by
// code point, the same on every system and version. From version 17 on PostgreSQL has
// such a locale built in; before, the C library has one, under different names.
func localeArguments(major int) []string {
	switch {
	case major >= 17:
		return []string{"--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"}
	case runtime.GOOS == "darwin":
		return []string{"--locale=C", "--lc-ctype=en_US.UTF-8"}
	default:
		return []string{"--locale=C", "--lc-ctype=C.UTF-8"}
	}
}

// logEnd is the current length of the log.
func (s *Server) logEnd() int64 {
	info, err := s.log.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// logSince is the end of the log after from, for an error.
func (s *Server) logSince(from int64) string {
	const most = 2000 // bytes
	from = max(from, s.logEnd()-most)
	text := make([]byte, most)
	n, _ := s.log.ReadAt(text, from)
	if n == 0 {
		return "nothing in its log"
	}
	return strings.TrimSpace(string(text[:n]))
}
