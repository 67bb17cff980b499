-- What changed since a run: the changes by loads after its end.

-- name: run
-- The given run, or for 0 the last but one that loaded something.
SELECT run_id, coalesce(finished_at, started_at), finished_at IS NOT NULL
FROM (
    SELECT run_id, finished_at, started_at FROM bi.runs r WHERE run_id = @run
    UNION ALL
    (SELECT run_id, finished_at, started_at
     FROM bi.runs r
     WHERE @run = 0 AND EXISTS (SELECT FROM bi.loads l WHERE l.run_id = r.run_id AND l.account_id = @account)
     ORDER BY run_id DESC
     OFFSET 1 LIMIT 1)
) r;

-- name: recent
SELECT run_id, coalesce(finished_at, started_at), finished_at IS NOT NULL
FROM bi.runs r
WHERE EXISTS (SELECT FROM bi.loads l WHERE l.run_id = r.run_id AND l.account_id = @account)
ORDER BY run_id DESC
LIMIT 15;

-- name: changes
-- With the totals of all windows, including those beyond the limit.
SELECT stream, window_start, window_end, count(*), sum(rows_inserted)::bigint, sum(rows_updated)::bigint, sum(rows_deleted)::bigint,
       coalesce(max(finished_at), max(started_at)), max(load_id),
       count(*) OVER (), (sum(sum(rows_inserted)) OVER ())::bigint, (sum(sum(rows_updated)) OVER ())::bigint, (sum(sum(rows_deleted)) OVER ())::bigint
FROM bi.loads
WHERE account_id = @account AND status = 'loaded' AND coalesce(finished_at, started_at) > @since
  AND stream IN (SELECT s.stream FROM bi.streams s)  -- by the index, which has the stream before the time
  AND rows_inserted + rows_updated + rows_deleted > 0
GROUP BY stream, window_start, window_end
ORDER BY window_start DESC, stream, window_end DESC
LIMIT @most;

-- name: sample
-- A few rows of each stream's newest load that changed something.
SELECT k.load_id, k.stream, k.table_name, k.key, k.deleted
FROM bi.streams s
CROSS JOIN LATERAL (
    SELECT l.load_id
    FROM bi.loads l
    WHERE l.account_id = @account AND l.stream = s.stream AND l.status = 'loaded' AND coalesce(l.finished_at, l.started_at) > @since
      AND l.rows_inserted + l.rows_updated + l.rows_deleted > 0
    ORDER BY coalesce(l.finished_at, l.started_at) DESC
    LIMIT 1
) newest
CROSS JOIN LATERAL (SELECT * FROM bi.load_rows r WHERE r.load_id = newest.load_id LIMIT 5) k;
