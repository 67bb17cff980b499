package main

import (
	"slices"
	"strings"
	"testing"

	"wheelhouse/internal/testdb"
)

// A mistake on the command line or in the settings is reported before anything else happens, and exits 2.
func TestMistakesAreReportedFirst(t *testing.T) {
	t.Parallel()
	u := newUser(t, account(t), testdb.New(t))
	for _, args := range [][]string{
		{"migrat"}, {"migrate", "upp"}, {"config", "chek"}, {"rejects", "drop"},
		{"config", "check", "--fires", "0"}, {"config", "check", "--fires", "100000000"},
		{"run", "--streams", ""}, {"run", "--streams", "usage_new,"}, {"run", "--parallel", "99"},
		{"demo", "--once", "--log", "nope"}, {"demo", "--days", "5000000"}, {"demo", "--max-page-size", "-1"}, {"simulate", "--agents", "0"},
	} {
		if _, stderr := u.types(exitUsage, args...); !strings.HasPrefix(stderr, "wheelhouse: ") {
			t.Errorf("%q: %s", args, stderr)
		}
	}
	for _, proxy := range []string{"http://user:canary%zz@127.0.0.1:1", "ftp://user:canary@127.0.0.1:1", "http://user:1#canary@127.0.0.1:1"} {
		own := u
		own.env = append(slices.Clone(u.env), "HTTPS_PROXY="+proxy)
		for _, args := range [][]string{{"config", "check"}, {"run"}, {"serve"}, {"backfill", "--from", "2026-03-01", "--to", "2026-03-01"}} {
			if _, stderr := own.types(exitUsage, args...); !strings.Contains(stderr, "HTTPS_PROXY: not the address of a proxy: write ") || strings.Contains(stderr, "canary") {
				t.Errorf("%s with %s: %s", args, proxy, stderr)
			}
		}
	}
	for dsn, says := range map[string]string{
		"postgres://u:canary/pw@127.0.0.1:1/w": "DATABASE_URL: ", "host=127.0.0.1 port=canary": "DATABASE_URL: the value of port",
		"postgres://u:canary%pw@h/w": "DATABASE_URL: a Postgres address that cannot be read", "host=h sslmode=canary": "DATABASE_URL: the value of sslmode",
		"host=h password=canary gssencmode=disable":        "DATABASE_URL: gssencmode: this program does not support",
		"host=h password=canary sslrootcert=/no/such/file": "DATABASE_URL: the file /no/such/file cannot be read",
	} {
		u.env = append(u.env, "DATABASE_URL="+dsn)
		for _, args := range [][]string{{"config", "check"}, {"status"}, {"migrate", "up"}} {
			_, stderr := u.types(exitUsage, args...)
			if !strings.Contains(stderr, says) || strings.Contains(stderr, "canary") {
				t.Errorf("%s with %s: %s", args, dsn, stderr)
			}
		}
	}
}
