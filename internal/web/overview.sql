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
-- For each hour of the week, over both ranges. The page computes the percentiles, because it needs those over all hours, too.
SELECT day >= @from::date, weekday, hour, sum(requested)::bigint, sum(answered)::bigint, bi.join_arrays(seconds_to_respond)
FROM bi.request_hours
WHERE account_id = @account AND day >= @from::date - @days::integer AND day <= @to::date
GROUP BY 1, 2, 3;

-- name: agents
-- Both ranges, without agents that were not active in the range itself. Names are looked up only for the agents shown.
SELECT f.agent_email,
       (SELECT agent_name FROM bi.share_usage_daily
        WHERE account_id = @account AND agent_email = f.agent_email AND agent_name IS NOT NULL ORDER BY day DESC LIMIT 1) AS agent_name,
       f.sessions, f.session_seconds, f.viewers, f.demos, f.shared, f.shares, f.plays, f.sessions_before, f.demos_before, f.plays_before
FROM (
    SELECT agent_email,
           coalesce(sum(sessions) FILTER (WHERE now), 0)::bigint AS sessions, coalesce(sum(session_seconds) FILTER (WHERE now), 0)::bigint AS session_seconds,
           coalesce(sum(viewers) FILTER (WHERE now), 0)::bigint AS viewers, coalesce(sum(demos) FILTER (WHERE now), 0)::bigint AS demos,
           coalesce(sum(shared) FILTER (WHERE now), 0)::bigint AS shared, coalesce(sum(shares) FILTER (WHERE now), 0)::bigint AS shares,
           coalesce(sum(plays) FILTER (WHERE now), 0)::bigint AS plays,
           coalesce(sum(sessions) FILTER (WHERE NOT now), 0)::bigint AS sessions_before, coalesce(sum(demos) FILTER (WHERE NOT now), 0)::bigint AS demos_before,
           coalesce(sum(plays) FILTER (WHERE NOT now), 0)::bigint AS plays_before
    FROM (
        SELECT agent_email, day >= @from::date AS now,
               sum(sessions) AS sessions, sum(session_seconds) AS session_seconds, sum(viewers) AS viewers,
               sum(demos_handled) AS demos, sum(demos_screen_shared) AS shared, sum(shares) AS shares, sum(plays) AS plays
        FROM bi.agent_daily
        WHERE account_id = @account AND day >= @from::date - @days::integer AND day <= @to::date
        GROUP BY 1, 2
    ) ranges
    GROUP BY agent_email
) f
WHERE f.sessions + f.demos + f.shares + f.plays > 0
ORDER BY f.sessions DESC, f.demos DESC, f.plays DESC, f.agent_email;

-- name: campaigns
-- By all five fields of a campaign; the page groups them by tags and by origins. No field is ever ''.
SELECT coalesce(origin_channel, ''), coalesce(origin_name, ''), coalesce(campaign_source, ''), coalesce(campaign_medium, ''), coalesce(campaign_name, ''),
       count(*) FILTER (WHERE day >= @from::date), count(*) FILTER (WHERE answered AND day >= @from::date),
       count(*) FILTER (WHERE call_confirmed AND day >= @from::date), count(*) FILTER (WHERE screen_shared AND day >= @from::date),
       count(*) FILTER (WHERE day < @from::date)
FROM bi.demo_requests
WHERE account_id = @account AND day >= @from::date - @days::integer AND day <= @to::date
GROUP BY origin_channel, origin_name, campaign_source, campaign_medium, campaign_name;

-- name: video
-- Day by day over both ranges.
SELECT day, visits, plays, cta_clicks
FROM bi.video_daily
WHERE account_id = @account AND day >= @from::date - @days::integer AND day <= @to::date;

-- name: shares
SELECT t.slug, s.content_name, s.created_by_email, s.created_by_name, t.visits, t.plays, t.cta_clicks
FROM (
    SELECT slug, coalesce(sum(visits), 0) AS visits, coalesce(sum(plays), 0) AS plays, coalesce(sum(cta_clicks), 0) AS cta_clicks
    FROM bi.share_engagement_daily
    WHERE account_id = @account AND day >= @from::date AND day <= @to::date
    GROUP BY slug
    ORDER BY plays DESC, visits DESC, slug
    LIMIT @most
) t
LEFT JOIN LATERAL (SELECT * FROM bi.shares WHERE account_id = @account AND slug = t.slug LIMIT 1) s ON true  -- LIMIT: a look-up for each
ORDER BY t.plays DESC, t.visits DESC, t.slug;

-- name: whole
-- For each stream but snapshots: are all of the days covered, and how many loads of them did not reconcile? If all are covered
-- and each load reconciled, each day is 'loaded' in bi.coverage.
SELECT s.stream, bi.covered(@account, s.stream, @timezone, @start, @stop) @> tstzrange(@start, @stop),
       (SELECT count(*) FROM bi.loads l
        WHERE l.account_id = @account AND l.stream = s.stream AND l.status = 'loaded' AND NOT l.reconciled
          AND l.window_start < @stop AND l.window_end > @start)
FROM bi.streams s
WHERE s.grain <> 'snapshot';

-- name: incomplete
-- Of the same streams: a day without a snapshot still has complete figures.
SELECT stream, status, count(*)
FROM bi.coverage
WHERE account_id = @account AND day >= @from::date AND day <= @to::date AND status <> 'loaded'
  AND stream IN (SELECT s.stream FROM bi.streams s WHERE s.grain <> 'snapshot')
GROUP BY stream, status
ORDER BY stream, status;
