-- What changed in the data since an earlier run?
-- The rows that later runs wrote, by stream and day of the data. The statement begins after the last run but one. Use the run after
-- which you took your figures instead (bi.runs lists all runs).
SELECT (l.window_start AT TIME ZONE a.timezone)::date AS day,
       l.stream,
       sum(l.rows_inserted)                           AS inserted,
       sum(l.rows_updated)                            AS updated,
       sum(l.rows_deleted)                            AS deleted
FROM bi.loads l
JOIN bi.accounts a ON a.account_id = l.account_id
WHERE l.status = 'loaded'
  AND l.run_id > (SELECT max(run_id) FROM bi.runs WHERE run_id < (SELECT max(run_id) FROM bi.runs))
GROUP BY day, l.stream
HAVING sum(l.rows_inserted + l.rows_updated + l.rows_deleted) > 0
ORDER BY day, l.stream;
