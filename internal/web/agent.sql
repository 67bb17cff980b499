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
SELECT day >= @from::date, count(*), count(*) FILTER (WHERE answered), count(*) FILTER (WHERE call_confirmed), count(*) FILTER (WHERE screen_shared),
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
-- The rollup says on which days the wanted rows are, so that rows of other days and agents are not read.
WITH days AS (
    SELECT day, sessions, sum(sessions) OVER (ORDER BY day DESC) - sessions AS newer
    FROM bi.session_daily
    WHERE account_id = @account AND agent_email = @email AND day >= @from::date AND day <= @to::date
), wanted AS MATERIALIZED (
    SELECT day, newer FROM days WHERE newer + sessions > @skip AND newer < @skip::bigint + @most::bigint
), found AS MATERIALIZED (
    SELECT started_at, ended_at, duration_seconds, ended, viewers, max_viewers, viewer_locations, rtc_seconds, webcam_seconds, recording_content_id, session_id
    FROM bi.screen_sessions
    WHERE account_id = @account AND agent_email = @email AND day = ANY (ARRAY(SELECT day FROM wanted))
)
SELECT started_at, ended_at, duration_seconds, ended, viewers, max_viewers, viewer_locations, rtc_seconds, webcam_seconds, recording_content_id
FROM found
ORDER BY started_at DESC, session_id DESC
LIMIT @most OFFSET @skip::bigint - coalesce((SELECT min(newer) FROM wanted), 0);

-- name: demos
SELECT requested_at, availability_bucket, seconds_to_respond, accepted_from, call_confirmed, screen_shared, origin_channel, origin_name,
       campaign_source, campaign_medium, campaign_name
FROM bi.demo_requests
WHERE account_id = @account AND handled_by = @email AND day >= @from::date AND day <= @to::date
ORDER BY requested_at DESC, demo_id DESC
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
