package grafana

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/testdb"
)

// reader.sh is run twice with different passwords, as compose runs it. The user logs in with the newer password, belongs to
// wheelhouse_reader alone, reads only bi, and cannot write.
func TestReaderReadsOnlyBi(t *testing.T) {
	t.Parallel()
	needPsql(t)
	dsn := testdb.NewDirect(t)
	t.Cleanup(func() { mustExec(t, dsn, "DROP ROLE IF EXISTS grafana_reader") })
	runReader(t, dsn, "it's the first\n")
	runReader(t, dsn, `the "second" \ one`)

	u := mustParse(t, dsn)
	u.User = url.UserPassword("grafana_reader", "it's the first")
	if conn, err := pgx.Connect(t.Context(), u.String()); err == nil {
		conn.Close(t.Context())
		t.Error("the password before the newest still opens the door")
	}
	u.User = url.UserPassword("grafana_reader", `the "second" \ one`)
	conn := mustConnect(t, u.String())
	var roles []string
	var super, creates bool
	err := conn.QueryRow(t.Context(), `
		SELECT ARRAY(SELECT roleid::regrole::text FROM pg_auth_members WHERE member = r.oid), rolsuper, rolcreatedb OR rolcreaterole OR rolbypassrls OR rolreplication
		FROM pg_roles r WHERE rolname = current_user`).Scan(&roles, &super, &creates)
	if err != nil || strings.Join(roles, " ") != "wheelhouse_reader" || super || creates {
		t.Errorf("a member of %q, superuser %t, may create %t, error %v", roles, super, creates, err)
	}
	if _, err := conn.Exec(t.Context(), "SELECT count(*) FROM bi.demo_requests"); err != nil {
		t.Error(err)
	}
	for _, sql := range []string{
		"SELECT count(*) FROM crankwheel.users", "SELECT count(*) FROM wheelhouse.loads", "CREATE TEMPORARY TABLE x ()",
		"SET ROLE wheelhouse_pii_reader", "SET ROLE wheelhouse_loader",
	} {
		if _, err := conn.Exec(t.Context(), sql); err == nil {
			t.Errorf("it may %s", sql)
		}
	}
}

// An empty file of the password is refused: otherwise everybody could log in.
func TestReaderRequiresAPassword(t *testing.T) {
	t.Parallel()
	needPsql(t)
	if output, err := readerCommand(t, testdb.NewDirect(t), "\n").CombinedOutput(); err == nil {
		t.Errorf("accepted: %s", output)
	}
}

func runReader(t *testing.T, dsn, password string) {
	t.Helper()
	output, err := readerCommand(t, dsn, password).CombinedOutput()
	if err != nil {
		t.Fatalf("reader.sh: %v: %s", err, output)
	}
	if len(output) > 0 {
		t.Errorf("reader.sh prints %s", output)
	}
}

func readerCommand(t *testing.T, dsn, password string) *exec.Cmd {
	t.Helper()
	u := mustParse(t, dsn)
	admin, _ := u.User.Password()
	file := func(name, content string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cmd := exec.CommandContext(t.Context(), "./reader.sh")
	cmd.Env = append(os.Environ(), "PGHOST="+u.Hostname(), "PGPORT="+u.Port(), "PGUSER="+u.User.Username(), "PGDATABASE="+strings.TrimPrefix(u.Path, "/"),
		"POSTGRES_PASSWORD_FILE="+file("postgres_password", admin), "GRAFANA_READER_PASSWORD_FILE="+file("grafana_reader_password", password))
	return cmd
}

func mustParse(t *testing.T, dsn string) *url.URL {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// needPsql skips a test if psql is missing or has no \getenv. The image of compose has a newer psql.
func needPsql(t *testing.T) {
	t.Helper()
	output, err := exec.Command("psql", "--version").Output()
	version := regexp.MustCompile(`\d+`).FindString(string(output))
	if major, _ := strconv.Atoi(version); err != nil || major < 15 {
		t.Skipf("no psql of PostgreSQL 15 or newer here: %v %s", err, output)
	}
}
