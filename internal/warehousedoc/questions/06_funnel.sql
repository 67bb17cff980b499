-- How many demo requests lead to a shared screen, month by month?
-- All requests; those cancelled by the prospect; those answered by an agent; those confirmed as a call; those with a shared screen.
SELECT to_char(day, 'YYYY-MM')  AS month,
       sum(requested + canceled) AS asked,
       sum(canceled)             AS canceled,
       sum(answered)             AS answered,
       sum(call_confirmed)       AS call_confirmed,
       sum(screen_shared)        AS screen_shared
FROM bi.demo_funnel_daily
GROUP BY month
ORDER BY month;
