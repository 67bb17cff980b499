package main

import (
	"strings"
	"testing"

	"wheelhouse/internal/testdb"
	"wheelhouse/migrations"
)

// Before tables are rewritten, the user reads how long that takes and how much free disk space it needs.
func TestMigrateAnnouncesRewrites(t *testing.T) {
	t.Parallel()
	dsn := testdb.NewDirect(t)
	for to := migrations.Latest(); to != 16; {
		var err error
		if _, to, err = migrations.Down(t.Context(), dsn, 1); err != nil {
			t.Fatal(err)
		}
	}
	mustExec(t, dsn, `INSERT INTO crankwheel.share_visits (account_id, slug, visit_id, visited_at, load_id, loaded_at) VALUES ('default', 's', 'v', now(), 1, now())`)
	u := newUser(t, account(t), dsn)
	for _, command := range []string{"status", "up"} {
		stdout, _ := u.types(exitOK, "migrate", command)
		for _, part := range []string{"0017_plain_filters rewrites crankwheel.share_visits (1 MB with its indexes)", "about 1s. It needs 1 MB of free disk space"} {
			if !strings.Contains(stdout, part) {
				t.Errorf("migrate %s does not say %q:\n%s", command, part, stdout)
			}
		}
	}
	if stdout, _ := u.types(exitOK, "migrate", "up"); strings.Contains(stdout, "rewrites") {
		t.Error(stdout)
	}
}
