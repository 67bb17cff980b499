package migrations

import (
	"regexp"
	"strings"
	"testing"

	"wheelhouse/internal/testkit"
)

// Few enough rows to count by hand. New York is 5 hours behind UTC in winter: its 1 February lasts
// from 05:00Z to 05:00Z.
const facts = testkit.LocalDays + `
	INSERT INTO wheelhouse.accounts VALUES
		('ny', 'https://x.is', 'America/New_York', '2024-02-01'), ('utc', 'https://y.is', 'UTC', '2024-02-01');
	INSERT INTO crankwheel.demo_requests (account_id, demo_id, started_at, availability_bucket, answered, seconds_to_respond, handled_by,
		call_confirmed, screenshared, origin_channel, utm_source, utm_campaign, load_id, loaded_at, deleted_at)
	SELECT a, i, t, b, s IS NOT NULL, s, h, c, sh, o, src, cmp, 1, now(), d FROM (VALUES
		('ny', 1, timestamptz '2024-02-02 04:59:59Z', 'full_capacity', 10, 'ann@x.is', true,  true,  'website',        'ad',   'spring', NULL::timestamptz),
		('ny', 2, '2024-02-01 05:00:00Z', 'full_capacity', 20,   'ann@x.is', true,  false, 'website',        'ad',   'spring', NULL),
		('ny', 3, '2024-02-01 12:00:00Z', 'full_capacity', 60,   'bob@x.is', false, NULL,  'email_campaign', 'mail', NULL,     NULL),
		('ny', 4, '2024-02-01 13:00:00Z', 'full_capacity', NULL, NULL,       NULL,  NULL,  NULL,             NULL,   NULL,     NULL),
		('ny', 5, '2024-02-01 13:00:00Z', 'no_capacity',   NULL, NULL,       NULL,  NULL,  NULL,             NULL,   NULL,     NULL),
		('ny', 6, '2024-02-02 05:00:00Z', 'full_capacity', 7,    'ann@x.is', true,  true,  'website',        'ad',   'spring', NULL),
		('ny', 7, '2024-02-01 14:00:00Z', 'full_capacity', 9999, 'ann@x.is', true,  true,  'website',        'ad',   'spring', now()),
		('ny', 8, '2024-02-01 04:59:59Z', NULL,            30,   'ann@x.is', true,  true,  'website',        'ad',   'spring', NULL),
		('utc', 1, '2024-02-02 04:59:59Z', 'full_capacity', 5,   'ann@x.is', true,  true,  'website',        'ad',   'spring', NULL)
	) v (a, i, t, b, s, h, c, sh, o, src, cmp, d);
	INSERT INTO crankwheel.demo_cancellations_daily VALUES ('ny', '2024-01-31', 3, 1, now()), ('ny', '2024-02-01', 2, 1, now()), ('ny', '2024-02-03', 0, 1, now());
	INSERT INTO crankwheel.screen_sessions (account_id, session_id, agent_email, started_at, occurrence, duration_seconds, ended, max_viewers, viewers,
		rtc_seconds, webcam_seconds, recording_content_id, load_id, loaded_at, deleted_at)
	SELECT a, wheelhouse.session_id(a, e, t, 1), e, t, 1, s, true, m, v, r, w, c, 1, now(), d FROM (VALUES
		('ny', 'ann@x.is', timestamptz '2024-02-02 04:50:00Z', 1200, 2, 3, 100, 10, 7, NULL::timestamptz),
		('ny', 'ann@x.is', '2024-02-02 05:00:00Z',  60,  1, NULL, NULL, NULL, NULL, NULL),
		('ny', 'ann@x.is', '2024-02-01 10:00:00Z', 300,  5, 5, 50, 0, NULL, NULL),
		('ny', 'eve@x.is', '2024-02-01 10:00:00Z', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
		('ny', 'ann@x.is', '2024-02-01 11:00:00Z', 999,  9, 9, 9, 9, 9, now())
	) v (a, e, t, s, m, v, r, w, c, d);
	INSERT INTO crankwheel.share_usage_daily (account_id, day, agent_email, agent_name, shares, plays, load_id, loaded_at) VALUES
		('ny', '2024-02-01', 'ann@x.is', 'Ann Old', 2, 5, 1, now()), ('ny', '2024-02-05', 'ann@x.is', 'Ann New', 1, 0, 1, now()),
		('ny', '2024-02-01', 'zoe@x.is', NULL, 0, 4, 1, now());
	SELECT wheelhouse.mark_dirty(account_id, 1, '{}', ARRAY(SELECT date '2024-01-31' + n FROM generate_series(0, 5) n)) FROM wheelhouse.accounts;`

