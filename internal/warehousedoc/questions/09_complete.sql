-- Is last month complete, and is it reconciled with CrankWheel's totals?
-- For each stream but snapshots: last month's days, those that are loaded, loaded but not reconciled, failed, and missing. If the last
-- three columns are not all zero, see `wheelhouse status` first.
WITH months AS (
    SELECT (date_trunc('month', max(day)) - interval '1 month')::date AS begins,
           date_trunc('month', max(day))::date                        AS ends
    FROM bi.agent_daily
)
SELECT c.stream,
       count(*)                                          AS days,
       count(*) FILTER (WHERE c.status = 'loaded')       AS loaded,
       count(*) FILTER (WHERE c.status = 'unreconciled') AS unreconciled,
       count(*) FILTER (WHERE c.status = 'failed')       AS failed,
       count(*) FILTER (WHERE c.status = 'gap')          AS missing
FROM bi.coverage c
JOIN months m ON c.day >= m.begins AND c.day < m.ends
GROUP BY c.stream
ORDER BY c.stream;
