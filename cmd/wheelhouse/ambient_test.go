package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/simulator"
	"wheelhouse/internal/testdb"
	"wheelhouse/internal/testkit"
)

// Ambient settings are the settings of Postgres that a role, a database, an address or PGOPTIONS has. ambientNow is the time of their
// tests; ambientFrom and ambientTo are the first and the last day that the tests load.
var ambientNow = time.Date(2026, 3, 11, 10, 0, 0, 0, time.UTC)

const ambientFrom, ambientTo = "2026-03-09", "2026-03-10"

// ambientAccount serves an account with names that are not ASCII. Each answer of demo_usage has a record that cannot be understood.
var ambientAccount = sync.OnceValue(func() http.Handler {
	api := simulator.New(simulator.Options{Seed: 3, Agents: 3, APIKey: key, From: ambientNow.AddDate(0, 0, -10), Until: ambientNow,
		Now: func() time.Time { return ambientNow }})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Accept-Encoding")
		answer := httptest.NewRecorder()
		api.ServeHTTP(answer, r)
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		body := answer.Body.Bytes()
		if strings.Contains(r.URL.Path, "demo_usage") {
			body = bytes.Replace(body, []byte(`"start_ts":"2026`), []byte(`"start_ts":"x026`), 1)
		}
		w.Header().Del("Content-Length")
		w.WriteHeader(answer.Code)
		_, _ = w.Write(body)
	})
})

// place is a new database with its owner, who is not a superuser.
type place struct {
	t        *testing.T
	admin    string // a superuser's address of the server's maintenance database
	owner    string // the owner's address of the database
	role, db string
}

func newPlace(t *testing.T, options string) *place {
	t.Helper()
	name := "wheelhouse_ambient_" + strings.ToLower(rand.Text()[:10])
	p := &place{t: t, admin: testdb.NewDirect(t), role: name, db: name}
	mustExec(t, p.admin, "CREATE ROLE "+name+" LOGIN PASSWORD 'canary-password' IN ROLE wheelhouse_reader")
	mustExec(t, p.admin, "CREATE DATABASE "+name+" OWNER "+name+" "+options)
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), p.admin)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close(context.Background())
		for _, sql := range []string{"DROP DATABASE " + name + " WITH (FORCE)", "DROP ROLE " + name} {
			if _, err := conn.Exec(context.Background(), sql); err != nil {
				t.Error(err)
			}
		}
	})
	p.owner = p.of(p.admin, url.UserPassword(name, "canary-password"))
	return p
}

// of returns the address of the database for another user.
func (p *place) of(address string, user *url.Userinfo) string {
	p.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		p.t.Fatal(err)
	}
	u.Path = "/" + p.db
	if user != nil {
		u.User = user
	}
	return u.String()
}

// sees returns the rows of the warehouse that a test compares: those of the tables, and the rejects.
func (p *place) sees() testdb.Contents {
	p.t.Helper()
	// The settings of an address override those of the database.
	dsn := p.of(p.admin, nil) + "&client_encoding=UTF8&datestyle=ISO&timezone=UTC&extra_float_digits=1&bytea_output=hex&search_path=pg_catalog&" +
		"statement_timeout=0&lock_timeout=0&idle_session_timeout=0&idle_in_transaction_session_timeout=0"
	all := testdb.Read(p.t, dsn)
	conn, err := pgx.Connect(p.t.Context(), dsn)
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(p.t.Context(), `SELECT concat_ws('|', account_id, stream, window_from AT TIME ZONE 'UTC', path, reason, raw::text, coalesce(raw_text, '∅'), raw_hash) FROM wheelhouse.rejects`)
	if err == nil {
		all["rejects"], err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		p.t.Fatal(err)
	}
	slices.Sort(all["rejects"])
	return all
}

// user returns a user at a shell that has the database's address.
func (p *place) user(address string, env ...string) user {
	p.t.Helper()
	u := newUser(p.t, ambientAccount(), address)
	u.env = append(u.env, "WHEELHOUSE_HISTORY_FROM="+ambientFrom, fmt.Sprintf(`%s={"Now":%q}`, timingEnv, ambientNow.Format(time.RFC3339)))
	u.env = append(u.env, env...)
	return u
}

