-- One video share over a range of days.

-- name: share
SELECT content_name, created_at, created_by_email, created_by_name, segment, has_cta, content_runtime_seconds, customer_account_id, access_sharing_enabled
FROM bi.shares WHERE account_id = @account AND slug = @slug;

-- name: ever
SELECT count(*), count(*) FILTER (WHERE played), max(visited_at)
FROM bi.share_visits WHERE account_id = @account AND slug = @slug;

-- name: visited
SELECT visited_at >= @start, count(*), count(*) FILTER (WHERE played), count(*) FILTER (WHERE cta_clicked), avg(percent_watched), sum(watch_time_seconds)
FROM bi.share_visits
WHERE account_id = @account AND slug = @slug AND visited_at >= @before AND visited_at < @stop
GROUP BY 1;

-- name: over_time
SELECT (@to::date - day) / @step::integer, coalesce(sum(visits), 0)::bigint, coalesce(sum(plays), 0)::bigint
FROM bi.share_engagement_daily
WHERE account_id = @account AND slug = @slug AND day >= @from::date AND day <= @to::date
GROUP BY 1;

-- name: days
SELECT day, coalesce(visits, 0)::bigint, coalesce(plays, 0)::bigint, coalesce(cta_clicks, 0)::bigint, avg_percent_watched, engagement_score
FROM bi.share_engagement_daily
WHERE account_id = @account AND slug = @slug AND day >= @from::date AND day <= @to::date
ORDER BY day DESC
LIMIT @most OFFSET @skip;

-- name: days_count
SELECT count(*) FROM bi.share_engagement_daily
WHERE account_id = @account AND slug = @slug AND day >= @from::date AND day <= @to::date;

-- name: visits
SELECT visited_at, played, percent_watched, watch_time_seconds, cta_clicked, visit_id
FROM bi.share_visits
WHERE account_id = @account AND slug = @slug AND visited_at >= @start AND visited_at < @stop
ORDER BY visited_at DESC, visit_id
LIMIT @most OFFSET @skip;
