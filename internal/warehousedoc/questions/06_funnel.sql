-- How many demo requests come through to a shared screen, month by month?
-- Asked for, cancelled by the prospect, answered by an agent, confirmed as a call, shared: each is a part of the one before, but for the
-- cancelled.
SELECT to_char(day, 'YYYY-MM')  AS month,
       sum(requested + canceled) AS asked,
       sum(canceled)             AS canceled,
       sum(answered)             AS answered,
       sum(call_confirmed)       AS call_confirmed,
       sum(screen_shared)        AS screen_shared
FROM bi.demo_funnel_daily
GROUP BY month
ORDER BY month;
