package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// CheckAddress returns an error that says what is wrong with the address of a database: a URL or key=value pairs, or "" for the PG*
// variables alone. It connects to nothing, but reads the files that the address names. Because of a mistake, a part of the password may
// stand anywhere in the address. So the errors show no value, except the name of a file that cannot be read.
func CheckAddress(text string) error {
	cfg, err := pgconn.ParseConfig(text)
	if err == nil {
		return checkParameters(cfg)
	}
	var file *fs.PathError
	if errors.As(err, &file) {
		return fmt.Errorf("the file %s cannot be read (%v): correct its name (sslrootcert, sslcert or sslkey, or the PG* variable) or its rights", file.Path, file.Err)
	}
	for _, p := range checked {
		if _, err := pgconn.ParseConfig(with(text, p.name, p.valid)); err == nil {
			return fmt.Errorf("the value of %s (or of its PG* variable) is wrong: write %s", p.name, p.right)
		}
	}
	if strings.Contains(text, "service=") || os.Getenv("PGSERVICE") != "" {
		return errors.New("the service cannot be read: correct its name (service or PGSERVICE) or its file (servicefile or PGSERVICEFILE; default ~/.pg_service.conf)")
	}
	if text == "" {
		return errors.New("the PG* variables cannot be understood together")
	}
	return errors.New("a Postgres address that cannot be read (is a character of the password not escaped as %XX?): " +
		"write postgres://user:password@host:5432/database, or host=… dbname=… user=…")
}

// checked are the parameters whose values pgconn checks. If an address becomes readable with a valid value of one parameter, that
// parameter is wrong.
var checked = []struct{ name, valid, right string }{
	{"sslmode", "prefer", "disable, allow, prefer, require, verify-ca or verify-full (require encrypts, but does not check who answers)"},
	{"sslrootcert", "", "the name of a file with certificates in PEM, or system"},
	{"sslcertmode", "allow", "disable, allow or require"},
	{"port", "5432", "a number from 1 to 65535 for each host (in a URL, write the characters @ : / % of the password as %XX)"},
	{"connect_timeout", "10", "a number of seconds"},
	{"target_session_attrs", "any", "any, read-write, read-only, primary, standby or prefer-standby"},
	{"channel_binding", "prefer", "disable, prefer or require"},
	{"require_auth", "", "password, md5, scram-sha-256, none, or a list of these"},
	{"min_protocol_version", "3.0", "3.0, 3.2 or latest"},
	{"max_protocol_version", "3.0", "3.0, 3.2 or latest"},
}

// with returns an address with another value of a parameter. The result may still be unreadable.
func with(text, name, value string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || !strings.Contains(text, "://") {
		return text + " " + name + "='" + value + "'" // if a key comes twice, the last one counts
	}
	if name == "port" {
		u.Host = u.Hostname()
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// unsupported are parameters of libpq that pgconn does not have. pgconn would send them to the server, which refuses them.
var unsupported = []string{
	"gssencmode", "gsslib", "gssdelegation", "hostaddr", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
	"tcp_user_timeout", "load_balance_hosts", "requirepeer", "requiressl", "sslcompression", "sslcrl", "sslcrldir", "sslkeylogfile",
	"ssl_min_protocol_version", "ssl_max_protocol_version", "fallback_application_name", "oauth_issuer", "oauth_client_id",
	"oauth_client_secret", "oauth_scope", "scram_client_key", "scram_server_key",
}

// checkParameters refuses parameters that only libpq has.
func checkParameters(cfg *pgconn.Config) error {
	var found []string
	for _, name := range unsupported {
		if _, there := cfg.RuntimeParams[name]; there {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		return nil
	}
	slices.Sort(found)
	remedy := "leave it out"
	if slices.Contains(found, "hostaddr") {
		remedy = "leave it out, and write the address as the host"
	}
	return fmt.Errorf("%s: this program does not support this parameter of libpq: %s", strings.Join(found, ", "), remedy)
}
