-- Records, and entries of records, that could not be understood.

-- name: met_first
-- Whether any of these is met for the first time in this window, or again after it was resolved.
SELECT EXISTS (
    SELECT FROM unnest(@hashes::bytea[]) AS h (raw_hash)
    WHERE NOT EXISTS (SELECT FROM wheelhouse.rejects r
                      WHERE r.account_id = @account AND r.stream = @stream AND r.raw_hash = h.raw_hash AND r.resolved_at IS NULL
                        AND r.window_from = CASE WHEN @snapshot THEN '-infinity' ELSE @from::timestamptz END));

-- name: keep
-- The same record in two windows is two rejects: each is resolved when its own window is loaded without it.
INSERT INTO wheelhouse.rejects AS r (load_id, account_id, stream, window_from, path, reason, raw, raw_text, raw_hash)
SELECT DISTINCT ON (u.raw_hash) @load, @account, @stream, CASE WHEN @snapshot THEN '-infinity' ELSE @from::timestamptz END,
       u.path, u.reason, u.raw::jsonb, u.raw_text, u.raw_hash
FROM unnest(@hashes::bytea[], @paths::text[], @reasons::text[], @raw::text[], @raw_text::text[])
     WITH ORDINALITY AS u (raw_hash, path, reason, raw, raw_text, n)
ORDER BY u.raw_hash, u.n
ON CONFLICT (account_id, stream, raw_hash, window_from) DO UPDATE
SET load_id = excluded.load_id, path = excluded.path, reason = excluded.reason, last_seen_at = now(), resolved_at = NULL;

-- name: resolve
-- A reject is understood now, or is no more, once all of its window was asked for again without it: by this load alone, or by
-- this and others, where windows have another length now. Those with an error lack parts, which may have it yet.
UPDATE wheelhouse.rejects r
SET resolved_at = now()
FROM wheelhouse.loads l
WHERE r.account_id = @account AND r.stream = @stream AND r.resolved_at IS NULL AND r.load_id <> @load
  AND l.id = r.load_id AND (l.requested_at < @requested) IS NOT FALSE
  AND (@snapshot OR l.span <@ tstzrange(@from, @to)
       OR l.span && tstzrange(@from, @to) AND l.span <@ (
           SELECT coalesce(range_agg(n.span), '{}') + tstzmultirange(tstzrange(@from, @to))
           FROM wheelhouse.loads_over(@account, @stream, l.span) n
           WHERE n.status = 'loaded' AND n.error IS NULL AND n.requested_at > l.requested_at));
