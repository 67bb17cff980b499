package web

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"

	"wheelhouse/internal/testdb"
	"wheelhouse/internal/testkit"
)

// The page of an agent says that the agent is not a user only if the account's users are known.
func TestAgentPageSaysWhoIsNotAUser(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	mustExec(t, dsn, `INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2025-01-01');
		INSERT INTO crankwheel.share_usage_daily (account_id, day, agent_email, shares, plays, load_id, loaded_at) VALUES ('a', '2025-03-01', 'a@acme.example', 1, 1, 1, now())`)
	v := visit(t, dsn, nil)
	says := func() bool {
		return strings.Contains(textOf(v.page("/agent?email=a%40acme.example")), "not a user of the account now")
	}
	if says() {
		t.Error("the page says that the agent is not a user, but the account's users are not known")
	}
	mustExec(t, dsn, `INSERT INTO crankwheel.users (account_id, email, privilege, in_demo_pool, load_id, loaded_at) VALUES ('a', 'b@acme.example', 'user', true, 1, now())`)
	if !says() {
		t.Error("the page does not say that the agent is not a user")
	}
}

// The title of a campaign page is made of the fields in its address.
func TestCampaignTitles(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	mustExec(t, dsn, testkit.LocalDays+`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2025-01-01');
		INSERT INTO crankwheel.demo_requests (account_id, demo_id, started_at, answered, request_origin, origin_channel, utm_source, load_id, loaded_at) VALUES
			('a', 1, '2025-03-01Z', false, 'https://x.is/p', 'website', 'mail', 1, now()), ('a', 2, '2025-03-01Z', false, 'https://x.is/p', 'website', NULL, 1, now())`)
	v := visit(t, dsn, nil)
	for query, want := range map[string]string{
		"channel=website": "Requests from a page", "source=-": "Requests without a campaign", "channel=website&source=-": "Requests without a campaign",
		"source=mail": "mail", "channel=website&origin=x.is/p&source=mail": "x.is/p · mail",
	} {
		if got := textOf(all(v.page("/campaign?"+query), "h1")[0]); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

// The time that an agent shared the screen is in hours, even if it is more than days.
func TestTimeSharedIsInHours(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	mustExec(t, dsn, testkit.LocalDays+`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2025-01-01');
		INSERT INTO crankwheel.screen_sessions (account_id, session_id, agent_email, started_at, occurrence, duration_seconds, ended, load_id, loaded_at)
		SELECT 'a', wheelhouse.session_id('a', 'a@acme.example', '2025-03-01Z', n), 'a@acme.example', '2025-03-01Z', n, 29 * 3600 + 300, true, 1, now() FROM generate_series(1, 2) n;
		SELECT wheelhouse.mark_dirty('a', 1, '{}', ARRAY['2025-03-01'::date])`)
	doc := visit(t, dsn, nil).page("/agent?email=a%40acme.example&from=2025-03-01&to=2025-03-02")
	if got, day := figuresOf(doc)["Time shared"], tableOf(t, doc, "days")[0][2]; got != "58:10 h" || day != got {
		t.Errorf("%q in all, %q in a day", got, day)
	}
}

// The timeouts of a statement and of a page differ, so the error page for both does not say a time.
func TestTimeoutPageSaysNoTime(t *testing.T) {
	t.Parallel()
	for _, err := range []error{&pgconn.PgError{Code: pgerrcode.QueryCanceled}, fmt.Errorf("begin: %w", context.DeadlineExceeded)} {
		if got, _ := diagnose(err); !strings.Contains(got.Message, "did not answer in time") || strings.ContainsAny(got.Message, "0123456789") {
			t.Errorf("%v: %s", err, got.Message)
		}
	}
}