func TestFunnel(t *testing.T) {
	t.Parallel()
	_, conn := migrated(t)
	exec(t, conn, facts)
	// 1 February, full capacity: 10, 20 and 60 seconds and one never. The 90th percentile lies 0.8 of the way from 20 to 60.
	want(t, conn, `SELECT * FROM bi.demo_funnel_daily ORDER BY account_id, day, availability_bucket`,
		"ny|2024-01-31|∅|1|3|1|1|1|30|30",
		"ny|2024-02-01|full_capacity|4|0|3|2|1|20|52",
		"ny|2024-02-01|no_capacity|1|0|0|0|0|∅|∅",
		"ny|2024-02-01|∅|0|2|0|0|0|∅|∅",
		"ny|2024-02-02|full_capacity|1|0|1|1|1|7|7",
		"ny|2024-02-03|∅|0|0|0|0|0|∅|∅",
		"utc|2024-02-02|full_capacity|1|0|1|1|1|5|5")
	want(t, conn, `SELECT demo_id, day, weekday, hour FROM bi.demo_requests WHERE account_id = 'ny' ORDER BY 1`,
		"1|2024-02-01|4|23", "2|2024-02-01|4|0", "3|2024-02-01|4|7", "4|2024-02-01|4|8", "5|2024-02-01|4|8", "6|2024-02-02|5|0", "8|2024-01-31|3|23")
}

func TestAgentDaily(t *testing.T) {
	t.Parallel()
	_, conn := migrated(t)
	exec(t, conn, facts)
	want(t, conn, `
		SELECT day, agent_email, agent_name, sessions, session_seconds, viewers, max_viewers, rtc_seconds, webcam_seconds, recordings,
		       demos_handled, demos_answered, demos_call_confirmed, demos_screen_shared, seconds_to_respond, shares, plays
		FROM bi.agent_daily WHERE account_id = 'ny' ORDER BY 1, 2`,
		"2024-01-31|ann@x.is|Ann New|0|0|∅|∅|0|0|0|1|1|1|1|30|0|0",
		"2024-02-01|ann@x.is|Ann New|2|1500|8|5|150|10|1|2|2|2|1|30|2|5",
		"2024-02-01|bob@x.is|∅|0|0|∅|∅|0|0|0|1|1|0|0|60|0|0",
		"2024-02-01|eve@x.is|∅|1|0|∅|∅|0|0|0|0|0|0|0|∅|0|0",
		"2024-02-01|zoe@x.is|∅|0|0|∅|∅|0|0|0|0|0|0|0|∅|0|4",
		"2024-02-02|ann@x.is|Ann New|1|60|∅|1|0|0|0|1|1|1|1|7|0|0",
		"2024-02-05|ann@x.is|Ann New|0|0|∅|∅|0|0|0|0|0|0|0|∅|1|0")
	want(t, conn, `SELECT account_id, demos_handled FROM bi.agent_daily WHERE account_id = 'utc'`, "utc|1")
}