// clean holds the rows of a load without ambient settings.
var clean struct {
	once sync.Once
	rows testdb.Contents
}

func cleanRows(t *testing.T) testdb.Contents {
	t.Helper()
	clean.once.Do(func() {
		p := newPlace(t, "")
		u := p.user(p.owner)
		u.types(exitOK, "run", "--migrate")
		clean.rows = p.sees()
		if len(clean.rows["rejects"]) == 0 || !strings.Contains(strings.Join(clean.rows["demo_requests"], ""), "ð") {
			t.Fatal("the account has no reject, or only ASCII")
		}
	})
	return clean.rows
}

// shadows is a schema with functions, operators, types and tables that have the names of Postgres's own and do something else.
const shadows = `
	CREATE SCHEMA shadows; GRANT ALL ON SCHEMA shadows TO PUBLIC;
	CREATE FUNCTION shadows.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT timestamptz '2001-01-01Z' $$;
	CREATE FUNCTION shadows.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT timestamptz '2001-01-01Z' $$;
	CREATE FUNCTION shadows.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT 'shadow' $$;
	CREATE FUNCTION shadows.lower(tstzrange) RETURNS timestamptz LANGUAGE sql AS $$ SELECT timestamptz '2001-01-01Z' $$;
	CREATE FUNCTION shadows.tstzrange(timestamptz, timestamptz) RETURNS tstzrange LANGUAGE sql AS $$ SELECT 'empty'::tstzrange $$;
	CREATE FUNCTION shadows.unnest(text[]) RETURNS SETOF text LANGUAGE sql AS $$ SELECT 'shadow' $$;
	CREATE FUNCTION shadows.unnest(timestamptz[]) RETURNS SETOF timestamptz LANGUAGE sql AS $$ SELECT timestamptz '2001-01-01Z' $$;
	CREATE FUNCTION shadows.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT 'shadow' $$;
	CREATE FUNCTION shadows.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT 'shadow' $$;
	CREATE FUNCTION shadows.pg_try_advisory_lock(bigint) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$;
	CREATE FUNCTION shadows.hashtextextended(text, bigint) RETURNS bigint LANGUAGE sql AS $$ SELECT 1::bigint $$;
	CREATE FUNCTION shadows.never(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
	CREATE FUNCTION shadows.never(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
	CREATE FUNCTION shadows.never(bigint, bigint) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
	CREATE OPERATOR shadows.= (LEFTARG = text, RIGHTARG = text, FUNCTION = shadows.never);
	CREATE OPERATOR shadows.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = shadows.never);
	CREATE OPERATOR shadows.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = shadows.never);
	CREATE OPERATOR shadows.< (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = shadows.never);
	CREATE OPERATOR shadows.>= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = shadows.never);
	CREATE DOMAIN shadows.date AS text; CREATE DOMAIN shadows.uuid AS text;
	CREATE TABLE shadows.pg_class (relname name); CREATE TABLE shadows.pg_namespace (nspname name); CREATE TABLE shadows.accounts (account_id text);`

// ambient is a setting, and the outcome of commands that run with it.
type ambient struct {
	name, value string
	refused     string // part of the error with which each command that writes is refused; "": all commands work
	server      bool   // only roles and databases can have the setting, not addresses
}

