-- Is last month complete, and do its figures agree with CrankWheel's own?
-- For each stream that has days: how many of last month's are loaded and add up, are loaded and do not, failed, or were never
-- loaded. Anything but zeros in the last three columns is to be mended first (`wheelhouse status` tells how).
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
