package web

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"

	"wheelhouse/internal/testdb"
)

// Whether an agent is a user is said where the account's users are known.
func TestWhoIsNoUser(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	mustExec(t, dsn, `INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2025-01-01');
		INSERT INTO crankwheel.share_usage_daily (account_id, day, agent_email, shares, plays, load_id, loaded_at) VALUES ('a', '2025-03-01', 'a@acme.example', 1, 1, 1, now())`)
	v := visit(t, dsn, nil)
	says := func() bool {
		return strings.Contains(textOf(v.page("/agent?email=a%40acme.example")), "no user of the account now")
	}
	if says() {
		t.Error("nobody knows the account's users, and the agent is said to be none")
	}
	mustExec(t, dsn, `INSERT INTO crankwheel.users (account_id, email, privilege, in_demo_pool, load_id, loaded_at) VALUES ('a', 'b@acme.example', 'user', true, 1, now())`)
	if !says() {
		t.Error("it is not said that the agent is no user")
	}
}

// A campaign page is named by what it was asked for.
func TestCampaignTitles(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	mustExec(t, dsn, `INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2025-01-01');
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

// What an agent worked is counted in hours, however many.
func TestHoursShared(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	mustExec(t, dsn, `INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2025-01-01');
		INSERT INTO crankwheel.screen_sessions (account_id, session_id, agent_email, started_at, occurrence, duration_seconds, ended, load_id, loaded_at)
		SELECT 'a', wheelhouse.session_id('a', 'a@acme.example', '2025-03-01Z', n), 'a@acme.example', '2025-03-01Z', n, 29 * 3600 + 300, true, 1, now() FROM generate_series(1, 2) n;
		SELECT wheelhouse.mark_dirty('a', 1, '{}', ARRAY['2025-03-01'::date])`)
	doc := visit(t, dsn, nil).page("/agent?email=a%40acme.example&from=2025-03-01&to=2025-03-02")
	if got, day := figuresOf(doc)["Time shared"], tableOf(t, doc, "days")[0][2]; got != "58:10 h" || day != got {
		t.Errorf("%q in all, %q in a day", got, day)
	}
}

// A statement's time and a page's are not the same, and one page says that either has run out.
func TestTimeoutsSayNoTime(t *testing.T) {
	t.Parallel()
	for _, err := range []error{&pgconn.PgError{Code: pgerrcode.QueryCanceled}, fmt.Errorf("begin: %w", context.DeadlineExceeded)} {
		if got, _ := diagnose(err); !strings.Contains(got.Say, "did not answer in time") || strings.ContainsAny(got.Say, "0123456789") {
			t.Errorf("%v: %s", err, got.Say)
		}
	}
}
