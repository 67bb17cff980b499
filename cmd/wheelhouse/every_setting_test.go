package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"wheelhouse/extract"
	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/settings"
	"wheelhouse/internal/testdb"
	"wheelhouse/internal/testkit"
	"wheelhouse/internal/web"
	"wheelhouse/load"
	"wheelhouse/migrations"
)

// oddTexts are values of settings that are texts. Postgres refuses most of them.
var oddTexts = []string{"", "nonsense", `"x"; DROP`, "pg_catalog", "C", "LATIN1", "German", "all", "Australia", "Europe/Moscow", "public", "view", "view, foreign-table",
	"pg_global", "$libdir/plpgsql", "/nonsense", "shadows, pg_catalog"}

// tooShort are time limits that a busy machine exceeds, whatever the program does.
var tooShort = map[given]string{
	{"statement_timeout", "1"}:   "1 ms: the statement that begins a transaction, and sets another limit, may take longer",
	{"transaction_timeout", "1"}: "the same",
}

// given is a setting with a value.
type given struct{ name, value string }

// everySetting lists each setting that a role or a database may have: with each value of an enumeration, both booleans, the extremes of a
// number, or odd texts.
func everySetting(t *testing.T, conn *pgx.Conn) (all []given, settings int) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), "LOAD 'plpgsql'"); err != nil { // PL/pgSQL has settings, too
		t.Fatal(err)
	}
	rows, err := conn.Query(t.Context(), `SELECT name, vartype, coalesce(enumvals, '{}'), coalesce(min_val, ''), coalesce(max_val, '') FROM pg_settings
		WHERE context IN ('user', 'superuser') ORDER BY name`)
	if err != nil {
		t.Fatal(err)
	}
	var name, kind, least, most string
	var values []string
	if _, err := pgx.ForEachRow(rows, []any{&name, &kind, &values, &least, &most}, func() error {
		settings++
		switch kind {
		case "bool":
			values = []string{"on", "off"}
		case "integer", "real":
			values = []string{least, most, "1"}
		case "string":
			values = oddTexts
		}
		for _, v := range values {
			all = append(all, given{name, v})
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all, settings
}

// For each setting that a role or a database may have, and each value that may matter: either two nights and verify work and store the
// API's rows, and the pages answer; or the error names the setting. No wrong row is ever stored.
func TestEverySetting(t *testing.T) {
	testkit.SkipIfShort(t, "takes long")
	rows := cleanRows(t)
	template := newPlace(t, "")
	mustExec(t, template.of(template.admin, nil), shadows)
	if _, _, err := migrations.Up(t.Context(), template.owner); err != nil {
		t.Fatal(err)
	}
	admin, err := pgx.Connect(t.Context(), template.admin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close(context.Background()) })
	all, settings := everySetting(t, admin)
	api := httptest.NewServer(ambientAccount())
	t.Cleanup(api.Close)
	var mu sync.Mutex // guards admin and the counts
	taken, worked, refused, migrated := 0, 0, []string{}, 0
	t.Run("each", func(t *testing.T) {
		for i, g := range all {
			if tooShort[g] != "" || !testkit.Long() && i%48 != 0 {
				continue
			}
			t.Run(g.name+"="+g.value, func(t *testing.T) {
				t.Parallel()
				p := &place{t: t, admin: template.admin, role: template.role, db: fmt.Sprintf("%s_%d", template.db, i)}
				p.owner = p.of(template.owner, nil)
				do := func(sql string) error {
					mu.Lock()
					defer mu.Unlock()
					_, err := admin.Exec(context.Background(), sql)
					return err
				}
				fresh := i%7 == 0 // the setting also holds for the migration
				from := " TEMPLATE " + template.db
				if fresh {
					from = ""
				}
				if err := do("CREATE DATABASE " + p.db + " OWNER " + p.role + from); err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := do("DROP DATABASE " + p.db + " WITH (FORCE)"); err != nil {
						t.Error(err)
					}
				}()
				value := "'" + strings.ReplaceAll(g.value, "'", "''") + "'"
				if strings.Contains(g.value, ", ") {
					value = g.value // a list is written without quotes
				}
				if err := do("ALTER DATABASE " + p.db + " SET " + g.name + " = " + value); err != nil {
					return // Postgres does not take the value
				}
				said := nights(t, p.owner, api.URL, fresh)
				if err := do("ALTER DATABASE " + p.db + " RESET ALL"); err != nil {
					t.Fatal(err)
				}
				mu.Lock()
				taken++
				if fresh {
					migrated++
				}
				if said == "" {
					worked++
				} else {
					refused = append(refused, g.name+"="+g.value)
				}
				mu.Unlock()
				got := testdb.Contents{}
				if !fresh || !strings.Contains(said, "migrate") {
					got = p.sees()
				}
				switch {
				case said == "":
					if d := rows.Diff(got); d != "" {
						t.Errorf("the rows differ:%s", d)
					}
				default:
					if !strings.Contains(said, g.name) {
						t.Errorf("does not say which setting is the reason:\n%s", said)
					}
					// Two streams write the shares. If only one of them was loaded, the rows differ from those of a whole load.
					delete(got, "shares")
					if d := rows.Diff(got); strings.Contains(d, "\n+ ") {
						t.Errorf("wrong rows are stored:%s", d)
					}
					if said := nights(t, p.owner, api.URL, fresh); said != "" {
						t.Errorf("without the setting: %s", said)
					} else if d := rows.Diff(p.sees()); d != "" {
						t.Errorf("without the setting, the rows differ:%s", d)
					}
				}
			})
		}
	})
	t.Logf("%d settings, %d values, of which Postgres took %d of those tried: with %d everything worked (%d of them migrated with it), %d were refused: %s",
		settings, len(all), taken, worked, migrated, len(refused), strings.Join(refused, ", "))
}

