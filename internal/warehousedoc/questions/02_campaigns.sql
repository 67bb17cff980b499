-- Which campaigns bring requests that become screen shares?
-- By campaign tag over the last 60 days. The last column is the percentage of requests that became screen shares. It is low for a
-- campaign that attracts people who do not buy.
SELECT utm_source                                             AS source,
       utm_campaign                                           AS campaign,
       sum(requested)                                         AS requests,
       sum(answered)                                          AS answered,
       sum(screen_shared)                                     AS screen_shared,
       round(100.0 * sum(screen_shared) / sum(requested), 1) AS percent_shared
FROM bi.utm_performance
WHERE utm_campaign IS NOT NULL
  AND day > (SELECT max(day) FROM bi.utm_performance) - 60
GROUP BY source, campaign
ORDER BY screen_shared DESC, source, campaign;
