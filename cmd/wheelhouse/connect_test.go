package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"os"
	osuser "os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"wheelhouse/internal/pgserver"
	"wheelhouse/internal/testdb"
)

// selfSigned writes a certificate for a host and localhost, and its key, to a folder. The server can read them.
func selfSigned(t *testing.T, folder, host string, until time.Time) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host, "localhost"}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until,
		IsCA: true, BasicConstraintsValid: true,
	}
	public, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key = filepath.Join(folder, host+".crt"), filepath.Join(folder, host+".key")
	for path, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: public}, key: {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		giveToServer(t, path)
	}
	return certificate, key
}

// giveToServer gives a file to the user as whom the server runs, if that is another user than this process's.
func giveToServer(t *testing.T, path string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := osuser.Lookup(name); err == nil {
			uid, _ := strconv.Atoi(u.Uid) // a number on Unix
			gid, _ := strconv.Atoi(u.Gid)
			if err := os.Chown(path, uid, gid); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
}

// tlsServer starts a server with TLS. Its pg_hba.conf lets in only the superuser and the role "known". ca is the file of the authority
// of its certificate.
func tlsServer(t *testing.T, until time.Time) (server *pgserver.Server, ca string) {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "wheelhouse-tls-") // other users cannot enter t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	ca, key := selfSigned(t, folder, "db.example", until)
	rules := filepath.Join(folder, "pg_hba.conf")
	if err := os.WriteFile(rules, []byte("host all postgres,known all scram-sha-256\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	giveToServer(t, rules)
	server, err = pgserver.Start(t.Context(), pgserver.Options{Settings: map[string]string{
		"ssl": "on", "ssl_cert_file": ca, "ssl_key_file": key, "hba_file": rules}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server, ca
}

// changed returns an address with another user and password, database or parameters.
func changed(t *testing.T, address string, change func(*url.URL, url.Values)) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	change(u, q)
	u.RawQuery = q.Encode()
	return u.String()
}

// says requires that commands that connect fail with a cause and a remedy, and show no secret.
func (u user) says(address, cause, remedy string) {
	u.t.Helper()
	u.env = append(u.env, "DATABASE_URL="+address)
	for _, args := range [][]string{{"check"}, {"run"}, {"migrate", "up"}, {"migrate", "status"}} {
		stdout, stderr := u.types(exitIncomplete, args...)
		text := stdout + stderr
		if !strings.Contains(text, cause) || !strings.Contains(text, remedy) || strings.Contains(text, "canary") {
			u.t.Errorf("wheelhouse %s does not say %q and %q, or shows a secret:\n%s", strings.Join(args, " "), cause, remedy, text)
		}
	}
}

// Each way in which a connection fails has its own cause and remedy.
func TestFailuresToConnectSayWhatToDo(t *testing.T) {
	t.Parallel()
	server, ca := tlsServer(t, time.Now().Add(time.Hour))
	expired, expiredCA := tlsServer(t, time.Now().Add(-time.Hour))
	plain := testdb.NewDirect(t)
	u := newUser(t, account(t), "")
	own := server.URL("postgres")
	mustExec(t, own, "CREATE DATABASE closed")
	mustExec(t, own, "CREATE ROLE known LOGIN PASSWORD 'canary-password'; CREATE ROLE outsider LOGIN PASSWORD 'canary-password'; REVOKE CONNECT ON DATABASE closed FROM PUBLIC")
	as := func(name, password string) func(*url.URL, url.Values) {
		return func(u *url.URL, _ url.Values) { u.User = url.UserPassword(name, password) }
	}
	with := func(pairs ...string) func(*url.URL, url.Values) {
		return func(u *url.URL, q url.Values) {
			for i := 0; i < len(pairs); i += 2 {
				q.Set(pairs[i], pairs[i+1])
			}
		}
	}
	otherCA, _ := selfSigned(t, t.TempDir(), "other.example", time.Now().Add(time.Hour))
	for name, tt := range map[string]struct{ address, cause, remedy string }{
		"untrusted certificate": {changed(t, own, func(u *url.URL, q url.Values) {
			with("sslmode", "verify-full", "sslrootcert", otherCA)(u, q)
			u.Host = "localhost:" + u.Port()
		}), "is not signed by an authority that this machine trusts", "sslrootcert"},
		"untrusted, verify-ca":   {changed(t, own, with("sslmode", "verify-ca", "sslrootcert", otherCA)), "is not signed by an authority that this machine trusts", "sslrootcert"},
		"certificate of another": {changed(t, own, with("sslmode", "verify-full", "sslrootcert", ca)), "is for another host", "sslmode=verify-ca"},
		"expired certificate":    {changed(t, expired.URL("postgres"), with("sslmode", "verify-ca", "sslrootcert", expiredCA)), "has expired", "renew the certificate"},
		"TLS refused":            {changed(t, plain, with("sslmode", "require")), "does not offer TLS", "ssl = on"},
		"wrong password":         {changed(t, own, as("known", "canary-wrong")), "(SQLSTATE 28P01)", "correct the user or the password"},
		"missing password":       {changed(t, own, as("known", "")), "no password is set", "PGPASSWORD"},
		"no such role":           {changed(t, plain, as("canary-nobody", "x")), "(SQLSTATE 28P01)", "correct the user"},
		"no line in pg_hba.conf": {changed(t, own, as("outsider", "canary-password")), "no pg_hba.conf entry", "a line for the user"},
		"no such database":       {changed(t, plain, func(u *url.URL, _ url.Values) { u.Path = "/nowhere" }), `database "nowhere" does not exist`, "create the database"},
		"no right to connect":    {changed(t, own, func(u *url.URL, q url.Values) { as("known", "canary-password")(u, q); u.Path = "/closed" }), `permission denied for database "closed"`, "GRANT CONNECT ON DATABASE"},
		"unknown parameter":      {changed(t, plain, with("aplication_name", "canary")), "does not accept the parameter aplication_name", "remove aplication_name"},
		"impossible value":       {changed(t, plain, with("work_mem", "canary")), "does not accept the parameter work_mem", "correct its value"},
		"no server":              {"postgres://u:canary@127.0.0.1:1/d", "127.0.0.1:1 refuses connections", "start the server"},
		"no such host":           {"postgres://u:canary@no-such-host.invalid/d", "no-such-host.invalid", "name resolution"},
		"no socket":              {"host=/nowhere password=canary", "there is no socket /nowhere/.s.PGSQL.5432", "start the server"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := u
			u.t = t
			if name == "no such role" { // the server names the role
				tt.address = strings.Replace(tt.address, "canary-nobody", "nobody-there", 1)
			}
			u.says(tt.address, tt.cause, tt.remedy)
		})
	}
	t.Run("DATABASE_URL is not set", func(t *testing.T) {
		t.Parallel()
		u := u
		u.t, u.env = t, append(u.env[:len(u.env):len(u.env)], "PGHOST=", "PGSERVICE=", "PGPORT=1")
		u.says("", "neither DATABASE_URL nor PGHOST is set", "start the server")
	})
	t.Run("a certificate that is right", func(t *testing.T) {
		t.Parallel()
		u := u
		u.t, u.env = t, append(u.env[:len(u.env):len(u.env)], "DATABASE_URL="+changed(t, own, with("sslmode", "verify-ca", "sslrootcert", ca)))
		u.types(exitOK, "run", "--migrate", "--streams", "user_access")
		u.checked(exitOK)
		mustExec(t, own, "ALTER ROLE wheelhouse_reader LOGIN") // as if the role were another program's
		if notOK, all := u.checked(exitOK); fmt.Sprint(notOK) != "[warn roles]" || !strings.Contains(fmt.Sprint(all), "wheelhouse_reader may log in") {
			t.Errorf("a stranger's role: %q\n%+v", notOK, all)
		}
	})
}

// A user who may not migrate learns which right is missing, even if the schemas exist already.
func TestMissingRightToMigrateIsNamed(t *testing.T) {
	t.Parallel()
	dsn := testdb.NewDirect(t)
	mustExec(t, dsn, "DROP SCHEMA wheelhouse, crankwheel, bi CASCADE")
	address, role := login(t, dsn)
	u := newUser(t, account(t), address)
	grant := fmt.Sprintf("GRANT CREATE ON DATABASE %q TO %q", mustQuery(t, dsn, "SELECT current_database()"), role)
	refused := func(args ...string) {
		t.Helper()
		if _, stderr := u.types(exitIncomplete, args...); !strings.Contains(stderr, "permission denied") || !strings.Contains(stderr, grant) || strings.Contains(stderr, "canary") {
			t.Errorf("wheelhouse %s does not say %q:\n%s", strings.Join(args, " "), grant, stderr)
		}
	}
	refused("migrate", "up")
	refused("run", "--migrate")
	mustExec(t, dsn, fmt.Sprintf("CREATE SCHEMA wheelhouse AUTHORIZATION %[1]s; CREATE SCHEMA crankwheel AUTHORIZATION %[1]s", role))
	refused("migrate", "up")
	mustExec(t, dsn, grant)
	if _, stderr := u.types(exitIncomplete, "migrate", "up"); !strings.Contains(stderr, `schema "crankwheel" already exists`) || !strings.Contains(stderr, "drop this schema if it is empty") {
		t.Errorf("a schema that exists:\n%s", stderr)
	}
	mustExec(t, dsn, "DROP SCHEMA crankwheel")
	u.types(exitOK, "migrate", "up")
	u.types(exitOK, "run", "--streams", "user_access")
	// The three roles exist, but this user may not use them: loads work, and check says what the pages lack.
	if notOK, all := u.checked(exitOK); fmt.Sprint(notOK) != "[warn roles warn pages]" || !strings.Contains(fmt.Sprint(all), "GRANT wheelhouse_reader TO") {
		t.Errorf("a stranger's roles: %q\n%+v", notOK, all)
	}
}
