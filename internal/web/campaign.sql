-- One campaign over a range of days: the requests with the given origin and tags. An argument that is NULL matches
-- anything; '' matches requests without a value.

-- name: known
SELECT EXISTS (
    SELECT FROM bi.demo_requests
    WHERE account_id = @account
      AND (@channel::text IS NULL OR coalesce(origin_channel, '') = @channel)   AND (@origin::text IS NULL OR coalesce(origin_name, '') = @origin)
      AND (@source::text IS NULL OR coalesce(campaign_source, '') = @source)    AND (@medium::text IS NULL OR coalesce(campaign_medium, '') = @medium)
      AND (@campaign::text IS NULL OR coalesce(campaign_name, '') = @campaign));

-- name: requests
SELECT day >= @from::date, count(*), count(*) FILTER (WHERE answered), count(*) FILTER (WHERE call_confirmed), count(*) FILTER (WHERE screen_shared),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds_to_respond), percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds_to_respond)
FROM bi.demo_requests
WHERE account_id = @account AND day >= @from::date - @days::integer AND day <= @to::date
  AND (@channel::text IS NULL OR coalesce(origin_channel, '') = @channel)   AND (@origin::text IS NULL OR coalesce(origin_name, '') = @origin)
  AND (@source::text IS NULL OR coalesce(campaign_source, '') = @source)    AND (@medium::text IS NULL OR coalesce(campaign_medium, '') = @medium)
  AND (@campaign::text IS NULL OR coalesce(campaign_name, '') = @campaign)
GROUP BY 1;

-- name: over_time
SELECT (@to::date - day) / @step::integer, count(*), count(*) FILTER (WHERE answered)
FROM bi.demo_requests
WHERE account_id = @account AND day >= @from::date AND day <= @to::date
  AND (@channel::text IS NULL OR coalesce(origin_channel, '') = @channel)   AND (@origin::text IS NULL OR coalesce(origin_name, '') = @origin)
  AND (@source::text IS NULL OR coalesce(campaign_source, '') = @source)    AND (@medium::text IS NULL OR coalesce(campaign_medium, '') = @medium)
  AND (@campaign::text IS NULL OR coalesce(campaign_name, '') = @campaign)
GROUP BY 1;

-- name: breakdown
-- The campaign's requests by all five fields.
SELECT coalesce(origin_channel, ''), coalesce(origin_name, ''), coalesce(campaign_source, ''), coalesce(campaign_medium, ''), coalesce(campaign_name, ''),
       count(*), count(*) FILTER (WHERE answered), count(*) FILTER (WHERE call_confirmed), count(*) FILTER (WHERE screen_shared)
FROM bi.demo_requests
WHERE account_id = @account AND day >= @from::date AND day <= @to::date
  AND (@channel::text IS NULL OR coalesce(origin_channel, '') = @channel)   AND (@origin::text IS NULL OR coalesce(origin_name, '') = @origin)
  AND (@source::text IS NULL OR coalesce(campaign_source, '') = @source)    AND (@medium::text IS NULL OR coalesce(campaign_medium, '') = @medium)
  AND (@campaign::text IS NULL OR coalesce(campaign_name, '') = @campaign)
GROUP BY 1, 2, 3, 4, 5
ORDER BY 6 DESC, 1, 2, 3, 4, 5;

-- name: agents
SELECT handled_by, count(*), count(*) FILTER (WHERE call_confirmed), count(*) FILTER (WHERE screen_shared),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds_to_respond)
FROM bi.demo_requests
WHERE account_id = @account AND day >= @from::date AND day <= @to::date
  AND (@channel::text IS NULL OR coalesce(origin_channel, '') = @channel)   AND (@origin::text IS NULL OR coalesce(origin_name, '') = @origin)
  AND (@source::text IS NULL OR coalesce(campaign_source, '') = @source)    AND (@medium::text IS NULL OR coalesce(campaign_medium, '') = @medium)
  AND (@campaign::text IS NULL OR coalesce(campaign_name, '') = @campaign)
GROUP BY handled_by
ORDER BY 2 DESC, 1;

-- name: demos
SELECT requested_at, availability_bucket, seconds_to_respond, accepted_from, call_confirmed, screen_shared, origin_channel, origin_name,
       campaign_source, campaign_medium, campaign_name, handled_by
FROM bi.demo_requests
WHERE account_id = @account AND day >= @from::date AND day <= @to::date
  AND (@channel::text IS NULL OR coalesce(origin_channel, '') = @channel)   AND (@origin::text IS NULL OR coalesce(origin_name, '') = @origin)
  AND (@source::text IS NULL OR coalesce(campaign_source, '') = @source)    AND (@medium::text IS NULL OR coalesce(campaign_medium, '') = @medium)
  AND (@campaign::text IS NULL OR coalesce(campaign_name, '') = @campaign)
ORDER BY day DESC, requested_at DESC, demo_id DESC
LIMIT @most OFFSET @skip;