// nights migrates a fresh database, loads two days, reads them again, verifies them and asks for pages. It returns what failed, or "".
func nights(t *testing.T, dsn, api string, fresh bool) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	if fresh {
		if _, _, err := migrations.Up(ctx, dsn); err != nil {
			return err.Error()
		}
	}
	env := map[string]string{"CRANKWHEEL_URL": api, "CRANKWHEEL_API_KEY": key, "DATABASE_URL": dsn, "WHEELHOUSE_HISTORY_FROM": ambientFrom}
	s, err := settings.Load(settings.Options{
		Lookup: func(k string) (string, bool) { v, ok := env[k]; return v, ok },
		Now:    func() time.Time { return ambientNow }, Dir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	a := s.Accounts[0]
	a.Unlimited()
	account, err := pipeline.OpenWith(a, extract.Config{Backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer account.Close()
	w, err := load.Open(ctx, dsn, load.Options{Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		return err.Error()
	}
	defer w.Close()
	core, logged := observer.New(zapcore.WarnLevel)
	r := &pipeline.Runner{Warehouse: w, Log: zap.New(core), Version: "test", Host: "test", Now: func() time.Time { return ambientNow }}
	accounts := []*pipeline.Account{account}
	failed := func(what string, err error) string {
		said := fmt.Sprint(what, ": ", err)
		for _, e := range logged.All() {
			said += fmt.Sprint("\n", e.Message, " ", e.ContextMap())
		}
		return said
	}
	within := (*pipeline.Account).Nightly
	for _, night := range []string{"first", "second"} {
		result, err := r.Run(ctx, "run", accounts, nil, func(a *pipeline.Account) pipeline.Range {
			days := within(a, ambientNow)
			days.Force = night == "second" // compare rows even if the answer's hash is unchanged
			return days
		})
		n := result.Counts
		switch {
		case err != nil || !result.OK():
			return failed(night+" night", errors.Join(err, fmt.Errorf("%+v", result)))
		case night == "second" && n.Inserted+n.Updated+n.Deleted > 0:
			t.Errorf("the second night changes rows: %+v", n)
		}
	}
	v, err := r.Verify(ctx, accounts, nil, func(a *pipeline.Account) pipeline.Range { return a.WholeDays(within(a, ambientNow)) },
		func(f pipeline.Finding) { t.Errorf("verify: %+v", f) })
	if err != nil || !v.Equal() {
		return failed("verify", errors.Join(err, fmt.Errorf("%+v", v)))
	}
	site, err := web.New(web.Options{Database: dsn, Listen: "127.0.0.1:0", Log: r.Log, Now: r.Now})
	if err != nil {
		return err.Error()
	}
	defer site.Close()
	for _, path := range []string{"/readyz", "/", "/pipeline", "/pipeline/runs", "/pipeline/rejects"} {
		answer := httptest.NewRecorder()
		site.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1"+path, nil))
		if answer.Code != http.StatusOK {
			return failed(path, fmt.Errorf("%d %s", answer.Code, bytes.TrimSpace(answer.Body.Bytes())))
		}
	}
	return ""
}
