-- Records, and entries of records, that could not be understood. Read only.

-- name: list
-- Without the records.
SELECT r.id, r.account_id, r.stream, r.load_id, lower(l.span) AS window_from, upper(l.span) AS window_to, r.path, r.reason,
       r.first_seen_at, r.last_seen_at, r.resolved_at
FROM wheelhouse.rejects r
LEFT JOIN wheelhouse.loads l ON l.id = r.load_id
WHERE (@account = '' OR r.account_id = @account) AND (@streams::text[] IS NULL OR r.stream = ANY (@streams::text[])) AND (@all OR r.resolved_at IS NULL)
  AND (cardinality(@ids::bigint[]) IS NULL OR cardinality(@ids::bigint[]) = 0 OR r.id = ANY (@ids))
ORDER BY r.last_seen_at DESC, r.id DESC
LIMIT @limit;

-- name: show
SELECT r.id, r.account_id, r.stream, r.load_id, lower(l.span) AS window_from, upper(l.span) AS window_to, r.path, r.reason,
       r.first_seen_at, r.last_seen_at, r.resolved_at, r.raw, r.raw_text, l.request_ids
FROM wheelhouse.rejects r
LEFT JOIN wheelhouse.loads l ON l.id = r.load_id
WHERE r.id = @id;
