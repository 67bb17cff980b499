package web

import (
	"net/http"
	"strings"
	"testing"
)

// The pages of an account say that the database server or this program does not know the account's zone. Pages of other accounts work.
func TestUnknownZoneIsOfOneAccount(t *testing.T) {
	t.Parallel()
	w := mustLoad(t, 3, "UTC")
	w.exec(`BEGIN; SET LOCAL session_replication_role = replica; -- as if the server had lost the zone
		INSERT INTO wheelhouse.accounts (account_id, server, timezone, history_from)
		VALUES ('abroad', 'https://x.example', 'Mars/Olympus', current_date - 3), ('basel', 'https://y.example', 'europe/BERLIN', current_date - 3);
		COMMIT`)
	v := visit(t, w.dsn, nil)
	for _, path := range []string{"/readyz", "/", "/?account=default", "/pipeline", "/pipeline?account=default", "/pipeline/runs?account=default"} {
		v.get(http.StatusOK, path)
	}
	for account, says := range map[string]string{
		"abroad": "The database server does not know the account&#39;s time zone Mars/Olympus",
		"basel":  "This program does not know the account&#39;s time zone europe/BERLIN",
	} {
		for _, path := range []string{"/", "/pipeline"} {
			if body, _ := v.get(http.StatusServiceUnavailable, path+"?account="+account); !strings.Contains(body, says) {
				t.Errorf("%s of %s does not say %q:\n%s", path, account, says, body)
			}
		}
	}
}
