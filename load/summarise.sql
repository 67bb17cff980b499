-- Sums of sessions, requests and visits, by day and by month, kept beside them for views: see migrations 0007_bi_sales and 0011_sums.

-- name: touched
-- In the transaction of the load: from now on the days are added up on the spot, until summarise has been there again.
INSERT INTO wheelhouse.session_due (load_id, account_id, starts)
VALUES (@load, @account, tstzrange(@first, @last, '[]'));

-- name: alone
-- One process at a time adds up, for all accounts. Held until the transaction ends.
SELECT pg_try_advisory_xact_lock(hashtext('wheelhouse.session_daily'), 0), set_config('jit', 'off', true);

-- name: accounts
-- Whether there is anything to add up is asked for each in its transaction, where nothing is compiled.
SELECT account_id FROM wheelhouse.accounts ORDER BY account_id;

-- name: stale
-- d.day: by themselves the days would be in the order of their texts, in which the year 10000 comes first.
SELECT d.day::text, date_trunc('month', d.day)::date::text FROM wheelhouse.days_stale d WHERE d.account_id = @account ORDER BY d.day LIMIT @most;

-- name: forget_zone
-- Sums of days that were cut in another zone: a day between that has no session in this one would show them.
DELETE FROM wheelhouse.session_daily t
USING wheelhouse.session_summaries s
JOIN wheelhouse.accounts a ON a.account_id = s.account_id AND a.timezone <> s.timezone
WHERE s.account_id = @account AND t.account_id = @account;

-- name: forget_sessions
DELETE FROM wheelhouse.session_daily WHERE account_id = @account AND day = ANY (@days::text[]::date[]);

-- name: sessions
-- As wheelhouse.session_daily_stale, for days that are known already.
INSERT INTO wheelhouse.session_daily (account_id, day, agent_email, sessions, session_seconds, viewers, max_viewers, rtc_seconds, webcam_seconds, recordings)
SELECT @account, d.day, s.*
FROM wheelhouse.accounts a
CROSS JOIN unnest(@days::text[]::date[]) AS d (day)
CROSS JOIN LATERAL (
    SELECT agent_email, count(*), sum(duration_seconds), sum(viewers), max(max_viewers), sum(rtc_seconds), sum(webcam_seconds), count(recording_content_id)
    FROM crankwheel.screen_sessions
    WHERE session_id >= wheelhouse.session_floor(bi.day_start(d.day, a.timezone))
      AND session_id < wheelhouse.session_floor(bi.day_start(d.day + 1, a.timezone))
      AND account_id = a.account_id AND deleted_at IS NULL
    GROUP BY agent_email
    ORDER BY agent_email
) s
WHERE a.account_id = @account;

-- name: forget_requests
DELETE FROM wheelhouse.request_hours WHERE account_id = @account AND day = ANY (@days::text[]::date[]);

-- name: requests
INSERT INTO wheelhouse.request_hours (account_id, day, hour, requested, answered, call_confirmed, screen_shared, seconds_to_respond)
SELECT account_id, local_day, local_hour, count(*), count(*) FILTER (WHERE answered), count(*) FILTER (WHERE call_confirmed), count(*) FILTER (WHERE screenshared),
       array_agg(seconds_to_respond) FILTER (WHERE seconds_to_respond IS NOT NULL)
FROM crankwheel.demo_requests
WHERE account_id = @account AND local_day = ANY (@days::text[]::date[]) AND deleted_at IS NULL
GROUP BY account_id, local_day, local_hour
ORDER BY local_day, local_hour;

-- name: forget_video
DELETE FROM wheelhouse.video_daily WHERE account_id = @account AND day = ANY (@days::text[]::date[]);

-- name: video
-- A row for each day, whatever it holds: by it wheelhouse.days_stale finds the day when all else of it is gone.
INSERT INTO wheelhouse.video_daily (account_id, day, visits, plays, cta_clicks)
SELECT @account, d.day, coalesce(sum(e.visits), 0), coalesce(sum(e.plays), 0), coalesce(sum(e.cta_clicks), 0)
FROM unnest(@days::text[]::date[]) AS d (day)
LEFT JOIN crankwheel.share_engagement_daily e ON e.account_id = @account AND e.day = d.day
GROUP BY d.day
ORDER BY d.day;

-- name: forget_agents
-- All of each month that has one of the days, here and below. A month that lacks days holds only when they are there, and is then made again.
DELETE FROM wheelhouse.agent_monthly
WHERE account_id = @account AND month = ANY (@months::text[]::date[]);

-- name: agents
INSERT INTO wheelhouse.agent_monthly (account_id, month, agent_email, sessions, session_seconds, viewers, demos_handled, demos_screen_shared, shares, plays)
SELECT @account, m.month, f.agent_email, coalesce(sum(f.sessions), 0), coalesce(sum(f.seconds), 0), coalesce(sum(f.viewers), 0),
       coalesce(sum(f.demos), 0), coalesce(sum(f.shared), 0), coalesce(sum(f.shares), 0), coalesce(sum(f.plays), 0)
