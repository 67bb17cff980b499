package postgres

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMistakesInAnAddressAreNamed(t *testing.T) {
	dir := t.TempDir()
	notPEM := filepath.Join(dir, "not.pem")
	if err := os.WriteFile(notPEM, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ address, says string }{
		{"postgres://u:canary@h/d?sslmode=no-verify", "the value of sslmode (or of its PG* variable) is wrong: write disable, allow, prefer, require"},
		{"host=h password=canary sslmode=no-verify", "the value of sslmode"},
		{"postgres://u:canary@h/d?sslmode=verify-full&sslrootcert=" + dir + "/missing.pem", "the file " + dir + "/missing.pem cannot be read (no such file or directory)"},
		{"host=h password=canary sslrootcert=" + dir + "/missing.pem", "the file " + dir + "/missing.pem cannot be read"},
		{"host=h password=canary sslrootcert=" + notPEM, "the value of sslrootcert"},
		{"host=h password=canary port=canary", "the value of port"},
		{"postgres://u:canary@h/d?connect_timeout=soon", "the value of connect_timeout"},
		{"postgres://u:canary@h/d?target_session_attrs=canary", "the value of target_session_attrs"},
		{"postgres://u:canary@h/d?gssencmode=disable", "gssencmode: this program does not support this parameter of libpq: leave it out"},
		{"host=h password=canary keepalives=1 hostaddr=1.2.3.4", "hostaddr, keepalives: this program does not support this parameter of libpq"},
		{"host=h service=canary servicefile=" + dir + "/services", "the service cannot be read"},
		{"postgres://u:canary%pw@h/w", "a Postgres address that cannot be read (is a character of the password not escaped as %XX?)"},
		{"postgres://u:canary@h/d", ""},
		{"host=h password=canary application_name=x options='-c geqo=off'", ""},
	} {
		err := CheckAddress(c.address)
		switch {
		case c.says == "" && err != nil, c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v, want %q", c.address, err, c.says)
		case err != nil && strings.Contains(err.Error(), "canary"):
			t.Errorf("%s shows a secret: %v", c.address, err)
		}
	}
}

func TestMistakesInVariablesAreNamed(t *testing.T) {
	t.Setenv("PGHOST", "h")
	t.Setenv("PGSSLMODE", "no-verify")
	for _, address := range []string{"", "host=h", "postgres://u:canary@h/d"} {
		if err := CheckAddress(address); err == nil || !strings.Contains(err.Error(), "the value of sslmode (or of its PG* variable)") {
			t.Errorf("%q: %v", address, err)
		}
	}
}
