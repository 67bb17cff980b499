-- Does it matter how many of the demo pool are free?
-- By what CrankWheel calls availability: whether somebody answered, and how long a prospect waited.
SELECT availability_bucket                                             AS availability,
       count(*)                                                        AS requests,
       round(100.0 * count(*) FILTER (WHERE answered) / count(*))     AS percent_answered,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds_to_respond) AS median_seconds
FROM bi.demo_requests
GROUP BY availability_bucket
ORDER BY percent_answered DESC, availability;
