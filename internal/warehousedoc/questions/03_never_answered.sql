-- How many requests were never answered, by hour of the day?
-- Over the last 60 days, in the account's zone. An hour with many requests and a high last column needs more agents.
SELECT hour,
       count(*)                                                        AS requests,
       count(*) FILTER (WHERE NOT answered)                            AS never_answered,
       round(100.0 * count(*) FILTER (WHERE NOT answered) / count(*)) AS percent
FROM bi.demo_requests
WHERE day > (SELECT max(day) FROM bi.demo_requests) - 60
GROUP BY hour
ORDER BY hour;
