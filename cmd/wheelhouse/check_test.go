package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"wheelhouse/internal/testdb"
)

// checkLine is a result of check as JSON, with the documented names.
type checkLine struct{ Status, Check, Account, Message, Remedy string }

// checked runs check --json, requires an exit code, and returns the results that are not ok, as "status check account".
func (u user) checked(code int, args ...string) (notOK []string, all []checkLine) {
	u.t.Helper()
	stdout, _ := u.types(code, append([]string{"check", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(stdout), &all); err != nil {
		u.t.Fatalf("%v\n%s", err, stdout)
	}
	for _, r := range all {
		if r.Status == "ok" != (r.Remedy == "") || r.Message == "" || r.Check == "" {
			u.t.Errorf("%+v", r)
		}
		if r.Status != "ok" {
			notOK = append(notOK, strings.TrimSpace(r.Status+" "+r.Check+" "+r.Account))
		}
	}
	return notOK, all
}

func TestCheckOfAWarehouseThatCanBeLoaded(t *testing.T) {
	t.Parallel()
	u := newUser(t, account(t), testdb.New(t))
	if notOK, all := u.checked(exitOK); len(notOK) > 0 || len(all) != 11 {
		t.Errorf("%d checks, not ok: %q", len(all), notOK)
	}
	stdout, _ := u.types(exitOK, "check")
	for _, line := range []string{"ok    database: PostgreSQL ", "ok    zone of default: ", "ok    api of default: ", "ok    instant_demos of default: Instant Demos are on\n"} {
		if !strings.Contains(stdout, line) {
			t.Errorf("no line %q in\n%s", line, stdout)
		}
	}
	if _, stderr := u.types(exitUsage, "check", "--account", "acme"); !strings.Contains(stderr, `no account "acme"`) {
		t.Error(stderr)
	}
	u.env = append(u.env, "CRANKWHEEL_URL=ftp://h", "WHEELHOUSE_TIMEZONE=Mars/Olympus")
	if notOK, _ := u.checked(exitUsage); fmt.Sprint(notOK) != "[fail settings fail settings]" {
		t.Errorf("two mistakes in the settings: %q", notOK)
	}
}

// login makes a role that can log in to a database and has no right in it, and returns its address.
func login(t *testing.T, dsn string) (address, role string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	role = "check_" + strings.TrimPrefix(u.Path, "/")
	mustExec(t, dsn, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'canary-password'", role))
	t.Cleanup(func() { mustExecAfter(t, dsn, fmt.Sprintf("DROP OWNED BY %[1]s; DROP ROLE %[1]s", role)) })
	u.User = url.UserPassword(role, "canary-password")
	return u.String(), role
}

// What check finds in the database, run refuses in the same words, before it sends a request to the API or writes anything.
func TestRunRefusesWhatCheckFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		prepare func(t *testing.T, dsn string) string // returns the address to use
		fails   string
	}{
		"no schema": {func(t *testing.T, dsn string) string {
			mustExec(t, dsn, "DROP SCHEMA wheelhouse, crankwheel, bi CASCADE")
			return dsn
		}, "[fail database_schema]"},
		"no schema, and no right to make one": {func(t *testing.T, dsn string) string {
			mustExec(t, dsn, "DROP SCHEMA wheelhouse, crankwheel, bi CASCADE")
			address, _ := login(t, dsn)
			return address
		}, "[fail database_schema fail database_schema]"},
		"older schema": {func(t *testing.T, dsn string) string {
			mustExec(t, dsn, "UPDATE wheelhouse.schema_migrations SET version = version - 1")
			return dsn
		}, "[fail database_schema]"},
		"no rights at all": {func(t *testing.T, dsn string) string {
			address, _ := login(t, dsn)
			return address
		}, "[fail database_schema]"},
		"no rights": {func(t *testing.T, dsn string) string {
			address, role := login(t, dsn)
			mustExec(t, dsn, fmt.Sprintf("GRANT USAGE ON SCHEMA wheelhouse TO %[1]s; GRANT SELECT ON wheelhouse.schema_migrations TO %[1]s", role))
			return address
		}, "[fail database_rights fail server warn roles warn pages]"},
		"another encoding": {func(t *testing.T, dsn string) string {
			u, err := url.Parse(dsn)
			if err != nil {
				t.Fatal(err)
			}
			u.Path += "_ascii"
			db := strings.TrimPrefix(u.Path, "/")
			mustExec(t, dsn, "CREATE DATABASE "+db+" ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
			t.Cleanup(func() { mustExecAfter(t, dsn, "DROP DATABASE "+db) })
			return u.String()
		}, "[fail database]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := tt.prepare(t, testdb.NewDirect(t))
			u := newUser(t, account(t), dsn)
			notOK, all := u.checked(exitIncomplete)
			if fmt.Sprint(notOK) != tt.fails {
				t.Fatalf("check: %q, want %s\n%+v", notOK, tt.fails, all)
			}
			for _, r := range all {
				if r.Status == "fail" {
					u.dir = t.TempDir()
					if _, stderr := u.types(exitIncomplete, "run"); !strings.Contains(stderr, r.Message+": "+r.Remedy) {
						t.Errorf("run does not say %q:\n%s", r.Message+": "+r.Remedy, stderr)
					}
					if name == "another encoding" {
						if _, stderr := u.types(exitIncomplete, "migrate", "up"); !strings.Contains(stderr, r.Message) {
							t.Errorf("migrate up does not say %q:\n%s", r.Message, stderr)
						}
					}
					break
				}
			}
		})
	}
}

func TestCheckOfTheAPI(t *testing.T) {
	t.Parallel()
	answers := func(status int, ahead time.Duration, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		})
	}
	dsn := testdb.New(t)
	for name, tt := range map[string]struct {
		api     http.Handler
		code    int
		results string
		says    string
	}{
		"demos off":     {answers(200, 0, `{"is_enabled": false}`), exitOK, "[warn instant_demos default]", "Instant Demos are off"},
		"demos unknown": {answers(200, 0, `{}`), exitOK, "[]", "does not say whether Instant Demos are on"},
		"clock behind":  {answers(200, 10*time.Minute, `{"is_enabled": true}`), exitOK, "[warn api_clock default]", " behind the API's"},
		"clock ahead":   {answers(200, -10*time.Minute, `{"is_enabled": true}`), exitOK, "[warn api_clock default]", " ahead of the API's"},
		"wrong key":     {answers(401, 0, `{}`), exitIncomplete, "[fail api default]", "401"},
		"no such path":  {answers(404, 0, `{}`), exitIncomplete, "[fail api default]", "404"},
		"HTML":          {answers(200, 0, `<html>`), exitIncomplete, "[fail api default]", "answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUser(t, tt.api, dsn)
			notOK, all := u.checked(tt.code)
			if fmt.Sprint(notOK) != tt.results || !strings.Contains(fmt.Sprint(all), tt.says) {
				t.Errorf("%q, want %s with %q\n%+v", notOK, tt.results, tt.says, all)
			}
		})
	}
	u := newUser(t, account(t), "postgres://nobody:canary-password@127.0.0.1:1/none?connect_timeout=1")
	if notOK, all := u.checked(exitIncomplete); fmt.Sprint(notOK) != "[fail database]" || len(all) != 5 || strings.Contains(fmt.Sprint(all), "canary-password") {
		t.Errorf("no database: %q\n%+v", notOK, all)
	}
}

