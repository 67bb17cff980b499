-- The pipeline's runs.

-- name: runs
-- The runs that began in the range and loaded windows of this account, with the counts of these windows.
SELECT r.run_id, r.kind, r.started_at, r.finished_at, r.outcome, r.version, r.host,
       count(*),
       count(*) FILTER (WHERE l.status = 'failed'),
       count(*) FILTER (WHERE NOT l.reconciled),
       coalesce(sum(l.rows_inserted + l.rows_updated + l.rows_deleted), 0)::bigint,
       coalesce(sum(l.rows_rejected), 0)::bigint
FROM (
    SELECT *
    FROM bi.runs r
    WHERE started_at >= @start AND started_at < @stop
      AND EXISTS (SELECT FROM bi.loads l WHERE l.run_id = r.run_id AND l.account_id = @account)
    ORDER BY run_id DESC
    LIMIT @most
) r
JOIN bi.loads l ON l.run_id = r.run_id AND l.account_id = @account
GROUP BY r.run_id, r.kind, r.started_at, r.finished_at, r.outcome, r.version, r.host
ORDER BY r.run_id DESC;
