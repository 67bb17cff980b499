package main

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"wheelhouse/internal/testdb"
)

// No error message contains what Postgres quotes from a row in a message, a DETAIL or a trigger's exception.
func TestErrorsOfPostgresTellNothing(t *testing.T) {
	t.Parallel()
	today := time.Now().UTC().Format(time.DateOnly)
	api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"sessions":[{"id":1,"start_ts":"%sT00:00:00",%s}]}`, today, person)
	})
	for state, spoil := range map[string]string{
		"SQLSTATE 23514": `ALTER TABLE crankwheel.demo_requests ADD CHECK (prospect_name NOT LIKE 'Canaria%')`,
		"SQLSTATE 22003": `CREATE INDEX ON crankwheel.demo_requests ((2147483647 + length(prospect_name)))`,
		"SQLSTATE 23502": `ALTER TABLE crankwheel.demo_requests ALTER prospect_company SET NOT NULL`,
		"SQLSTATE 22P02": `CREATE INDEX ON crankwheel.demo_requests ((prospect_name::integer))`,
		"SQLSTATE 54000": `CREATE INDEX ON crankwheel.demo_requests ((repeat(md5(prospect_name) || md5(prospect_phone), 5000)))`,
		"SQLSTATE P0001": `CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
			$$BEGIN RAISE EXCEPTION 'no % here', NEW.prospect_name USING DETAIL = NEW.prospect_email, HINT = NEW.prospect_phone; END$$;
			CREATE TRIGGER refuse BEFORE INSERT ON crankwheel.demo_requests FOR EACH ROW EXECUTE FUNCTION public.refuse()`,
		"SQLSTATE XY001": `CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
			$$BEGIN RAISE EXCEPTION 'no % here', NEW USING ERRCODE = 'XY001', COLUMN = NEW.prospect_name, TABLE = NEW.prospect_email; END$$;
			CREATE TRIGGER refuse BEFORE INSERT ON crankwheel.demo_requests FOR EACH ROW EXECUTE FUNCTION public.refuse()`,
	} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			dsn := testdb.New(t)
			mustExec(t, dsn, spoil)
			u := newUser(t, api, dsn)
			u.env = append(u.env, "WHEELHOUSE_HISTORY_FROM="+today)
			if output := u.quiet(exitIncomplete, debugged...); !strings.Contains(output, state) {
				t.Errorf("the output has no %s:\n%s", state, output)
			}
			ledger := column(t, dsn, ledgerTexts)
			mustBeSilent(t, "the ledger", ledger)
			if !strings.Contains(ledger, state) {
				t.Errorf("the ledger has:\n%s", ledger)
			}
		})
	}
}

// refusing is a server that closes every connection, after the error given or without any message.
func refusing(t *testing.T, with *pgproto3.ErrorResponse) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			backend := pgproto3.NewBackend(conn, conn)
			if _, err := backend.ReceiveStartupMessage(); err == nil && with != nil {
				backend.Send(with)
				_ = backend.Flush()
			}
			_ = conn.Close()
		}
	}()
	return l.Addr().String()
}

func TestRefusedConnectionsTellNothing(t *testing.T) {
	t.Parallel()
	const who = "postgres://loader:canary-password-91c@"
	for name, dsn := range map[string]string{
		"wrong password":   who + refusing(t, &pgproto3.ErrorResponse{Severity: "FATAL", Code: "28P01", Message: `password authentication failed for user "loader"`}) + "/x?sslmode=disable",
		"a code too short": who + refusing(t, &pgproto3.ErrorResponse{Severity: "FATAL", Code: "X", Message: "no"}) + "/x?sslmode=disable",
		"no message":       who + refusing(t, nil) + "/x?sslmode=disable",
		"nobody there":     who + "127.0.0.1:1/x",
		"no such host":     who + "nowhere.invalid/x",
		"no such port":     who + "127.0.0.1:port/x",
		"a broken address": who + "[::1/x",
		"a broken setting": "host=127.0.0.1 port=1 user=loader password=canary-password-91c sslmode=maybe",
		"an open quote":    "host=127.0.0.1 user=loader password='canary-password-91c",
		"another scheme":   "mysql://loader:canary-password-91c@127.0.0.1/x",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUser(t, http.NotFoundHandler(), dsn)
			for _, args := range [][]string{{"run", "--log", "console,debug"}, {"migrate", "up"}, {"status"}} {
				cmd, out, errs := u.command(args...)
				_ = cmd.Run() // the exit code is checked below
				text := out.String() + errs.String()
				if code := cmd.ProcessState.ExitCode(); code != exitIncomplete && code != exitUsage || strings.Contains(text, "goroutine") {
					t.Errorf("%v: exit %d:\n%s", args, code, text)
				}
				mustBeSilent(t, strings.Join(args, " "), text)
			}
		})
	}
}
