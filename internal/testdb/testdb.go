// Package testdb gives each test a migrated database of its own on a real server. The server is the one that
// TEST_DATABASE_URL names (the address of a superuser), or a private one that ends with the tests. With TEST_PGBOUNCER
// set, tests connect through a PgBouncer in transaction mode, except those that ask for a direct connection.
package testdb

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/pgserver"
	"wheelhouse/internal/testkit"
	"wheelhouse/migrations"
)

var server, template string

// throughBouncer is the environment variable that puts a PgBouncer between the tests and the server.
const throughBouncer = "TEST_PGBOUNCER"

var pooled *bouncer

// serverSettings are for many small tests at once: JIT compilation takes longer than any of their queries, and each test
// has connections of its own.
var serverSettings = map[string]string{"jit": "off", "max_connections": "300"}

// atOnce is the number of a package's tests that run at once. They mostly wait for the server, for leases and for each other.
const atOnce = 6

// Main starts or finds the server, runs a package's tests, and exits.
func Main(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	testkit.Parallel(atOnce)
	if server = os.Getenv("TEST_DATABASE_URL"); server == "" {
		private, err := pgserver.Start(context.Background(), pgserver.Options{Parent: testkit.MemoryFolder(), Settings: serverSettings})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer private.Close()
		server = private.URL("postgres")
	}
	drop, err := makeTemplate(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer drop()
	if os.Getenv(throughBouncer) != "" {
		if pooled, err = startBouncer(context.Background(), server); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer pooled.stop()
	}
	return m.Run()
}

// makeTemplate makes the migrated database that is copied for each test.
func makeTemplate(ctx context.Context) (drop func(), err error) {
	template = name("template")
	if err := admin(ctx, "CREATE DATABASE "+template); err != nil {
		return nil, err
	}
	drop = func() { _ = admin(context.Background(), "DROP DATABASE "+template+" WITH (FORCE)") }
	if _, _, err := migrations.Up(ctx, address(template)); err != nil {
		drop()
		return nil, err
	}
	return drop, nil
}

func name(use string) string {
	return "wheelhouse_" + use + "_" + strings.ToLower(rand.Text()[:12])
}

// admin runs a statement on the server's maintenance database.
func admin(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

func address(database string) string {
	u, err := url.Parse(server)
	if err != nil {
		panic(err)
	}
	u.Path = "/" + database
	return u.String()
}

// New makes a migrated database and returns its address. It is dropped when the test ends.
func New(t testing.TB) string {
	t.Helper()
	direct := NewDirect(t)
	if pooled == nil {
		return direct
	}
	u, err := url.Parse(pooled.through(direct))
	if err != nil {
		t.Fatal(err)
	}
	// For the tests' own queries: prepared statements do not work here. Wheelhouse prepares none.
	q := u.Query()
	q.Set("default_query_exec_mode", "exec")
	u.RawQuery = q.Encode()
	return u.String()
}

// NewDirect is New for a test that needs a direct connection: it migrates, changes settings, or ends connections.
func NewDirect(t testing.TB) string {
	t.Helper()
	db := name("test")
	if err := admin(t.Context(), "CREATE DATABASE "+db+" TEMPLATE "+template); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin(context.Background(), "DROP DATABASE "+db+" WITH (FORCE)"); err != nil {
			t.Errorf("drop %s: %v", db, err)
		}
	})
	return address(db)
}

// ForExample makes a migrated database for an Example function, which has no *testing.T, and returns its address. drop drops the
// database. Both panic on failure.
func ForExample() (dsn string, drop func()) {
	db := name("example")
	if err := admin(context.Background(), "CREATE DATABASE "+db+" TEMPLATE "+template); err != nil {
		panic(err)
	}
	return address(db), func() {
		if err := admin(context.Background(), "DROP DATABASE "+db+" WITH (FORCE)"); err != nil {
			panic(err)
		}
	}
}
