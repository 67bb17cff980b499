package migrations

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/pgserver"
	"wheelhouse/internal/testkit"
)

const (
	aView      = `SELECT format('%s.%s', nspname, relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'bi' AND relkind IN ('v', 'm')`
	aTable     = `SELECT format('%s.%s', nspname, relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname IN ('crankwheel', 'wheelhouse') AND relkind = 'r'`
	insertions = `
		INSERT INTO wheelhouse.accounts VALUES ('default', 'https://x.is', 'UTC', current_date);
		INSERT INTO wheelhouse.runs (kind, version, host) VALUES ('run', 'test', 'here');
		INSERT INTO wheelhouse.loads (run_id, account_id, stream, span, status) SELECT max(id), 'default', 'usage_new', '[2024-01-01Z,2024-01-02Z)', 'loaded' FROM wheelhouse.runs;
		INSERT INTO wheelhouse.rejects (load_id, account_id, stream, path, reason, raw_hash) VALUES (1, 'default', 'usage_new', '$', 'why', '\x00');
		INSERT INTO crankwheel.users (account_id, email, in_demo_pool, load_id, loaded_at) VALUES ('default', 'a@x.is', true, 1, now());
		INSERT INTO crankwheel.screen_sessions (account_id, session_id, agent_email, started_at, local_day, occurrence, ended, load_id, loaded_at)
		VALUES ('default', wheelhouse.session_id('default', 'a@x.is', now(), 1), 'a@x.is', now(), current_date, 1, true, 1, now());
		UPDATE crankwheel.users SET privilege = 'user';
		DELETE FROM crankwheel.users;
		CREATE TEMPORARY TABLE staging (LIKE crankwheel.users);
		DROP TABLE staging;`
)

// checkRights tries what each role may and may not do.
func checkRights(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	views, tables := lines(t, conn, aView), lines(t, conn, aTable)
	if len(views) < 9 || len(tables) < 18 {
		t.Fatalf("%d views, %d tables", len(views), len(tables))
	}
	for _, role := range []string{"wheelhouse_reader", "wheelhouse_pii_reader"} {
		as(t, conn, role, func() {
			for _, view := range views {
				exec(t, conn, "SELECT * FROM "+view)
				refused(t, conn, "42501", fmt.Sprintf("COMMENT ON VIEW %s IS 'mine'", view))
			}
			for _, table := range tables {
				refused(t, conn, "42501", "SELECT FROM "+table)
			}
			refused(t, conn, "42501", "CREATE VIEW bi.mine AS SELECT 1")
			refused(t, conn, "42501", "SELECT wheelhouse.session_floor(now())")
		})
	}
	as(t, conn, "wheelhouse_loader", func() {
		if err := Check(t.Context(), conn); err != nil {
			t.Error(err)
		}
		exec(t, conn, insertions)
		for _, name := range append(views, tables...) {
			exec(t, conn, "SELECT * FROM "+name)
		}
		refused(t, conn, "42501", "DROP TABLE crankwheel.users")
		refused(t, conn, "42501", "DROP SCHEMA bi CASCADE")
		refused(t, conn, "42501", "CREATE TABLE crankwheel.mine (n int)")
		refused(t, conn, "42501", "UPDATE wheelhouse.schema_migrations SET version = 1")
	})
}

func TestRights(t *testing.T) {
	t.Parallel()
	_, conn := migrated(t)
	checkRights(t, conn)
	want(t, conn, `
		SELECT oid::regprocedure::text FROM pg_proc p
		WHERE pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('crankwheel', 'wheelhouse', 'bi'))
		  AND (proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0))
		UNION ALL
		SELECT oid::regclass::text FROM pg_class, aclexplode(relacl) a
		WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('crankwheel', 'wheelhouse', 'bi')) AND a.grantee = 0
		UNION ALL
		SELECT nspname FROM pg_namespace, aclexplode(nspacl) a WHERE nspname IN ('crankwheel', 'wheelhouse', 'bi') AND a.grantee = 0`)
}

func TestRightsOnWhatComesLater(t *testing.T) {
	t.Parallel()
	_, conn := migrated(t)
	exec(t, conn, `
		CREATE TABLE crankwheel.later (n int);
		CREATE VIEW bi.later AS SELECT * FROM crankwheel.later;`)
	as(t, conn, "wheelhouse_reader", func() { exec(t, conn, `SELECT * FROM bi.later`) })
	as(t, conn, "wheelhouse_loader", func() { exec(t, conn, `INSERT INTO crankwheel.later VALUES (1)`) })
	if missing := value[string](t, conn, `SELECT wheelhouse.missing_roles_sql()`); missing != "" {
		t.Error(missing)
	}
}

