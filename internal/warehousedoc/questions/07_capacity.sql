-- Does it matter how many agents of the demo pool are available?
-- By CrankWheel's availability bucket: the percentage of answered requests, and how long prospects waited.
SELECT availability_bucket                                             AS availability,
       count(*)                                                        AS requests,
       round(100.0 * count(*) FILTER (WHERE answered) / count(*))     AS percent_answered,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds_to_respond) AS median_seconds
FROM bi.demo_requests
GROUP BY availability_bucket
ORDER BY percent_answered DESC, availability;
