package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/testdb"
)

// canaries are texts that must not appear anywhere: the two secrets, and a prospect's name, address and phone number.
var canaries = []string{key, "canary-password-91c", "Canaria", "canaria@prospect", "5550199"}

const person = `"prospect_info":{"prospect-name":"Canaria Prospectson","prospect-email":"canaria@prospect.example","prospect-phone":"+354 5550199"}`

// mustBeSilent fails if a text contains a canary.
func mustBeSilent(t *testing.T, what, text string) {
	t.Helper()
	for _, canary := range canaries {
		if strings.Contains(text, canary) {
			t.Errorf("%s shows %s:\n%s", what, canary, text)
		}
	}
}

// quiet runs a command line. It requires the exit code, and no canary in the output.
func (u user) quiet(code int, args ...string) (output string) {
	u.t.Helper()
	stdout, stderr := u.types(code, args...)
	mustBeSilent(u.t, strings.Join(args, " "), stdout+stderr)
	return stdout + stderr
}

// withPassword makes a role with the canary password, and returns the database's address with that role.
func withPassword(t *testing.T, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	role := "canary_" + strings.ToLower(rand.Text()[:12])
	mustExec(t, dsn, "CREATE ROLE "+role+" LOGIN SUPERUSER PASSWORD 'canary-password-91c'")
	t.Cleanup(func() { dropRole(t, dsn, role) })
	u.User = url.UserPassword(role, "canary-password-91c")
	return u.String()
}

func dropRole(t *testing.T, dsn, role string) {
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), "DROP OWNED BY "+role+"; DROP ROLE "+role); err != nil {
		t.Error(err)
	}
}

// column is a query's one column, one value a line.
func column(t *testing.T, dsn, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, "\n")
}

// ledgerTexts is all texts in the ledger, and the places and reasons of rejects. The rejected records themselves do contain
// personal data, by design.
const ledgerTexts = `SELECT coalesce(error, '') || coalesce(request_ids::text, '') FROM wheelhouse.loads UNION ALL
	SELECT path || ' ' || reason FROM wheelhouse.rejects UNION ALL SELECT r::text FROM wheelhouse.runs r`

var debugged = []string{"run", "--streams", "demo_usage", "--log", "json,debug"}

func TestFaultsOfTheAPITellNothing(t *testing.T) {
	t.Parallel()
	dsn := withPassword(t, testdb.New(t))
	var play atomic.Pointer[http.HandlerFunc]
	u := newUser(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		(*play.Load())(w, r)
	}), dsn)
	u.env = append(u.env, "WHEELHOUSE_HISTORY_FROM="+time.Now().UTC().Format(time.DateOnly))
	says := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, body)
		}
	}
	record := `{"id":1,"start_ts":"` + time.Now().UTC().Format("2006-01-02") + `T00:00:00",` + person + `}`
	for name, c := range map[string]struct {
		code  int
		play  http.HandlerFunc
		words string // that the output must have
	}{
		"401 that quotes the key":      {exitIncomplete, says(401, `{"error":"Basic `+key+` is not known to canaria@prospect.example"}`), "check the API key"},
		"422 that quotes the prospect": {exitIncomplete, says(422, `{"error":"bad: canaria@prospect.example, +354 5550199","record":`+record+`}`), "422"},
		"400 of HTML":                  {exitIncomplete, says(400, "<p>Canaria Prospectson "+key+"</p>"), "400"},
		"a redirect": {exitIncomplete, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/x?key="+key+"&who=canaria@prospect.example", http.StatusFound)
		}, "redirects are never followed"},
		"not an object":         {exitIncomplete, says(200, `"Canaria Prospectson"`), "where an object belongs"},
		"nesting":               {exitIncomplete, says(200, `{"sessions":[{"canaria@prospect.example":`+strings.Repeat("[", 99)+strings.Repeat("]", 99)+`}]}`), "too deep"},
		"ids that are names":    {exitOK, says(200, `{"sessions":[{"id":"Canaria Prospectson"},{"id":2,"start_ts":"Canaria"},{"id":3,"handled_by":{"canaria@prospect.example":1}}]}`), "rejected"},
		"members that are none": {exitOK, says(200, `{"sessions":[{"id":4,"start_ts":"2024-03-01T10:00:00","prospect_info":"Canaria Prospectson"}]}`), "rejected"},
		// Go's client would log the bytes after an answer's end when it finds them on an idle connection.
		"a body longer than announced": {exitOK, func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			body := `{"sessions":[` + record + `]}`
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s%s", len(body), body, record)
		}, "loaded"},
		"all is well": {exitOK, says(200, `{"sessions":[`+record+`]}`), "loaded"},
	} {
		play.Store(&c.play)
		if output := u.quiet(c.code, debugged...); !strings.Contains(output, c.words) {
			t.Errorf("%s: %q is not in\n%s", name, c.words, output)
		}
	}
	for _, args := range [][]string{{"status"}, {"status", "--json"}, {"rejects", "list", "--all"}, {"rejects", "list", "--json"}, {"config", "check"}} {
		u.quiet(exitOK, args...)
	}
	mustBeSilent(t, "the ledger", column(t, dsn, ledgerTexts))
	u.env = append(u.env, "CRANKWHEEL_API_KEY="+key+"\n"+key)
	u.quiet(exitUsage, "run")
}

// Neither the list of processes nor Postgres's list of sessions shows secrets or personal data.
func TestProcessListTellsNothing(t *testing.T) {
	t.Parallel()
	dsn := withPassword(t, testdb.New(t))
	asked, done := make(chan struct{}, 100), make(chan struct{})
	u := newUser(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked <- struct{}{}; <-done }), dsn)
	cmd, out, errs := u.command(append(debugged, "--parallel", "1")...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-asked
	for _, file := range []string{"cmdline", "comm", "status"} {
		text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), file))
		if err != nil {
			t.Log(err) // this machine has no /proc
		}
		mustBeSilent(t, file, string(text))
	}
	mustBeSilent(t, "pg_stat_activity", column(t, dsn,
		"SELECT application_name || ' ' || query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"))
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // always fails: the process was killed
	close(done)
	mustBeSilent(t, "the output of a killed run", out.String()+errs.String())
}
