-- How the account sells, over a range of days. "Before" is the range of the same length before it.

-- name: requests
-- Day by day over both ranges.
SELECT day, sum(requested)::bigint, sum(answered)::bigint, sum(call_confirmed)::bigint, sum(screen_shared)::bigint
FROM bi.request_hours
WHERE account_id = @account AND day >= @from::date - @days::integer AND day <= @to::date
GROUP BY day;

-- name: canceled
SELECT coalesce(sum(canceled) FILTER (WHERE day >= @from::date), 0)::bigint, coalesce(sum(canceled) FILTER (WHERE day < @from::date), 0)::bigint
FROM bi.demo_cancellations_daily
WHERE account_id = @account AND day >= @from::date - @days::integer AND day <= @to::date;

-- name: response
-- For each hour of the week, over both ranges. The page takes percentiles itself: it needs those of all hours together, too.
SELECT day >= @from::date, weekday, hour, sum(requested)::bigint, sum(answered)::bigint, bi.join_arrays(seconds_to_respond)
FROM bi.request_hours
WHERE account_id = @account AND day >= @from::date - @days::integer AND day <= @to::date
GROUP BY 1, 2, 3;

-- name: agents
-- Each stream by agent, over both ranges: whole months that are added up, and the days that are left. Those who did nothing in the
-- range itself are left out. As float8, for which Postgres adds up bigints three times as fast: exact up to 2^53. Groups in each
-- LATERAL keep it apart, and the days in reach of an index.
WITH stretches AS MATERIALIZED (
    SELECT true AS now, first, last, whole_month FROM bi.stretches(@account, @from::date, @to::date)
    UNION ALL
    SELECT false, first, last, whole_month FROM bi.stretches(@account, @from::date - @days::integer, @from::date - 1)
), streams AS (
    SELECT r.now, m.agent_email, m.sessions, m.session_seconds, m.viewers, m.demos_handled AS demos, m.demos_screen_shared AS shared, m.shares, m.plays
    FROM stretches r
    JOIN bi.agent_monthly m ON m.month = r.first AND m.account_id = @account
    WHERE r.whole_month
    UNION ALL
    SELECT r.now, d.agent_email, d.sessions, d.session_seconds, d.viewers, NULL, NULL, NULL, NULL
    FROM stretches r
    CROSS JOIN LATERAL (
        SELECT agent_email, sum(sessions::float8) AS sessions, sum(session_seconds::float8) AS session_seconds, sum(viewers::float8) AS viewers
        FROM bi.session_daily
        WHERE account_id = @account AND day >= r.first AND day <= r.last
        GROUP BY agent_email
    ) d
    WHERE NOT r.whole_month
    UNION ALL
    SELECT r.now, d.handled_by, NULL, NULL, NULL, d.demos, d.shared, NULL, NULL
    FROM stretches r
    CROSS JOIN LATERAL (
        SELECT handled_by, count(*) AS demos, count(*) FILTER (WHERE screenshared) AS shared
        FROM bi.demo_requests
        WHERE account_id = @account AND day >= r.first AND day <= r.last AND handled_by IS NOT NULL
        GROUP BY handled_by
    ) d
    WHERE NOT r.whole_month
    UNION ALL
    SELECT r.now, d.agent_email, NULL, NULL, NULL, NULL, NULL, d.shares, d.plays
    FROM stretches r
    CROSS JOIN LATERAL (
        SELECT agent_email, sum(shares) AS shares, sum(plays) AS plays
        FROM bi.share_usage_daily
        WHERE account_id = @account AND day >= r.first AND day <= r.last
        GROUP BY agent_email
    ) d
    WHERE NOT r.whole_month
)
SELECT f.agent_email, n.agent_name, f.sessions, f.session_seconds, f.viewers, f.demos, f.shared, f.shares, f.plays,
       f.sessions_before, f.demos_before, f.plays_before
FROM (
    SELECT agent_email,
           coalesce(sum(sessions) FILTER (WHERE now), 0)::bigint AS sessions, coalesce(sum(session_seconds) FILTER (WHERE now), 0)::bigint AS session_seconds,
           coalesce(sum(viewers) FILTER (WHERE now), 0)::bigint AS viewers, coalesce(sum(demos) FILTER (WHERE now), 0)::bigint AS demos,
           coalesce(sum(shared) FILTER (WHERE now), 0)::bigint AS shared, coalesce(sum(shares) FILTER (WHERE now), 0)::bigint AS shares,
           coalesce(sum(plays) FILTER (WHERE now), 0)::bigint AS plays,
           coalesce(sum(sessions) FILTER (WHERE NOT now), 0)::bigint AS sessions_before, coalesce(sum(demos) FILTER (WHERE NOT now), 0)::bigint AS demos_before,
           coalesce(sum(plays) FILTER (WHERE NOT now), 0)::bigint AS plays_before
    FROM streams
    GROUP BY agent_email
) f
LEFT JOIN bi.agents n ON n.account_id = @account AND n.agent_email = f.agent_email
WHERE f.sessions + f.demos + f.shares + f.plays > 0
ORDER BY f.sessions DESC, f.demos DESC, f.plays DESC, f.agent_email;

