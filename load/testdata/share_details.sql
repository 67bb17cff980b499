-- share_details: existing
SELECT t.slug, t.created_at, t.customer_account_id, t.content_created_by, t.content_recorded_at, t.content_runtime_seconds, t.video_url, t.access_sharing_enabled, t.local_day, t.extra, coalesce(t.load_id, 0), t.deleted_at IS NOT NULL
FROM crankwheel.share_details t
WHERE t.account_id = @account AND t.created_at >= @from AND t.created_at < @to
  AND (@after_0::text IS NULL OR (t.slug COLLATE "C") > (@after_0::text::text))
  AND (@through_0::text IS NULL OR (t.slug COLLATE "C") <= (@through_0::text::text))
ORDER BY t.slug COLLATE "C"
LIMIT @limit;

-- share_details: by key
SELECT t.slug, t.created_at, t.customer_account_id, t.content_created_by, t.content_recorded_at, t.content_runtime_seconds, t.video_url, t.access_sharing_enabled, t.local_day, t.extra, coalesce(t.load_id, 0), t.deleted_at IS NOT NULL
FROM crankwheel.share_details t
JOIN unnest(@keys_0::text[]::text[]) AS s (slug) ON t.slug = s.slug
WHERE t.account_id = @account
ORDER BY t.slug COLLATE "C";

-- share_details: stage
CREATE TEMP TABLE IF NOT EXISTS stage_share_details_615d810c (slug text, created_at timestamptz, customer_account_id text, content_created_by text, content_recorded_at timestamptz, content_runtime_seconds integer, video_url text, access_sharing_enabled boolean, local_day date, extra jsonb) ON COMMIT DELETE ROWS;

-- share_details: update
UPDATE crankwheel.share_details t
SET created_at = s.created_at, customer_account_id = s.customer_account_id, content_created_by = s.content_created_by, content_recorded_at = s.content_recorded_at, content_runtime_seconds = s.content_runtime_seconds, video_url = s.video_url, access_sharing_enabled = s.access_sharing_enabled, local_day = s.local_day, extra = s.extra,
    load_id = @load, loaded_at = now(), deleted_at = NULL
FROM pg_temp.stage_share_details_615d810c s
WHERE t.account_id = @account AND t.slug = s.slug;

-- share_details: remove
UPDATE crankwheel.share_details t
SET deleted_at = now(), load_id = @load, loaded_at = now()
FROM unnest(@keys_0::text[]::text[]) AS s (slug)
WHERE t.account_id = @account AND t.slug = s.slug;