// A table of somebody else in a schema of the warehouse is no reason to refuse a load.
func TestTablesOfOthersAreNotChecked(t *testing.T) {
	t.Parallel()
	dsn := testdb.NewDirect(t)
	address, role := login(t, dsn)
	mustExec(t, dsn, fmt.Sprintf("GRANT wheelhouse_loader TO %s; CREATE TABLE crankwheel.old_shares (slug text); "+
		"REVOKE ALL ON crankwheel.old_shares FROM wheelhouse_loader; ALTER TABLE crankwheel.old_shares OWNER TO wheelhouse_pii_reader", role))
	u := newUser(t, account(t), address)
	if _, all := u.checked(exitOK); !strings.Contains(fmt.Sprint(all), "may load") {
		t.Errorf("%+v", all)
	}
}

// A role that may have one connection can load: the checks need no second one.
func TestOneConnectionIsEnough(t *testing.T) {
	t.Parallel()
	dsn := testdb.NewDirect(t)
	address, role := login(t, dsn)
	mustExec(t, dsn, fmt.Sprintf("GRANT wheelhouse_loader TO %[1]s; ALTER ROLE %[1]s CONNECTION LIMIT 1", role))
	u := newUser(t, account(t), address)
	if notOK, all := u.checked(exitOK); strings.Contains(fmt.Sprint(notOK), "database") {
		t.Errorf("%q\n%+v", notOK, all)
	}
	u.types(exitOK, "run", "--streams", "user_access")
}
