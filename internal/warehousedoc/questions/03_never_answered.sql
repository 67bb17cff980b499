-- How many requests were never answered, by hour of the day?
-- Over the last 60 days, in the account's own zone. Where the last column is high and there are many requests, somebody is missing.
SELECT hour,
       count(*)                                                        AS requests,
       count(*) FILTER (WHERE NOT answered)                            AS never_answered,
       round(100.0 * count(*) FILTER (WHERE NOT answered) / count(*)) AS percent
FROM bi.demo_requests
WHERE day > (SELECT max(day) FROM bi.demo_requests) - 60
GROUP BY hour
ORDER BY hour;
