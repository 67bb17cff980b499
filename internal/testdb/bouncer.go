package testdb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// A bouncer is a PgBouncer in transaction mode in front of the server, with fewer connections than its clients have.
type bouncer struct {
	host string // and port
	stop func()
}

// sessions is the number of connections to the server that a bouncer opens for a database and role.
const sessions = 3

// Sessions is the number of connections to the server that all clients of New's address share. It is 0 if each client
// has its own.
func Sessions() int {
	if pooled == nil {
		return 0
	}
	return sessions
}

// bouncerConfig accepts every user with a password on the server.
const bouncerConfig = `[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
pool_mode = transaction
default_pool_size = %d
max_client_conn = 500
auth_type = %s
auth_file = %s
auth_user = %s
auth_query = SELECT usename, passwd FROM pg_catalog.pg_shadow WHERE usename = $1
logfile = %s
pidfile = %s
`

// bouncerScript runs PgBouncer ("$@") until its standard input closes, which also happens when the tests are killed; $1 is
// its folder. It ignores Ctrl-C, which would leave PgBouncer running.
const bouncerScript = `trap '' HUP INT QUIT TERM; dir=$1; shift; "$@" </dev/null & pid=$!; read -r _; kill -s KILL "$pid"; wait "$pid"; rm -rf "$dir"`

// findBouncer also looks in Debian's folder, which is not in every user's PATH.
func findBouncer() (string, error) {
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("the program pgbouncer is not on this machine (Debian: apt-get install pgbouncer)")
}

func startBouncer(ctx context.Context, server string) (*bouncer, error) {
	program, err := findBouncer()
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("/tmp", "wheelhouse-pgbouncer-")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	if err := writeConfig(dir, port, u); err != nil {
		return nil, err
	}
	command := []string{"-c", bouncerScript, "sh", dir, program, "--quiet", filepath.Join(dir, "ini")}
	if os.Geteuid() == 0 { // PgBouncer refuses root
		if err := giveTo("nobody", dir); err != nil {
			return nil, err
		}
		command = append(command, "--user=nobody")
	}
	cmd := exec.Command("/bin/sh", command...)
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	b := &bouncer{net.JoinHostPort("127.0.0.1", port), func() { input.Close(); _ = cmd.Wait() }}
	if err := b.wait(ctx, server); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log")) // may be missing
		b.stop()
		return nil, fmt.Errorf("start pgbouncer: %w: %s", err, log)
	}
	return b, nil
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

func writeConfig(dir, port string, server *url.URL) error {
	in := func(name string) string { return filepath.Join(dir, name) }
	quote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
	password, has := server.User.Password()
	auth := "scram-sha-256"
	if !has {
		auth = "trust" // the server seems to require no password
	}
	serverPort := server.Port()
	if serverPort == "" {
		serverPort = "5432"
	}
	config := fmt.Sprintf(bouncerConfig, server.Hostname(), serverPort, port, sessions, auth, in("users"), server.User.Username(), in("log"), in("pid"))
	return errors.Join(os.WriteFile(in("ini"), []byte(config), 0o600),
		os.WriteFile(in("users"), []byte(quote(server.User.Username())+" "+quote(password)+"\n"), 0o600))
}

// giveTo makes a user the owner of a folder and its files.
func giveTo(name, dir string) error {
	u, err := user.Lookup(name)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, -1)
	})
}

// through is an address of the server through the bouncer.
func (b *bouncer) through(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	u.Host = b.host
	return u.String()
}

func (b *bouncer) wait(ctx context.Context, server string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, b.through(server))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Pooled starts a PgBouncer in transaction mode for the test, and returns the address of a database of New or NewDirect
// through it. It skips the test if the program is not installed.
func Pooled(t testing.TB, address string) string {
	t.Helper()
	if _, err := findBouncer(); err != nil && os.Getenv(throughBouncer) == "" {
		t.Skip(err)
	}
	b, err := startBouncer(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.stop)
	return b.through(address)
}
