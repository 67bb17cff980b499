-- Records, and entries of records, that could not be understood.

-- name: met_first
-- Whether any of these rejects is new in this window, or comes again after it was resolved.
SELECT EXISTS (
    SELECT FROM unnest(@hashes::bytea[]) AS h (raw_hash)
    WHERE NOT EXISTS (SELECT FROM wheelhouse.rejects r
                      WHERE r.account_id = @account AND r.stream = @stream AND r.raw_hash = h.raw_hash AND r.resolved_at IS NULL
                        AND r.window_from = CASE WHEN @snapshot THEN '-infinity' ELSE @from::timestamptz END));

-- name: keep
-- A record that two windows have is two rejects. Each is resolved when its own window is loaded without the record.
INSERT INTO wheelhouse.rejects AS r (load_id, account_id, stream, window_from, path, reason, raw, raw_text, raw_hash)
SELECT DISTINCT ON (u.raw_hash) @load, @account, @stream, CASE WHEN @snapshot THEN '-infinity' ELSE @from::timestamptz END,
       u.path, u.reason, u.raw::jsonb, u.raw_text, u.raw_hash
FROM unnest(@hashes::bytea[], @paths::text[], @reasons::text[], @raw::text[], @raw_text::text[])
     WITH ORDINALITY AS u (raw_hash, path, reason, raw, raw_text, n)
ORDER BY u.raw_hash, u.n
ON CONFLICT (account_id, stream, raw_hash, window_from) DO UPDATE
SET load_id = excluded.load_id, path = excluded.path, reason = excluded.reason, last_seen_at = now(), resolved_at = NULL;

-- name: resolve
-- Resolves the window's rejects whose record is understood now, or no longer comes. All of a reject's window must have been loaded
-- again without the record: by this load alone or, if the length of windows has changed, by this load and others.
-- Loads with an error are not complete, and may not have the record because of that.
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