FROM unnest(@months::text[]::date[]) AS m (month)
CROSS JOIN LATERAL (
    SELECT agent_email, sum(sessions) AS sessions, sum(session_seconds) AS seconds, sum(viewers) AS viewers,
           NULL::bigint AS demos, NULL::bigint AS shared, NULL::bigint AS shares, NULL::bigint AS plays
    FROM wheelhouse.session_daily
    WHERE account_id = @account AND day >= m.month AND day < (m.month + interval '1 month')::date
    GROUP BY agent_email
    UNION ALL
    SELECT handled_by, NULL, NULL, NULL, count(*), count(*) FILTER (WHERE screenshared), NULL, NULL
    FROM crankwheel.demo_requests
    WHERE account_id = @account AND local_day >= m.month AND local_day < (m.month + interval '1 month')::date
      AND handled_by IS NOT NULL AND deleted_at IS NULL
    GROUP BY handled_by
    UNION ALL
    SELECT agent_email, NULL, NULL, NULL, NULL, NULL, sum(shares), sum(plays)
    FROM crankwheel.share_usage_daily
    WHERE account_id = @account AND day >= m.month AND day < (m.month + interval '1 month')::date
    GROUP BY agent_email
) f
GROUP BY m.month, f.agent_email
ORDER BY m.month, f.agent_email;

-- name: forget_campaigns
DELETE FROM wheelhouse.campaign_monthly
WHERE account_id = @account AND month = ANY (@months::text[]::date[]);

-- name: campaigns
INSERT INTO wheelhouse.campaign_monthly (account_id, month, origin_channel, origin_name, utm_source, utm_medium, utm_campaign, requested, answered, call_confirmed, screen_shared)
SELECT @account, m.month, f.*
FROM unnest(@months::text[]::date[]) AS m (month)
CROSS JOIN LATERAL (
    SELECT coalesce(origin_channel, ''), coalesce(origin_name, ''), coalesce(campaign_source, ''), coalesce(campaign_medium, ''), coalesce(campaign_name, ''),
           count(*), count(*) FILTER (WHERE answered), count(*) FILTER (WHERE call_confirmed), count(*) FILTER (WHERE screenshared)
    FROM crankwheel.demo_requests
    WHERE account_id = @account AND local_day >= m.month AND local_day < (m.month + interval '1 month')::date AND deleted_at IS NULL
    GROUP BY 1, 2, 3, 4, 5
    ORDER BY 1, 2, 3, 4, 5
) f;

-- name: shares
-- Only what differs is written: there may be many, of which a day's load changes few.
WITH visited AS MATERIALIZED (
    SELECT m.month, f.*
    FROM unnest(@months::text[]::date[]) AS m (month)
    CROSS JOIN LATERAL (
        SELECT slug, coalesce(sum(visits), 0) AS visits, coalesce(sum(plays), 0) AS plays, coalesce(sum(cta_clicks), 0) AS cta_clicks
        FROM crankwheel.share_engagement_daily
        WHERE account_id = @account AND day >= m.month AND day < (m.month + interval '1 month')::date
        GROUP BY slug
    ) f
), gone AS (
    DELETE FROM wheelhouse.share_monthly t
    WHERE account_id = @account AND month = ANY (@months::text[]::date[])
      AND NOT EXISTS (SELECT FROM visited v WHERE v.month = t.month AND v.slug = t.slug)
)
INSERT INTO wheelhouse.share_monthly (account_id, month, slug, visits, plays, cta_clicks)
SELECT @account, v.*
FROM visited v
WHERE NOT EXISTS (
    SELECT FROM wheelhouse.share_monthly t
    WHERE t.account_id = @account AND t.month = v.month AND t.slug = v.slug AND t.visits = v.visits AND t.plays = v.plays AND t.cta_clicks = v.cta_clicks)
ORDER BY v.month, v.slug
ON CONFLICT (account_id, month, slug) DO UPDATE SET visits = excluded.visits, plays = excluded.plays, cta_clicks = excluded.cta_clicks;

-- name: mark
-- What loads touched is taken off first; what was added up just now is put on, with the days between that have nothing. Where
-- no day is left, all those up to yesterday have nothing, either. That is said without any day, too, once it was not for a month: for what is
-- not known of, the views look through the other accounts' sessions.
INSERT INTO wheelhouse.session_summaries AS s (account_id, timezone, summed_days, summarised_at)
SELECT d.account_id, d.timezone,
       d.days + (SELECT datemultirange(CASE WHEN @more THEN daterange(min(day), max(day), '[]') ELSE daterange(NULL, greatest(max(day), d.yesterday), '[]') END)
                 FROM unnest(@days::text[]::date[]) AS day),
       now()
FROM (SELECT *, (now() AT TIME ZONE timezone)::date - 1 AS yesterday FROM wheelhouse.session_days WHERE account_id = @account) d
WHERE cardinality(@days::text[]) > 0 OR NOT d.days @> d.yesterday - 30
ON CONFLICT (account_id) DO UPDATE
SET timezone = excluded.timezone, summed_days = excluded.summed_days, summarised_at = excluded.summarised_at;

-- name: settle
-- Those that this transaction sees: what a load commits meanwhile stays due.
DELETE FROM wheelhouse.session_due WHERE account_id = @account;
