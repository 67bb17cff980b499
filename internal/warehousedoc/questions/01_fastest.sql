-- Who answers demo requests fastest?
-- Over the last 30 days. Half of an agent's answers came within the median, and nine of ten within the 90th percentile. Agents with
-- fewer than five answers are left out, because their figures mean little.
SELECT handled_by                                                                        AS agent,
       count(*)                                                                          AS answered,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds_to_respond)                   AS median_seconds,
       round(percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds_to_respond)::numeric, 1) AS p90_seconds
FROM bi.demo_requests
WHERE answered
  AND day > (SELECT max(day) FROM bi.demo_requests) - 30
GROUP BY handled_by
HAVING count(*) >= 5
ORDER BY median_seconds, agent;