func TestUTMPerformance(t *testing.T) {
	t.Parallel()
	_, conn := migrated(t)
	exec(t, conn, facts)
	want(t, conn, `
		SELECT day, origin_channel, utm_source, utm_campaign, requested, answered, call_confirmed, screen_shared,
		       seconds_to_respond, median_seconds_to_respond, p90_seconds_to_respond
		FROM bi.utm_performance WHERE account_id = 'ny' ORDER BY 1, 2, 3`,
		"2024-01-31|website|ad|spring|1|1|1|1|30|30|30",
		"2024-02-01|email_campaign|mail|∅|1|1|0|0|60|60|60",
		"2024-02-01|website|ad|spring|2|2|2|1|30|15|19",
		"2024-02-01|∅|∅|∅|2|0|0|0|∅|∅|∅",
		"2024-02-02|website|ad|spring|1|1|1|1|7|7|7")
}

func TestShareEngagement(t *testing.T) {
	t.Parallel()
	_, conn := migrated(t)
	exec(t, conn, testkit.LocalDays+`
		INSERT INTO wheelhouse.accounts VALUES ('ny', 'https://x.is', 'America/New_York', '2024-02-01');
		INSERT INTO crankwheel.shares (account_id, slug, content_id, content_name, created_at, created_by_email, created_by_name, has_cta, content_runtime_ms, load_id, loaded_at, deleted_at) VALUES
			('ny', 'both', 1, NULL, '2024-02-01 04:00Z', 'ann@x.is', 'Ann', true, 1606, 1, now(), NULL),
			('ny', 'bare', 2, 'Deleted video', NULL, NULL, NULL, NULL, NULL, 1, now(), NULL),
			('ny', 'deleted', 1, 'Video', '2024-02-01Z', 'ann@x.is', 'Ann', true, 1606, 1, now(), now());
		INSERT INTO crankwheel.share_details (account_id, slug, created_at, customer_account_id, content_created_by, content_runtime_seconds, load_id, loaded_at, deleted_at) VALUES
			('ny', 'both', '2024-02-01 04:00Z', 'crm-1', 'bob@x.is', 2, 1, now(), NULL),
			('ny', 'bare', '2024-02-01 04:00Z', 'crm-old', NULL, 3, 1, now(), now()),
			('ny', 'deleted', '2024-02-01 04:00Z', 'crm-deleted', NULL, 4, 1, now(), NULL),
			('ny', 'only', '2024-02-01 05:00Z', 'crm-2', NULL, 5, 1, now(), NULL);
		INSERT INTO crankwheel.contents (account_id, content_id, name, type, created_by, view, load_id, loaded_at, deleted_at) VALUES
			('ny', 1, 'Video', 'upload', 'eve@x.is', 'active', 1, now(), NULL), ('ny', 2, 'Deleted', 'upload', 'eve@x.is', 'active', 1, now(), now());
		INSERT INTO crankwheel.share_visits (account_id, slug, visit_id, visited_at, played, percent_watched, watch_time_seconds, cta_clicked, load_id, loaded_at, deleted_at) VALUES
			('ny', 'both', 'a', '2024-02-03Z', true, 0.5, 30, true, 1, now(), NULL), ('ny', 'both', 'b', '2024-02-02Z', false, 0, 0, false, 1, now(), NULL),
			('ny', 'both', 'c', '2024-02-05Z', true, NULL, NULL, NULL, 1, now(), NULL), ('ny', 'both', 'd', '2024-02-01Z', true, 1, 1, true, 1, now(), now()),
			('ny', 'deleted', 'a', '2024-02-03Z', true, 0.5, 30, true, 1, now(), NULL);
		INSERT INTO crankwheel.share_engagement_daily VALUES
			('ny', '2024-02-02', 'both', 1, 0, 0, 0, 10, 1, now()), ('ny', '2024-02-02', 'deleted', 9, 9, 9, 1, 1, 1, now()),
			('ny', '2024-02-03', 'unlisted', 2, 1, 0, NULL, NULL, 1, now());`)
	want(t, conn, `
		SELECT slug, content_name, content_type, content_created_by, content_runtime_seconds, created_day, created_by_email, customer_account_id,
		       visits, plays, round(play_rate::numeric, 3), cta_clicks, avg_percent_watched, watch_time_seconds,
		       first_visited_at AT TIME ZONE 'UTC', last_visited_at AT TIME ZONE 'UTC'
		FROM bi.share_engagement ORDER BY 1`,
		"bare|Deleted video|∅|∅|∅|∅|∅|∅|0|0|∅|0|∅|0|∅|∅",
		"both|Video|upload|bob@x.is|1.606|2024-01-31|ann@x.is|crm-1|3|2|0.667|1|0.25|30|2024-02-02 00:00:00|2024-02-05 00:00:00",
		"only|∅|∅|∅|5|2024-02-01|∅|crm-2|0|0|∅|0|∅|0|∅|∅")
	want(t, conn, `SELECT day, slug, created_by_email, customer_account_id, visits, plays, cta_clicks, avg_percent_watched, engagement_score
		FROM bi.share_engagement_daily ORDER BY 1`,
		"2024-02-02|both|ann@x.is|crm-1|1|0|0|0|10",
		"2024-02-03|unlisted|∅|∅|2|1|0|∅|∅")
}

