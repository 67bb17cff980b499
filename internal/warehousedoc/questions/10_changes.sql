-- What changed in the data since an earlier run?
-- What later runs wrote, by stream and by the day of the data. Here since the run before the newest; put in its place the one that your figures
-- were taken after (bi.runs lists them).
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
