-- Which days are loaded and reconciled.

-- name: days
SELECT stream, day, status, partial, day_end, left(error, 2000), stream_loaded_at
FROM bi.coverage
WHERE account_id = @account AND day BETWEEN @from AND @to
ORDER BY stream, day;

-- name: rejects
SELECT stream, count(*) FROM bi.rejects WHERE account_id = @account AND resolved_at IS NULL GROUP BY stream;

-- name: runs
-- The last ten runs of this account among the last hundred runs. The limit keeps the query fast for an account that is not
-- loaded any more.
SELECT r.run_id, r.kind, r.started_at, r.finished_at, r.outcome, r.version, r.host,
       l.windows, l.failed, l.differing, l.changed, l.rejected
FROM (SELECT * FROM bi.runs ORDER BY run_id DESC LIMIT 100) r
CROSS JOIN LATERAL (
    SELECT count(*)                                                                       AS windows,
           count(*) FILTER (WHERE status = 'failed')                                      AS failed,
           count(*) FILTER (WHERE NOT reconciled)                                         AS differing,
           coalesce(sum(rows_inserted + rows_updated + rows_deleted), 0)::bigint          AS changed,
           coalesce(sum(rows_rejected), 0)::bigint                                        AS rejected
    FROM bi.loads
    WHERE run_id = r.run_id AND account_id = @account
) l
WHERE l.windows > 0
ORDER BY r.run_id DESC
LIMIT 10;