var ambients = []ambient{
	{name: "client_encoding", value: "LATIN1"},
	{name: "client_encoding", value: "SQL_ASCII"},
	{name: "DateStyle", value: "German"},
	{name: "DateStyle", value: "SQL, DMY"},
	{name: "bytea_output", value: "escape"},
	{name: "standard_conforming_strings", value: "off"},
	{name: "IntervalStyle", value: "sql_standard"},
	{name: "TimeZone", value: "Pacific/Kiritimati"},
	{name: "search_path", value: "shadows, pg_catalog"},
	{name: "default_transaction_read_only", value: "on", refused: "RESET default_transaction_read_only"},
	{name: "default_transaction_isolation", value: "serializable"},
	{name: "default_transaction_deferrable", value: "on"},
	{name: "row_security", value: "off"},
	{name: "statement_timeout", value: "200ms"},
	{name: "lock_timeout", value: "1ms"},
	{name: "idle_session_timeout", value: "1s"},
	{name: "idle_in_transaction_session_timeout", value: "1ms"},
	{name: "extra_float_digits", value: "-15"},
	{name: "array_nulls", value: "off"},
	{name: "transform_null_equals", value: "on"},
	{name: "quote_all_identifiers", value: "on"},
	{name: "xmlbinary", value: "hex"},
	{name: "backslash_quote", value: "off"},
	{name: "escape_string_warning", value: "off"},
	{name: "check_function_bodies", value: "off"},
	{name: "default_tablespace", value: "nowhere", server: true},
	{name: "jit_above_cost", value: "0"},
	{name: "timezone_abbreviations", value: "India"},
	{name: "client_min_messages", value: "debug5"},
	{name: "role", value: "wheelhouse_reader", refused: "role = wheelhouse_reader"},
	{name: "session_replication_role", value: "replica", refused: "session_replication_role", server: true},
	{name: "lc_messages", value: "C", server: true},
}

// ways are the places of a setting. PGOPTIONS and the address belong to one shell; the role and the database are on the server.
var ways = []string{"role", "database", "PGOPTIONS", "address"}

// give puts the setting in its place, and returns the address and the environment to use.
func (a ambient) give(p *place, way, address string) (string, []string) {
	p.t.Helper()
	value := "'" + a.value + "'"
	if a.name == "search_path" {
		value = a.value
	}
	switch way {
	case "role":
		mustExec(p.t, p.admin, fmt.Sprintf("ALTER ROLE %s SET %s = %s", p.role, a.name, value))
	case "database":
		mustExec(p.t, p.admin, fmt.Sprintf("ALTER DATABASE %s SET %s = %s", p.db, a.name, value))
	case "PGOPTIONS":
		return address, []string{"PGOPTIONS=-c " + a.name + "=" + strings.ReplaceAll(a.value, " ", `\ `)}
	case "address":
		u, err := url.Parse(address)
		if err != nil {
			p.t.Fatal(err)
		}
		q := u.Query()
		q.Set(a.name, a.value)
		u.RawQuery = q.Encode()
		return u.String(), nil
	}
	return address, nil
}

// Whatever the settings of the role, the database, the address or PGOPTIONS are, every command either works and stores the API's rows, or
// is refused with an error that says what to do. The pages answer whenever /readyz says so.
func TestAmbientSettings(t *testing.T) {
	t.Parallel()
	cleanRows(t)
	for i, a := range ambients {
		for j, way := range ways {
			if !testkit.Long() && (i+j)%len(ways) != 0 || a.server && j > 1 || testing.Short() && i%4 != 0 {
				continue
			}
			t.Run(a.name+" "+a.value+" by "+way, func(t *testing.T) {
				t.Parallel()
				p := newPlace(t, "")
				if a.name == "search_path" {
					mustExec(t, p.of(p.admin, nil), shadows)
				}
				address, env := a.give(p, way, p.owner)
				u := p.user(address, env...)
				if a.refused != "" {
					mustRefuse(t, p, u, a.refused, "migrate", "up")
					return
				}
				u.types(exitOK, "migrate", "up")
				u.types(exitOK, "migrate", "status")
				p.works(u)
			})
		}
	}
}

// ofAddress are settings that the program leaves in the address, so PgBouncer refuses such an address.
var ofAddress = []string{"row_security", "idle_session_timeout", "xmlbinary", "escape_string_warning", "check_function_bodies", "jit_above_cost",
	"client_min_messages"}

