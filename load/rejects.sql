-- Records, and entries of records, that could not be understood.

-- name: stage
-- key: what the record's row would be known by, as its stream writes it; '' where not even that could be read.
CREATE TEMP TABLE IF NOT EXISTS stage_rejects_1 (
    n        bigint NOT NULL,
    key      text NOT NULL,
    path     text NOT NULL,
    reason   text NOT NULL,
    raw      jsonb,
    raw_text text,
    raw_hash bytea NOT NULL,
    whole    boolean NOT NULL
) ON COMMIT DELETE ROWS;

-- name: unprotect
-- Once the rejects are in the books, only records set aside whole stand for rows.
DELETE FROM stage_rejects_1 WHERE NOT whole;

-- name: keep
INSERT INTO wheelhouse.rejects AS r (load_id, account_id, stream, path, reason, raw, raw_text, raw_hash)
SELECT DISTINCT ON (raw_hash) @load, @account, @stream, path, reason, raw, raw_text, raw_hash
FROM stage_rejects_1
ORDER BY raw_hash, n
ON CONFLICT (account_id, stream, raw_hash) DO UPDATE
SET load_id = excluded.load_id, path = excluded.path, reason = excluded.reason, last_seen_at = now(), resolved_at = NULL;

-- name: resolve
-- A reject of this window that no longer comes has been mended or has gone.
UPDATE wheelhouse.rejects r
SET resolved_at = now()
FROM wheelhouse.loads l
WHERE r.account_id = @account AND r.stream = @stream AND r.resolved_at IS NULL
  AND l.id = r.load_id AND (l.span <@ tstzrange(@from, @to) OR @snapshot)
  AND r.raw_hash NOT IN (SELECT raw_hash FROM stage_rejects_1);

-- name: list
-- What is set aside, without what it holds.
SELECT r.id, r.account_id, r.stream, r.load_id, lower(l.span) AS window_from, upper(l.span) AS window_to, r.path, r.reason,
       r.first_seen_at, r.last_seen_at, r.resolved_at
FROM wheelhouse.rejects r
LEFT JOIN wheelhouse.loads l ON l.id = r.load_id
WHERE (@account = '' OR r.account_id = @account) AND (@stream = '' OR r.stream = @stream) AND (@all OR r.resolved_at IS NULL)
  AND (cardinality(@ids::bigint[]) IS NULL OR cardinality(@ids::bigint[]) = 0 OR r.id = ANY (@ids))
ORDER BY r.last_seen_at DESC, r.id DESC
LIMIT @limit;

-- name: show
SELECT r.id, r.account_id, r.stream, r.load_id, lower(l.span) AS window_from, upper(l.span) AS window_to, r.path, r.reason,
       r.first_seen_at, r.last_seen_at, r.resolved_at, r.raw, r.raw_text, l.request_ids
FROM wheelhouse.rejects r
LEFT JOIN wheelhouse.loads l ON l.id = r.load_id
WHERE r.id = @id;
