-- Rejects, without the rejected records.

-- name: reasons
SELECT stream, left(reason, 2000), count(*), max(last_seen_at)
FROM bi.rejects
WHERE account_id = @account AND (@stream = '' OR stream = @stream) AND (@all OR resolved_at IS NULL)
GROUP BY stream, left(reason, 2000)
ORDER BY count(*) DESC, stream, 2
LIMIT 100;

-- name: rejects
SELECT reject_id, stream, left(path, 2000), left(reason, 2000), first_seen_at, last_seen_at, resolved_at, load_id
FROM bi.rejects
WHERE account_id = @account AND (@stream = '' OR stream = @stream) AND (@all OR resolved_at IS NULL)
ORDER BY reject_id DESC
LIMIT @most;
