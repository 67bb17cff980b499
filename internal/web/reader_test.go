package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"wheelhouse/internal/pgserver"
	"wheelhouse/internal/testdb"
	"wheelhouse/internal/testkit"
	"wheelhouse/migrations"
)

// A page reads with the role wheelhouse_reader, whatever the program's user, and cannot write.
func TestPagesReadAsReader(t *testing.T) {
	t.Parallel()
	r, err := newReader(testdb.New(t))
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	try := func(sql string) error {
		text := ""
		return r.read(t.Context(), func(ctx context.Context, q querier) error {
			rows, err := q.Query(ctx, sql)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				if err := rows.Scan(&text); err != nil {
					return err
				}
			}
			return rows.Err()
		})
	}
	for sql, state := range map[string]string{
		"SELECT account_id FROM wheelhouse.accounts":                      "42501",
		"SELECT prospect_name FROM crankwheel.demo_requests":              "42501",
		"CREATE TABLE bi.mine (n int)":                                    "25006",
		"CREATE TEMPORARY TABLE mine (n int)":                             "25006",
		"SELECT account_id FROM bi.accounts WHERE account_id = 'default'": "",
	} {
		err := try(sql)
		if got := sqlStateOf(err); got != state || state == "" && err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	// The settings end with the transaction.
	var role string
	if err := r.pool.QueryRow(t.Context(), "SELECT current_user::text").Scan(&role); err != nil || role == "wheelhouse_reader" {
		t.Errorf("%s %v", role, err)
	}
	var all string
	err = r.read(t.Context(), func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, "SELECT concat_ws(' ', current_user, current_setting('transaction_isolation'), current_setting('transaction_read_only'), current_setting('statement_timeout'), current_setting('search_path'))")
		if err != nil {
			return err
		}
		defer rows.Close()
		rows.Next()
		return rows.Scan(&all)
	})
	if want := "wheelhouse_reader repeatable read on 5s pg_catalog, pg_temp"; err != nil || all != want {
		t.Errorf("%q %v", all, err)
	}
}

func sqlStateOf(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// If the program's user may not set the role, a page shows no data but what to run.
func TestWithoutTheRolePagesShowNothing(t *testing.T) {
	t.Parallel()
	dsn := testdb.NewDirect(t)
	user := "wheelhouse_pages_" + strings.ToLower(strings.ReplaceAll(t.Name(), "/", "_"))
	mustExec(t, dsn, "DROP ROLE IF EXISTS "+user)
	mustExec(t, dsn, "CREATE ROLE "+user+" LOGIN PASSWORD 'canary-password'; GRANT wheelhouse_loader TO "+user)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(user, "canary-password")
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), dsn)
		if err == nil {
			_, err = conn.Exec(context.Background(), "DROP ROLE "+user)
			err = errors.Join(err, conn.Close(context.Background()))
		}
		if err != nil {
			t.Error(err)
		}
	})
	v := visit(t, u.String(), nil)
	body, _ := v.get(http.StatusServiceUnavailable, "/pipeline")
	wellFormed(t, "role", body)
	if !strings.Contains(body, "GRANT wheelhouse_reader TO") || strings.Contains(body, "canary") {
		t.Error(body)
	}
	v.get(http.StatusServiceUnavailable, "/readyz")
	mustExec(t, dsn, "GRANT wheelhouse_reader TO "+user)
	v.get(http.StatusOK, "/pipeline")
	v.get(http.StatusOK, "/readyz")
}

// /readyz reports ready only if a page would work: it uses the role, the settings and a statement of pages.
func TestReadyOnlyIfPagesCanBeAnswered(t *testing.T) {
	t.Parallel()
	dsn := testdb.NewDirect(t)
	mustExec(t, dsn, `INSERT INTO wheelhouse.accounts VALUES ('default', 'https://x.is', 'UTC', current_date - 10)`)
	v := visit(t, dsn, nil)
	v.get(http.StatusOK, "/readyz")
	for _, c := range []struct{ broken, repaired string }{
		{"REVOKE SELECT ON bi.accounts FROM wheelhouse_reader", "GRANT SELECT ON bi.accounts TO wheelhouse_reader"},
		{"REVOKE EXECUTE ON FUNCTION bi.day_start FROM wheelhouse_reader", "GRANT EXECUTE ON FUNCTION bi.day_start TO wheelhouse_reader"},
		{"REVOKE USAGE ON SCHEMA bi FROM wheelhouse_reader", "GRANT USAGE ON SCHEMA bi TO wheelhouse_reader"},
	} {
		mustExec(t, dsn, c.broken)
		v.get(http.StatusInternalServerError, "/pipeline")
		v.get(http.StatusServiceUnavailable, "/readyz")
		mustExec(t, dsn, c.repaired)
		v.get(http.StatusOK, "/pipeline")
		v.get(http.StatusOK, "/readyz")
	}
}