// TestShares: the two views of shares agree, and the shares of an agent are found by an index on agent and time of creation.
func TestShares(t *testing.T) {
	t.Parallel()
	_, conn := migrated(t)
	exec(t, conn, testkit.LocalDays+`
		INSERT INTO wheelhouse.accounts VALUES ('ny', 'https://x.is', 'America/New_York', '2024-02-01');
		INSERT INTO crankwheel.shares (account_id, slug, content_id, content_name, created_at, created_by_email, load_id, loaded_at, deleted_at) VALUES
			('ny', 'told', 1, 'Told', '2024-02-01 04:00Z', 'ann@x.is', 1, now(), NULL), ('ny', 'bare', 1, NULL, NULL, 'ann@x.is', 1, now(), NULL),
			('ny', 'deleted', 1, NULL, NULL, 'ann@x.is', 1, now(), now()), ('ny', 'vague', 2, NULL, NULL, 'ann@x.is', 1, now(), NULL);
		INSERT INTO crankwheel.share_details (account_id, slug, created_at, load_id, loaded_at, deleted_at) VALUES
			('ny', 'told', '2024-02-09Z', 1, now(), NULL), ('ny', 'bare', '2024-02-02 04:00Z', 1, now(), NULL), ('ny', 'deleted', '2024-02-03Z', 1, now(), NULL),
			('ny', 'vague', '2024-02-04Z', 1, now(), now()), ('ny', 'only', '2024-02-05 05:00Z', 1, now(), NULL);
		INSERT INTO crankwheel.contents (account_id, content_id, name, view, load_id, loaded_at, deleted_at) VALUES
			('ny', 1, 'Library', 'active', 1, now(), NULL), ('ny', 2, 'Deleted', 'active', 1, now(), now())`)
	for _, view := range []string{"shares", "share_engagement"} {
		want(t, conn, `SELECT slug, content_id, content_name, created_at AT TIME ZONE 'UTC', created_by_email FROM bi.`+view+` ORDER BY 1`,
			"bare|1|Library|2024-02-02 04:00:00|ann@x.is", "only|∅|∅|2024-02-05 05:00:00|∅", "told|1|Told|2024-02-01 04:00:00|ann@x.is", "vague|2|∅|∅|ann@x.is")
	}
	exec(t, conn, `INSERT INTO crankwheel.shares (account_id, slug, created_at, created_by_email, load_id, loaded_at)
		SELECT 'ny', i, timestamptz '2024-01-01Z' + i * interval '1 hour', 'agent' || i % 20 || '@x.is', 1, now() FROM generate_series(1, 5000) i; ANALYZE crankwheel.shares`)
	plan := strings.Join(lines(t, conn, `EXPLAIN SELECT slug FROM bi.shares
		WHERE account_id = 'ny' AND created_by_email = 'agent7@x.is' AND created_at >= '2024-02-01Z' AND created_at < '2024-02-02Z'`), "\n")
	if !regexp.MustCompile(`shares_creator on shares .*\n.*Index Cond: .*created_by_email = .*created_at >= `).MatchString(plan) {
		t.Errorf("an agent's shares of some days are not found by shares_creator:\n%s", plan)
	}
}