-- name: campaigns
-- By all that a campaign is known by; the page adds them up by tags and by origins.
WITH stretches AS MATERIALIZED (
    SELECT true AS now, first, last, whole_month FROM bi.stretches(@account, @from::date, @to::date)
    UNION ALL
    SELECT false, first, last, whole_month FROM bi.stretches(@account, @from::date - @days::integer, @from::date - 1)
), campaigns AS (
    SELECT r.now, m.origin_channel, m.origin_name, m.utm_source, m.utm_medium, m.utm_campaign, m.requested, m.answered, m.call_confirmed, m.screen_shared
    FROM stretches r
    JOIN bi.campaign_monthly m ON m.month = r.first AND m.account_id = @account
    WHERE r.whole_month
    UNION ALL
    SELECT r.now, d.*
    FROM stretches r
    CROSS JOIN LATERAL (
        SELECT coalesce(origin_channel, ''), coalesce(origin_name, ''), coalesce(campaign_source, ''), coalesce(campaign_medium, ''), coalesce(campaign_name, ''),
               count(*), count(*) FILTER (WHERE answered), count(*) FILTER (WHERE call_confirmed), count(*) FILTER (WHERE screenshared)
        FROM bi.demo_requests
        WHERE account_id = @account AND day >= r.first AND day <= r.last
        GROUP BY 1, 2, 3, 4, 5
    ) d
    WHERE NOT r.whole_month
)
SELECT origin_channel, origin_name, utm_source, utm_medium, utm_campaign,
       coalesce(sum(requested) FILTER (WHERE now), 0)::bigint, coalesce(sum(answered) FILTER (WHERE now), 0)::bigint,
       coalesce(sum(call_confirmed) FILTER (WHERE now), 0)::bigint, coalesce(sum(screen_shared) FILTER (WHERE now), 0)::bigint,
       coalesce(sum(requested) FILTER (WHERE NOT now), 0)::bigint
FROM campaigns
GROUP BY 1, 2, 3, 4, 5;

-- name: video
-- Day by day over both ranges.
SELECT day, visits, plays, cta_clicks
FROM bi.video_daily
WHERE account_id = @account AND day >= @from::date - @days::integer AND day <= @to::date;

-- name: shares
WITH stretches AS MATERIALIZED (
    SELECT first, last, whole_month FROM bi.stretches(@account, @from::date, @to::date)
), visited AS (
    SELECT m.slug, m.visits, m.plays, m.cta_clicks
    FROM stretches r
    JOIN bi.share_monthly m ON m.month = r.first AND m.account_id = @account AND m.month >= @from::date AND m.month <= @to::date
    WHERE r.whole_month
    UNION ALL
    SELECT d.slug, d.visits, d.plays, d.cta_clicks
    FROM stretches r
    CROSS JOIN LATERAL (
        SELECT slug, sum(visits) AS visits, sum(plays) AS plays, sum(cta_clicks) AS cta_clicks
        FROM bi.share_engagement_daily
        WHERE account_id = @account AND day >= r.first AND day <= r.last
        GROUP BY slug
    ) d
    WHERE NOT r.whole_month
)
SELECT t.slug, s.content_name, s.created_by_email, s.created_by_name, t.visits, t.plays, t.cta_clicks
FROM (
    SELECT slug, coalesce(sum(visits::float8), 0)::bigint AS visits, coalesce(sum(plays::float8), 0)::bigint AS plays, coalesce(sum(cta_clicks::float8), 0)::bigint AS cta_clicks
    FROM visited
    GROUP BY slug
    ORDER BY plays DESC, visits DESC, slug
    LIMIT @most
) t
LEFT JOIN LATERAL (SELECT * FROM bi.shares WHERE account_id = @account AND slug = t.slug LIMIT 1) s ON true  -- LIMIT: a look-up for each
ORDER BY t.plays DESC, t.visits DESC, t.slug;

-- name: whole
-- For each stream of events: is all of the range loaded, and was each answer that was ever loaded of it right? Where both
-- hold, bi.coverage says loaded of every day. Counts that are a window's own are a day's only if it begins as a day of
-- the account does; where midnights are left out, bi.coverage is asked.
SELECT s.stream, coalesce(l.spans @> tstzrange(@start, @stop) AND (l.days OR s.stream NOT IN ('demo_usage', 'usage_shares', 'shares')), false),
       coalesce(l.differing, 0)
FROM unnest(ARRAY['demo_usage', 'usage_new', 'usage_shares', 'shares', 'share_visits', 'share_details']) AS s (stream)
LEFT JOIN (
    SELECT stream, range_agg(tstzrange(window_start, window_end)) AS spans, count(*) FILTER (WHERE NOT reconciled) AS differing,
           bool_and((window_start AT TIME ZONE @timezone)::time = '00:00') AS days
    FROM bi.loads
    WHERE account_id = @account AND status = 'loaded' AND window_start < @stop AND window_end > @start
    GROUP BY stream
) l ON l.stream = s.stream;

-- name: lacking
-- Of the same streams: a day without a snapshot of users or contents takes nothing from the figures of that day.
SELECT stream, status, count(*)
FROM bi.coverage
WHERE account_id = @account AND day >= @from::date AND day <= @to::date AND status <> 'loaded'
  AND stream NOT IN ('user_access', 'company_content')
GROUP BY stream, status
ORDER BY stream, status;