func TestRightsTakenAwayComeBack(t *testing.T) {
	t.Parallel()
	db, conn := migrated(t)
	exec(t, conn, `
		REVOKE SELECT ON bi.coverage FROM wheelhouse_reader;
		REVOKE USAGE ON SCHEMA crankwheel FROM wheelhouse_loader;`)
	status, err := ReadStatus(t.Context(), db)
	if err != nil || strings.Contains(status.RolesSQL, "CREATE ROLE") || !strings.Contains(status.RolesSQL, "GRANT SELECT ON ALL TABLES IN SCHEMA bi") {
		t.Errorf("%v\n%s", err, status.RolesSQL)
	}
	mustUp(t, db)
	checkRights(t, conn)
}

func TestDownLeavesRolesThatAreUsedElsewhere(t *testing.T) {
	t.Parallel()
	_, other := migrated(t)
	db, conn := migrated(t)
	if _, _, err := Down(t.Context(), db, 100); err != nil {
		t.Fatal(err)
	}
	checkRights(t, other)
	mustUp(t, db)
	checkRights(t, conn)
}

// newServer starts a server without the roles, and returns its superuser's address.
func newServer(t *testing.T) string {
	t.Helper()
	server, err := pgserver.Start(t.Context(), pgserver.Options{Parent: testkit.MemoryFolder()})
	if err != nil {
		t.Skipf("needs a server of its own: %v", err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server.URL("postgres")
}

// downAndUpAsOwner migrates down and up as a user who may not drop the roles, but may grant rights.
func downAndUpAsOwner(t *testing.T, db string) {
	t.Helper()
	if _, to, err := Down(t.Context(), db, 100); err != nil || to != 0 {
		t.Fatalf("Down reached %d: %v", to, err)
	}
	mustUp(t, db)
	if status, err := ReadStatus(t.Context(), db); err != nil || status.RolesSQL != "" {
		t.Errorf("%v\n%s", err, status.RolesSQL)
	}
	if _, _, err := Down(t.Context(), db, 100); err != nil {
		t.Fatal(err)
	}
}

// As in a managed Postgres: the migrating user owns the database, but may not create roles.
func TestLimitedUser(t *testing.T) {
	t.Parallel()
	admin := newServer(t)
	name, user := newLogin(t, admin, "NOCREATEROLE NOSUPERUSER")
	roots := newDatabaseOn(t, admin)
	root := dial(t, roots)
	database := value[string](t, root, `SELECT current_database()`)
	exec(t, root, fmt.Sprintf("ALTER DATABASE %s OWNER TO %s", database, name))
	db := address(t, admin, database, user)

	for range 2 {
		mustUp(t, db)
	}
	status, err := ReadStatus(t.Context(), db)
	if err != nil || status.Version != Latest() {
		t.Fatalf("%+v, %v", status, err)
	}
	for _, statement := range []string{
		"CREATE ROLE wheelhouse_loader NOLOGIN;\n", "CREATE ROLE wheelhouse_reader NOLOGIN;\n", "CREATE ROLE wheelhouse_pii_reader NOLOGIN;\n",
		"GRANT wheelhouse_reader TO wheelhouse_pii_reader;\n", "GRANT USAGE ON SCHEMA bi TO wheelhouse_reader;\n",
	} {
		if !strings.Contains(status.RolesSQL, statement) {
			t.Errorf("missing %q in\n%s", statement, status.RolesSQL)
		}
	}

	// Without the role: the owner sees personal data masked, a superuser does not.
	own := dial(t, db)
	insertRequest(t, own)
	want(t, own, `SELECT prospect_name FROM bi.demo_requests`, "***")
	want(t, root, `SELECT prospect_name FROM bi.demo_requests`, "Jói")

	exec(t, root, status.RolesSQL)
	exec(t, root, "DELETE FROM crankwheel.demo_requests")
	checkRights(t, root)
	if status, err = ReadStatus(t.Context(), db); err != nil || status.RolesSQL != "" {
		t.Errorf("%v\n%s", err, status.RolesSQL)
	}
	downAndUpAsOwner(t, db)
	exec(t, root, "REASSIGN OWNED BY "+name+" TO postgres")
	exec(t, root, "DROP OWNED BY "+name)
}

// A user who may create roles, and no more, as the master user in a cloud.
func TestUserWithCreateRole(t *testing.T) {
	t.Parallel()
	admin := newServer(t)
	name, user := newLogin(t, admin, "CREATEROLE NOSUPERUSER")
	root := dial(t, newDatabaseOn(t, admin))
	database := value[string](t, root, `SELECT current_database()`)
	exec(t, root, fmt.Sprintf("GRANT CREATE ON DATABASE %s TO %s", database, name))
	db := address(t, admin, database, user)
	mustUp(t, db)
	if status, err := ReadStatus(t.Context(), db); err != nil || status.RolesSQL != "" {
		t.Errorf("%v\n%s", err, status.RolesSQL)
	}
	checkRights(t, root)
	if _, _, err := Down(t.Context(), db, 100); err != nil {
		t.Fatal(err)
	}
	want(t, root, `SELECT rolname FROM pg_roles WHERE rolname LIKE 'wheelhouse_%er' AND rolname NOT LIKE 'wheelhouse_user%'`)
	exec(t, root, "DROP OWNED BY "+name+" CASCADE")
}
