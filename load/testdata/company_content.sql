-- contents: existing
SELECT t.content_id, t.name, t.type, t.state, t.created_by, t.recorded_at, t.runtime_ms, t.tag, t.url, t.view, t.extra, coalesce(t.load_id, 0), t.deleted_at IS NOT NULL
FROM crankwheel.contents t
WHERE t.account_id = @account
  AND (@after_0::text IS NULL OR (t.content_id) > (@after_0::text::bigint))
  AND (@through_0::text IS NULL OR (t.content_id) <= (@through_0::text::bigint))
ORDER BY t.content_id
LIMIT @limit;

-- contents: children of existing
SELECT t.content_id, t.seq, t.name, t.at_ms, t.extra
FROM crankwheel.content_events t
WHERE t.account_id = @account
  AND (@after_0::text IS NULL OR (t.content_id) > (@after_0::text::bigint))
  AND (@through_0::text IS NULL OR (t.content_id) <= (@through_0::text::bigint))
ORDER BY t.content_id, t.seq;

-- contents: stage
CREATE TEMP TABLE IF NOT EXISTS stage_contents_f83f2ebc (content_id bigint, name text, type text, state text, created_by text, recorded_at timestamptz, runtime_ms bigint, tag text, url text, view text, extra jsonb) ON COMMIT DELETE ROWS;

-- contents: update
UPDATE crankwheel.contents t
SET name = s.name, type = s.type, state = s.state, created_by = s.created_by, recorded_at = s.recorded_at, runtime_ms = s.runtime_ms, tag = s.tag, url = s.url, view = s.view, extra = s.extra,
    load_id = @load, loaded_at = now(), deleted_at = NULL
FROM pg_temp.stage_contents_f83f2ebc s
WHERE t.account_id = @account AND t.content_id = s.content_id;

-- contents: remove
UPDATE crankwheel.contents t
SET deleted_at = now(), load_id = @load, loaded_at = now()
FROM unnest(@keys_0::text[]::bigint[]) AS s (content_id)
WHERE t.account_id = @account AND t.content_id = s.content_id;

-- contents: remove children
DELETE FROM crankwheel.content_events t
USING unnest(@keys_0::text[]::bigint[]) AS s (content_id)
WHERE t.account_id = @account AND t.content_id = s.content_id;