// Pages work if the owner of the warehouse is not a superuser. An owner who may create roles needs no further statement: the migration
// creates them. For an owner who may not, somebody else runs the SQL of `migrate status`. Since PostgreSQL 16, a creator who is not a
// superuser has fewer rights to a role, unless the setting createrole_self_grant gives them. The server is new, so it has no roles yet.
func TestPagesOfAnOwnerWithoutSuperuser(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rights string
		since  int // version of the server
		grants string
		ask    bool // somebody else runs the SQL
	}{
		"may create roles":                         {rights: "CREATEROLE"},
		"may create roles, and is granted nothing": {rights: "CREATEROLE", since: 16, grants: "SET createrole_self_grant = ''"},
		"may create roles, and inherits them":      {rights: "CREATEROLE", since: 16, grants: "SET createrole_self_grant = 'inherit'"},
		"may create roles, and has all of them":    {rights: "CREATEROLE", since: 16, grants: "SET createrole_self_grant = 'set, inherit'"},
		"may not":                                  {rights: "NOCREATEROLE", ask: true},
	} {
		t.Run(name, func(t *testing.T) {
			server, err := pgserver.Start(t.Context(), pgserver.Options{Parent: testkit.MemoryFolder()})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { server.Close() })
			root := server.URL("postgres")
			var version int
			if err := dial(t, root).QueryRow(t.Context(), "SELECT current_setting('server_version_num')::integer / 10000").Scan(&version); err != nil {
				t.Fatal(err)
			}
			if version < c.since {
				t.Skipf("PostgreSQL %d has no such setting", version)
			}
			mustExec(t, root, "CREATE ROLE owner LOGIN PASSWORD 'pw' NOSUPERUSER "+c.rights)
			mustExec(t, root, "CREATE DATABASE warehouse OWNER owner")
			if c.grants != "" {
				mustExec(t, root, "ALTER ROLE owner "+c.grants)
			}
			u, err := url.Parse(server.URL("warehouse"))
			if err != nil {
				t.Fatal(err)
			}
			u.User = url.UserPassword("owner", "pw")
			dsn := u.String()
			if _, _, err := migrations.Up(t.Context(), dsn); err != nil {
				t.Fatal(err)
			}
			status, err := migrations.ReadStatus(t.Context(), dsn)
			if err != nil || (status.RolesSQL != "") != c.ask {
				t.Fatalf("%v\n%s", err, status.RolesSQL)
			}
			if c.ask {
				mustExec(t, server.URL("warehouse"), status.RolesSQL)
			}
			v := visit(t, dsn, nil)
			for _, page := range []string{"/", "/pipeline", "/pipeline/runs"} {
				v.get(http.StatusOK, page)
			}
			if status, err = migrations.ReadStatus(t.Context(), dsn); err != nil || status.RolesSQL != "" {
				t.Errorf("still missing: %v\n%s", err, status.RolesSQL)
			}
		})
	}
}

// A statement that takes too long becomes an error page.
func TestTimeoutBecomesAnErrorPage(t *testing.T) {
	t.Parallel()
	dsn := testdb.NewDirect(t)
	mustExec(t, dsn, `INSERT INTO wheelhouse.accounts VALUES ('default', 'https://x.is', 'UTC', '2026-01-01');
		CREATE OR REPLACE VIEW bi.runs AS SELECT id AS run_id, kind, started_at, finished_at, outcome, version, (host || pg_sleep(20)::text) AS host FROM wheelhouse.runs;
		INSERT INTO wheelhouse.runs (kind, version, host) VALUES ('run', 'v', 'canary-host');
		INSERT INTO wheelhouse.loads (run_id, account_id, stream, span, status) SELECT id, 'default', 'shares', '[2026-01-01Z,2026-01-02Z)', 'loaded' FROM wheelhouse.runs`)
	v := visit(t, dsn, nil)
	body, _ := v.get(http.StatusServiceUnavailable, "/pipeline/runs")
	if !strings.Contains(body, "took too long") || strings.Contains(body, "canary") {
		t.Error(body)
	}
	if logged := v.logs.All(); len(logged) != 1 || logged[0].ContextMap()["statement"] != "runs" {
		t.Errorf("%v", logged)
	}
	v.get(http.StatusOK, "/pipeline/rejects") // the connection is returned
}

// Probes, which need no token, do not use up the connections of the pages.
func TestProbesLeaveConnections(t *testing.T) {
	t.Parallel()
	dsn := testdb.NewDirect(t)
	mustExec(t, dsn, `INSERT INTO wheelhouse.accounts VALUES ('default', 'https://x.is', 'UTC', '2026-01-01')`)
	v := visit(t, dsn, nil)
	conn := dial(t, dsn)
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "BEGIN; LOCK TABLE wheelhouse.schema_migrations"); err != nil {
		t.Fatal(err)
	}
	var probes sync.WaitGroup
	for range 2 * readers {
		probes.Go(func() {
			if r, err := http.Get(v.url + "/readyz"); err != nil || r.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("%v %v", r, err)
			}
		})
	}
	other := dial(t, dsn) // a new connection, because a transaction sees a snapshot
	defer other.Close(context.Background())
	for waiting := 0; waiting == 0; time.Sleep(10 * time.Millisecond) {
		if err := other.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(200 * time.Millisecond) // until all probes have arrived
	began := time.Now()
	v.get(http.StatusOK, "/pipeline/runs")
	if took := time.Since(began); took > 1500*time.Millisecond {
		t.Errorf("a page waits %s for probes", took)
	}
	probes.Wait()
}

// Pages work through PgBouncer, which gives each transaction another connection of the server.
func TestThroughPgBouncer(t *testing.T) {
	t.Parallel()
	dsn := testdb.NewDirect(t)
	mustExec(t, dsn, `INSERT INTO wheelhouse.accounts VALUES ('default', 'https://x.is', 'UTC', current_date - 10)`)
	v := visit(t, testdb.Pooled(t, dsn), nil)
	done := make(chan struct{})
	for range 8 {
		go func() {
			defer func() { done <- struct{}{} }()
			for range 5 {
				r, err := http.Get(v.url + "/pipeline")
				if err != nil {
					t.Error(err)
					return
				}
				r.Body.Close()
				if r.StatusCode != http.StatusOK {
					t.Errorf("%s %v", r.Status, v.logs.All())
				}
			}
		}()
	}
	for range 8 {
		<-done
	}
}