// Through PgBouncer in transaction mode, settings of the role, the database and the address change nothing, too. Migrations are refused
// there, and leave no lock behind.
func TestAmbientSettingsThroughPgBouncer(t *testing.T) {
	t.Parallel()
	cleanRows(t)
	for i, a := range ambients {
		for j, way := range []string{"role", "database", "address"} {
			if !testkit.Long() && (i%3 != j || i%4 != 0) || a.server && way == "address" || a.refused != "" || testing.Short() && i%8 != 0 {
				continue
			}
			t.Run(a.name+" "+a.value+" by "+way, func(t *testing.T) {
				t.Parallel()
				p := newPlace(t, "")
				if a.name == "search_path" {
					mustExec(t, p.of(p.admin, nil), shadows)
				}
				address, env := a.give(p, way, testdb.Pooled(t, p.owner))
				u := p.user(address, env...)
				if way == "address" && slices.Contains(ofAddress, a.name) {
					mustRefuse(t, p, u, a.name, "run")
					return
				}
				for range 2 {
					if _, stderr := u.types(exitIncomplete, "migrate", "up"); !strings.Contains(stderr, "not PgBouncer in transaction mode") {
						t.Errorf("migrate up: %s", stderr)
					}
				}
				p.user(p.owner).types(exitOK, "migrate", "up")
				u.types(exitOK, "migrate", "status")
				p.works(u)
			})
		}
	}
}

// mustRefuse requires that a command is refused, and that nothing is written.
func mustRefuse(t *testing.T, p *place, u user, says string, args ...string) {
	t.Helper()
	if _, stderr := u.types(exitIncomplete, args...); !strings.Contains(stderr, says) {
		t.Errorf("wheelhouse %s does not say %q:\n%s", strings.Join(args, " "), says, stderr)
	}
	mustExec(t, p.admin, "ALTER ROLE "+p.role+" RESET ALL; ALTER DATABASE "+p.db+" RESET ALL")
	mustExec(t, p.of(p.admin, nil), `DO $$ BEGIN IF to_regnamespace('crankwheel') IS NOT NULL THEN RAISE 'something was written'; END IF; END $$`)
}

// works requires that all commands work: two nights, verify, status, the pages.
func (p *place) works(u user) {
	p.t.Helper()
	u.types(exitOK, "run")
	u.types(exitOK, "run")
	if stdout, _ := u.types(exitOK, "verify", "--from", ambientFrom, "--to", ambientTo); !strings.Contains(stdout, "all equal") {
		p.t.Errorf("verify: %s", stdout)
	}
	if stdout, _ := u.types(exitOK, "status"); !strings.Contains(stdout, ambientTo) {
		p.t.Errorf("status: %s", stdout)
	}
	p.equal()
	site := serving(p.t, u)
	for _, path := range []string{"/readyz", "/", "/pipeline", "/pipeline/runs", "/pipeline/rejects"} {
		if got := status(p.t, site+path, ""); got != http.StatusOK {
			p.t.Errorf("%s: %d", path, got)
		}
	}
}

// equal requires that the warehouse has the rows of a load without ambient settings.
func (p *place) equal() {
	p.t.Helper()
	if d := clean.rows.Diff(p.sees()); d != "" {
		p.t.Errorf("the rows differ:%s", d)
	}
}

// serving runs serve until the test ends, and returns the address of its pages once they are ready.
func serving(t *testing.T, u user) string {
	t.Helper()
	cmd, _, errs := u.command("serve", "--log", "json,info")
	address := make(chan string, 1)
	cmd.Stderr = &watchFor{text: `"address":"`, found: address, all: errs}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // the exit code is checked below
		if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
			t.Errorf("serve: exit %d\n%s", code, errs)
		}
	})
	select {
	case at := <-address:
		for deadline := time.Now().Add(20 * time.Second); status(t, "http://"+at+"/readyz", "") != http.StatusOK && time.Now().Before(deadline); {
			time.Sleep(50 * time.Millisecond)
		}
		return "http://" + at
	case <-time.After(30 * time.Second):
		t.Fatal("serve does not begin to serve")
	}
	return ""
}

// watchFor is a writer that finds the text between a given text and the next quotation mark.
type watchFor struct {
	text  string
	found chan<- string
	all   *bytes.Buffer
}

func (w *watchFor) Write(p []byte) (int, error) {
	n, err := w.all.Write(p)
	if _, after, found := strings.Cut(w.all.String(), w.text); found && w.text != "" {
		if value, _, whole := strings.Cut(after, `"`); whole {
			w.found <- value
			w.text = ""
		}
	}
	return n, err
}

