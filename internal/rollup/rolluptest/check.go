// Package rolluptest compares the views of schema bi that read rollups with the rows, for tests.
//
// Promised: Check fails a test if a view and the rows differ, whether days are clean or dirty. It writes nothing.
package rolluptest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// agents has what each agent did on each day, from the rows.
const agents = `(
	SELECT account_id, day, agent_email AS agent, 1 AS sessions, coalesce(duration_seconds, 0) AS seconds, viewers, max_viewers, 0 AS demos, 0 AS shared, 0 AS shares, 0 AS plays FROM bi.screen_sessions
	UNION ALL
	SELECT account_id, day, handled_by, 0, 0, NULL, NULL, 1, coalesce(screen_shared::integer, 0), 0, 0 FROM bi.demo_requests WHERE handled_by IS NOT NULL
	UNION ALL
	SELECT account_id, day, agent_email, 0, 0, NULL, NULL, 0, 0, shares, plays FROM crankwheel.share_usage_daily) f`

// pairs are a query of a view, and the query of the rows that must give the same.
var pairs = map[string][2]string{
	"session_daily": {
		`SELECT account_id, day, agent_email, sessions, session_seconds, viewers, max_viewers, rtc_seconds, webcam_seconds, recordings FROM bi.session_daily`,
		`SELECT account_id, day, agent_email, count(*), sum(duration_seconds), sum(viewers), max(max_viewers), sum(rtc_seconds), sum(webcam_seconds), count(recording_content_id)
		FROM bi.screen_sessions GROUP BY 1, 2, 3`,
	},
	"request_hours": {
		`SELECT account_id, day, weekday, hour, requested, answered, call_confirmed, screen_shared, (SELECT array_agg(x ORDER BY x) FROM unnest(seconds_to_respond) x) FROM bi.request_hours`,
		`SELECT account_id, day, weekday, hour, count(*), count(*) FILTER (WHERE answered), count(*) FILTER (WHERE call_confirmed), count(*) FILTER (WHERE screen_shared),
			array_agg(seconds_to_respond ORDER BY seconds_to_respond) FILTER (WHERE seconds_to_respond IS NOT NULL) FROM bi.demo_requests GROUP BY 1, 2, 3, 4`,
	},
	"video_daily": {
		`SELECT account_id, day, visits, plays, cta_clicks FROM bi.video_daily`,
		`SELECT account_id, day, coalesce(sum(visits), 0), coalesce(sum(plays), 0), coalesce(sum(cta_clicks), 0) FROM bi.share_engagement_daily GROUP BY 1, 2`,
	},
	"agent_daily": {
		`SELECT account_id, day, agent_email, sessions, session_seconds, viewers, max_viewers, demos_handled, demos_screen_shared, shares, plays FROM bi.agent_daily`,
		`SELECT account_id, day, agent, sum(sessions), sum(seconds), sum(viewers), max(max_viewers), sum(demos), sum(shared), sum(shares), sum(plays) FROM ` + agents + ` GROUP BY 1, 2, 3`,
	},
	"agent_monthly": {
		`SELECT account_id, month, agent_email, sessions, session_seconds, viewers, demos_handled, demos_screen_shared, shares, plays FROM bi.agent_monthly`,
		`SELECT account_id, date_trunc('month', day::timestamp)::date, agent, sum(sessions), sum(seconds), coalesce(sum(viewers), 0), sum(demos), sum(shared), sum(shares), sum(plays)
		FROM ` + agents + ` GROUP BY 1, 2, 3`,
	},
	"campaign_monthly": {
		`SELECT account_id, month, origin_channel, origin_name, utm_source, utm_medium, utm_campaign, requested, answered, call_confirmed, screen_shared FROM bi.campaign_monthly`,
		`SELECT account_id, date_trunc('month', day::timestamp)::date, coalesce(origin_channel, ''), coalesce(origin_name, ''), coalesce(campaign_source, ''), coalesce(campaign_medium, ''),
			coalesce(campaign_name, ''), count(*), count(*) FILTER (WHERE answered), count(*) FILTER (WHERE call_confirmed), count(*) FILTER (WHERE screen_shared)
		FROM bi.demo_requests GROUP BY 1, 2, 3, 4, 5, 6, 7`,
	},
	"share_monthly": {
		`SELECT account_id, month, slug, visits, plays, cta_clicks FROM bi.share_monthly`,
		`SELECT account_id, date_trunc('month', day::timestamp)::date, slug, coalesce(sum(visits), 0), coalesce(sum(plays), 0), coalesce(sum(cta_clicks), 0)
		FROM bi.share_engagement_daily GROUP BY 1, 2, 3`,
	},
	"agents": {
		`SELECT account_id, agent_email, agent_name FROM bi.agents`,
		`SELECT account_id, agent_email, (SELECT agent_name FROM crankwheel.share_usage_daily u
				WHERE u.account_id = e.account_id AND u.agent_email = e.agent_email AND agent_name IS NOT NULL ORDER BY day DESC LIMIT 1)
		FROM (SELECT account_id, agent_email FROM bi.screen_sessions
			UNION SELECT account_id, agent_email FROM crankwheel.share_usage_daily
			UNION SELECT account_id, handled_by FROM bi.demo_requests WHERE handled_by IS NOT NULL
			UNION SELECT account_id, email FROM crankwheel.users) e`,
	},
}

// Check compares each view with the rows, all of one moment.
func Check(t testing.TB, dsn, when string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	err = pgx.BeginTxFunc(t.Context(), conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), "SET LOCAL jit = off; SET LOCAL statement_timeout = '30s'"); err != nil {
			return err
		}
		for view, pair := range pairs {
			said, err := lines(t.Context(), tx, pair[0])
			if err != nil {
				return fmt.Errorf("bi.%s: %w", view, err)
			}
			rows, err := lines(t.Context(), tx, pair[1])
			if err != nil {
				return fmt.Errorf("rows of bi.%s: %w", view, err)
			}
			if !slices.Equal(said, rows) {
				t.Errorf("%s: bi.%s says\n  %s\nthe rows say\n  %s", when, view, onlyIn(said, rows), onlyIn(rows, said))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// lines returns the rows of a query as text, sorted.
func lines(ctx context.Context, tx pgx.Tx, sql string) ([]string, error) {
	rows, err := tx.Query(ctx, sql, pgx.QueryResultFormats{pgx.TextFormatCode})
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
		var values []string
		for _, raw := range row.RawValues() {
			if raw == nil {
				raw = []byte("∅")
			}
			values = append(values, string(raw))
		}
		return strings.Join(values, "|"), nil
	})
	slices.Sort(all)
	return all, err
}

// onlyIn returns the lines of one that are not in other.
func onlyIn(one, other []string) string {
	var all []string
	for _, line := range one {
		if _, found := slices.BinarySearch(other, line); !found {
			all = append(all, line)
		}
	}
	return strings.Join(all, "\n  ")
}
