-- How many hours did each agent share a screen last month, compared with the month before?
-- Last month is the last complete month. An empty value means that there was nothing in that month.
WITH months AS (
    SELECT date_trunc('month', max(day))::date                         AS ends,
           (date_trunc('month', max(day)) - interval '1 month')::date  AS begins,
           (date_trunc('month', max(day)) - interval '2 months')::date AS before
    FROM bi.agent_daily
), hours AS (
    SELECT a.agent_email,
           sum(a.sessions) FILTER (WHERE a.day >= m.begins)                AS sessions,
           sum(a.session_seconds) FILTER (WHERE a.day >= m.begins) / 3600 AS hours,
           sum(a.session_seconds) FILTER (WHERE a.day < m.begins) / 3600  AS hours_before
    FROM bi.agent_daily a
    JOIN months m ON a.day >= m.before AND a.day < m.ends
    GROUP BY a.agent_email
)
SELECT agent_email                                     AS agent,
       sessions,
       round(hours, 1)                                 AS hours,
       round(hours_before, 1)                          AS hours_before,
       round(100 * (hours / nullif(hours_before, 0) - 1)) AS change_percent
FROM hours
ORDER BY hours DESC NULLS LAST, agent;
