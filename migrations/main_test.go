package migrations

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/pgserver"
	"wheelhouse/internal/testkit"
)

// serverURL is a superuser's address of the server that most tests share.
var serverURL string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	testkit.Parallel(4) // the tests mostly wait for the server
	if serverURL = os.Getenv("TEST_DATABASE_URL"); serverURL == "" {
		server, err := pgserver.Start(context.Background(), pgserver.Options{Parent: testkit.MemoryFolder(), Settings: map[string]string{"jit": "off", "max_connections": "300"}})
		if err != nil {
			log.Print(err)
			return 1
		}
		defer server.Close()
		serverURL = server.URL("postgres")
	}
	defer func() {
		if template != "" {
			_ = admin("DROP DATABASE " + template + " WITH (FORCE)")
		}
	}()
	return m.Run()
}

// template is a database with the latest schema; "" before the first test that needs it.
var template string

// makeTemplate makes template.
var makeTemplate = sync.OnceValue(func() error {
	name := "wheelhouse_template_" + strings.ToLower(rand.Text()[:12])
	if err := admin("CREATE DATABASE " + name); err != nil {
		return err
	}
	template = name
	u, err := url.Parse(serverURL)
	if err != nil {
		return err
	}
	u.Path = "/" + name
	if _, to, err := Up(context.Background(), u.String()); err != nil || to != Latest() {
		return fmt.Errorf("up reached %d: %w", to, err)
	}
	return nil
})

// admin runs a statement on the shared server's maintenance database.
func admin(sql string) error {
	conn, err := pgx.Connect(context.Background(), serverURL)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	_, err = conn.Exec(context.Background(), sql)
	return err
}

// newDatabase makes an empty database on the shared server and returns its address.
func newDatabase(t *testing.T) string { return newDatabaseOn(t, serverURL) }

func newDatabaseOn(t *testing.T, server string) string {
	return newDatabaseLike(t, server, "template1")
}

// newDatabaseLike copies a database of a server.
func newDatabaseLike(t *testing.T, server, template string) string {
	t.Helper()
	name := "wheelhouse_test_" + strings.ToLower(rand.Text()[:12])
	exec(t, dial(t, server), "CREATE DATABASE "+name+" TEMPLATE "+template)
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), server)
		if err != nil {
			t.Errorf("drop %s: %v", name, err)
			return
		}
		defer conn.Close(context.Background())
		exec(t, conn, "DROP DATABASE "+name+" WITH (FORCE)")
	})
	return address(t, server, name, nil)
}

// address changes the database of a URL, and its user if one is given.
func address(t *testing.T, server, database string, user *url.Userinfo) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + database
	if user != nil {
		u.User = user
	}
	return u.String()
}

// migrated makes a database with the latest schema.
func migrated(t *testing.T) (string, *pgx.Conn) {
	t.Helper()
	if err := makeTemplate(); err != nil {
		t.Fatal(err)
	}
	db := newDatabaseLike(t, serverURL, template)
	return db, dial(t, db)
}

func mustUp(t *testing.T, db string) {
	t.Helper()
	if _, to, err := Up(t.Context(), db); err != nil || to != Latest() {
		t.Fatalf("Up reached %d: %v", to, err)
	}
}

// downTo undoes migrations down to a version.
func downTo(t *testing.T, db string, version uint) {
	t.Helper()
	for to := Latest(); to != version; {
		var err error
		if _, to, err = Down(t.Context(), db, 1); err != nil || to < version {
			t.Fatalf("Down reached %d: %v", to, err)
		}
	}
}

func dial(t *testing.T, db string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// as runs a function with the rights of a role.
func as(t *testing.T, conn *pgx.Conn, role string, f func()) {
	t.Helper()
	exec(t, conn, "SET ROLE "+role)
	defer exec(t, conn, "RESET ROLE")
	f()
}

func exec(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(context.WithoutCancel(t.Context()), sql, args...); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
}

// refused runs a statement that must fail with a SQLSTATE.
func refused(t *testing.T, conn *pgx.Conn, state, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); sqlState(err) != state {
		t.Errorf("%s: got %v, want SQLSTATE %s", sql, err, state)
	}
}

func value[T any](t *testing.T, conn *pgx.Conn, sql string, args ...any) T {
	t.Helper()
	var v T
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	return v
}

// lines returns a query's rows as psql -A would print them: values in text, | between them, ∅ for NULL.
func lines(t *testing.T, conn *pgx.Conn, sql string, args ...any) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql, append([]any{pgx.QueryResultFormats{pgx.TextFormatCode}}, args...)...)
	if err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var row []string
		for _, raw := range rows.RawValues() {
			if raw == nil {
				raw = []byte("∅")
			}
			row = append(row, string(raw))
		}
		all = append(all, strings.Join(row, "|"))
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	return all
}

// want compares the rows of a query with expected ones.
func want(t *testing.T, conn *pgx.Conn, sql string, rows ...string) {
	t.Helper()
	got := strings.Join(lines(t, conn, sql), "\n")
	if wanted := strings.Join(rows, "\n"); got != wanted {
		t.Errorf("%s\ngot:\n%s\nwant:\n%s", strings.TrimSpace(sql), got, wanted)
	}
}

// newLogin makes a role that can log in, and returns its name and password as in an address.
func newLogin(t *testing.T, server, attributes string) (name string, user *url.Userinfo) {
	t.Helper()
	name = "wheelhouse_user_" + strings.ToLower(rand.Text()[:12])
	exec(t, dial(t, server), fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'swordfish-%s' %s", name, name, attributes))
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), server)
		if err != nil {
			t.Errorf("drop %s: %v", name, err)
			return
		}
		defer conn.Close(context.Background())
		exec(t, conn, "DROP ROLE "+name)
	})
	return name, url.UserPassword(name, "swordfish-"+name)
}