// A database that cannot hold every text is refused by every command before anything is written, and by the pages.
func TestOtherEncodingsAreRefused(t *testing.T) {
	t.Parallel()
	const says = "createdb -E UTF8"
	for _, encoding := range []string{"LATIN1", "SQL_ASCII"} {
		t.Run(encoding, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, "ENCODING '"+encoding+"' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"+libc(t))
			for _, address := range []string{p.owner, testdb.Pooled(t, p.owner)} {
				u := p.user(address)
				for _, args := range [][]string{{"migrate", "up"}, {"migrate", "status"}, {"migrate", "down", "--steps", "1", "--yes"}, {"run"}, {"run", "--migrate"}, {"serve"},
					{"serve", "--migrate"}, {"status"}, {"backfill", "--from", ambientFrom, "--to", ambientTo}, {"verify", "--from", ambientFrom, "--to", ambientTo},
					{"rejects", "list"}} {
					mustRefuse(t, p, u, says, args...)
				}
			}
			mustExec(t, p.of(p.admin, nil), `DO $$ BEGIN IF to_regnamespace('wheelhouse') IS NOT NULL THEN RAISE 'something was written'; END IF; END $$`)
		})
	}
}

// libc returns the option of CREATE DATABASE for a locale of the C library. Since PostgreSQL 17 a server may have another provider, which
// allows only UTF8. Before 15 there is no other provider, and no such option.
func libc(t *testing.T) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), testdb.NewDirect(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var version int
	if err := conn.QueryRow(t.Context(), "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		t.Fatal(err)
	}
	if version < 150000 {
		return ""
	}
	return " LOCALE_PROVIDER libc"
}

// Whoever reads a view gets the same values, whatever the settings of the session are.
func TestViewsDoNotDependOnTheReader(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "")
	p.user(p.owner).types(exitOK, "run", "--migrate")
	mustExec(t, p.of(p.admin, nil), shadows)
	conn, err := pgx.Connect(t.Context(), p.of(p.admin, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	tx, err := conn.Begin(t.Context()) // now() stays the same
	if err != nil {
		t.Fatal(err)
	}
	values := func(sql string) []string {
		rows := tx.Conn().PgConn().ExecParams(t.Context(), sql, nil, nil, nil, []int16{pgx.BinaryFormatCode})
		var all []string
		for rows.NextRow() {
			all = append(all, fmt.Sprintf("%q", rows.Values()))
		}
		if _, err := rows.Close(); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		slices.Sort(all)
		return all
	}
	views := []string{}
	for _, name := range values("SELECT relname::text FROM pg_class WHERE relnamespace = 'bi'::regnamespace AND relkind = 'v'") {
		views = append(views, strings.Trim(name, `["]`))
	}
	before, filled := map[string][]string{}, 0
	for _, view := range views {
		if before[view] = values("SELECT * FROM bi." + view); len(before[view]) > 0 {
			filled++
		}
	}
	if filled < 20 {
		t.Fatalf("only %d of %d views have rows: the test shows little", filled, len(views))
	}
	for _, a := range []given{{"DateStyle", "'German'"}, {"TimeZone", "'Pacific/Kiritimati'"}, {"TimeZone", "'Etc/GMT+12'"}, {"IntervalStyle", "'sql_standard'"},
		{"extra_float_digits", "-15"}, {"bytea_output", "escape"}, {"search_path", "shadows, pg_catalog"}, {"array_nulls", "off"},
		{"standard_conforming_strings", "off"}, {"quote_all_identifiers", "on"}, {"transform_null_equals", "on"}, {"row_security", "off"}, {"enable_sort", "off"}} {
		if _, err := tx.Exec(t.Context(), "SAVEPOINT usual; SET LOCAL "+a.name+" = "+a.value); err != nil {
			t.Fatal(err)
		}
		for _, view := range views {
			after := values("SELECT * FROM bi." + view)
			if i := slices.IndexFunc(after, func(row string) bool { return !slices.Contains(before[view], row) }); i >= 0 || len(after) != len(before[view]) {
				t.Errorf("%s = %s: bi.%s has %d rows, and not %d, or other values: %.300s", a.name, a.value, view, len(after), len(before[view]), after[max(i, 0)])
			}
		}
		if _, err := tx.Exec(t.Context(), "ROLLBACK TO usual"); err != nil {
			t.Fatal(err)
		}
	}
}
