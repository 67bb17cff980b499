-- name: loads
-- All loads of the window of one load.
SELECT l.load_id, l.run_id, l.stream, l.window_start, l.window_end, l.status, l.rows_read, l.rows_inserted, l.rows_updated, l.rows_unchanged, l.rows_deleted,
       l.rows_rejected, l.rows_merged, l.source_count, l.source_seconds, l.reconciled, l.request_ids, l.attempts, l.started_at, l.finished_at,
       left(l.error, 2000), count(*) OVER ()
FROM bi.loads o
JOIN bi.loads l ON l.account_id = o.account_id AND l.stream = o.stream AND l.window_start = o.window_start AND l.window_end = o.window_end
WHERE o.load_id = @load AND o.account_id = @account
ORDER BY l.load_id DESC
LIMIT @most;

-- name: rejects
SELECT r.reject_id, r.stream, r.path, left(r.reason, 2000), r.first_seen_at, r.last_seen_at, r.resolved_at, r.load_id
FROM bi.loads o
JOIN bi.loads l ON l.account_id = o.account_id AND l.stream = o.stream AND l.window_start = o.window_start AND l.window_end = o.window_end
JOIN bi.rejects r ON r.load_id = l.load_id
WHERE o.load_id = @load AND o.account_id = @account
ORDER BY r.reject_id DESC
LIMIT @most;
