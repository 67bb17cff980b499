-- One agent over a range of days.

-- name: agent
-- Without a snapshot of users it is unknown who is not a user. bi.agents comes last because it reads all dirty days.
SELECT (SELECT agent_name FROM bi.share_usage_daily
        WHERE account_id = @account AND agent_email = @email AND agent_name IS NOT NULL ORDER BY day DESC LIMIT 1),
       u.email IS NOT NULL, u.privilege, u.in_demo_pool, EXISTS (SELECT FROM bi.users WHERE account_id = @account)
FROM (SELECT) AS one
LEFT JOIN bi.users u ON u.account_id = @account AND u.email = @email
WHERE u.email IS NOT NULL
   OR EXISTS (SELECT FROM bi.share_usage_daily WHERE account_id = @account AND agent_email = @email)
   OR EXISTS (SELECT FROM bi.agent_daily WHERE account_id = @account AND agent_email = @email)
   OR EXISTS (SELECT FROM bi.agents WHERE account_id = @account AND agent_email = @email);

-- name: totals
SELECT day >= @from::date, coalesce(sum(sessions), 0)::bigint, coalesce(sum(session_seconds), 0)::bigint, coalesce(sum(viewers), 0)::bigint,
       coalesce(sum(recordings), 0)::bigint, coalesce(sum(shares), 0)::bigint, coalesce(sum(plays), 0)::bigint
FROM bi.agent_daily
WHERE account_id = @account AND agent_email = @email AND day >= @from::date - @days::integer AND day <= @to::date
GROUP BY 1;

-- name: requests
SELECT day >= @from::date, count(*), count(*) FILTER (WHERE answered), count(*) FILTER (WHERE call_confirmed), count(*) FILTER (WHERE screenshared),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds_to_respond), percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds_to_respond)
FROM bi.demo_requests
WHERE account_id = @account AND handled_by = @email AND day >= @from::date - @days::integer AND day <= @to::date
GROUP BY 1;

-- name: over_time
SELECT (@to::date - day) / @step::integer, coalesce(sum(sessions), 0)::bigint, coalesce(sum(demos_handled), 0)::bigint,
       coalesce(sum(shares), 0)::bigint, coalesce(sum(plays), 0)::bigint
FROM bi.agent_daily
WHERE account_id = @account AND agent_email = @email AND day >= @from::date AND day <= @to::date
GROUP BY 1;

-- name: days
SELECT day, sessions, session_seconds, coalesce(viewers, 0), demos_handled, demos_call_confirmed, demos_screen_shared, shares, plays
FROM bi.agent_daily
WHERE account_id = @account AND agent_email = @email AND day >= @from::date AND day <= @to::date
ORDER BY day DESC
LIMIT @most OFFSET @skip;

-- name: days_count
SELECT count(*) FROM bi.agent_daily
WHERE account_id = @account AND agent_email = @email AND day >= @from::date AND day <= @to::date;

-- name: sessions
-- Only days with wanted rows are read, each through the primary key of the sessions, which begins with the start.
WITH days AS (
    SELECT day, sessions, sum(sessions) OVER (ORDER BY day DESC) - sessions AS newer
    FROM bi.session_daily
    WHERE account_id = @account AND agent_email = @email AND day >= @from::date AND day <= @to::date
), wanted AS MATERIALIZED (
    SELECT day, newer, bi.session_floor(bi.day_start(day, @timezone)) AS low, bi.session_floor(bi.day_start(day + 1, @timezone)) AS high
    FROM days
    WHERE newer + sessions > @skip AND newer < @skip::bigint + @most::bigint
)
SELECT s.started_at, s.ended_at, s.duration_seconds, s.ended, s.viewers, s.max_viewers, s.viewer_locations, s.rtc_seconds, s.webcam_seconds, s.recording_content_id
FROM wanted w
CROSS JOIN LATERAL (
    SELECT * FROM bi.screen_sessions x
    WHERE x.account_id = @account AND x.agent_email = @email AND x.session_id >= w.low AND x.session_id < w.high
    ORDER BY x.started_at DESC, x.session_id DESC
    LIMIT @skip::bigint + @most::bigint
) s
ORDER BY s.started_at DESC, s.session_id DESC
LIMIT @most OFFSET @skip::bigint - coalesce((SELECT min(newer) FROM wanted), 0);

-- name: demos
SELECT started_at, availability_bucket, seconds_to_respond, accepted_from, call_confirmed, screenshared, origin_channel, origin_name,
       campaign_source, campaign_medium, campaign_name
FROM bi.demo_requests
WHERE account_id = @account AND handled_by = @email AND day >= @from::date AND day <= @to::date
ORDER BY started_at DESC, demo_id DESC
LIMIT @most OFFSET @skip;

-- name: shares
SELECT slug, content_name, created_at, segment, customer_account_id
FROM bi.shares
WHERE account_id = @account AND created_by_email = @email AND created_at >= @start AND created_at < @stop
ORDER BY created_at DESC, slug
LIMIT @most OFFSET @skip;

-- name: shares_count
SELECT count(*) FROM bi.shares
WHERE account_id = @account AND created_by_email = @email AND created_at >= @start AND created_at < @stop;
