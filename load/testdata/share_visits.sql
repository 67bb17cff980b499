-- share_visits: existing
SELECT t.slug, t.visit_id, t.visited_at, t.played, t.percent_watched, t.watch_time_seconds, t.cta_clicked, t.local_day, t.extra, coalesce(t.load_id, 0), t.deleted_at IS NOT NULL
FROM crankwheel.share_visits t
WHERE t.account_id = @account AND t.visited_at >= @from AND t.visited_at < @to
  AND (@after_0::text IS NULL OR (t.slug COLLATE "C", t.visit_id COLLATE "C") > (@after_0::text::text, @after_1::text::text))
  AND (@through_0::text IS NULL OR (t.slug COLLATE "C", t.visit_id COLLATE "C") <= (@through_0::text::text, @through_1::text::text))
ORDER BY t.slug COLLATE "C", t.visit_id COLLATE "C"
LIMIT @limit;

-- share_visits: by key
SELECT t.slug, t.visit_id, t.visited_at, t.played, t.percent_watched, t.watch_time_seconds, t.cta_clicked, t.local_day, t.extra, coalesce(t.load_id, 0), t.deleted_at IS NOT NULL
FROM crankwheel.share_visits t
JOIN unnest(@keys_0::text[]::text[], @keys_1::text[]::text[]) AS s (slug, visit_id) ON t.slug = s.slug AND t.visit_id = s.visit_id
WHERE t.account_id = @account
ORDER BY t.slug COLLATE "C", t.visit_id COLLATE "C";

-- share_visits: stage
CREATE TEMP TABLE IF NOT EXISTS stage_share_visits_890a22a7 (slug text, visit_id text, visited_at timestamptz, played boolean, percent_watched double precision, watch_time_seconds double precision, cta_clicked boolean, local_day date, extra jsonb) ON COMMIT DELETE ROWS;

-- share_visits: update
UPDATE crankwheel.share_visits t
SET visited_at = s.visited_at, played = s.played, percent_watched = s.percent_watched, watch_time_seconds = s.watch_time_seconds, cta_clicked = s.cta_clicked, local_day = s.local_day, extra = s.extra,
    load_id = @load, loaded_at = now(), deleted_at = NULL
FROM pg_temp.stage_share_visits_890a22a7 s
WHERE t.account_id = @account AND t.slug = s.slug AND t.visit_id = s.visit_id;

-- share_visits: remove
UPDATE crankwheel.share_visits t
SET deleted_at = now(), load_id = @load, loaded_at = now()
FROM unnest(@keys_0::text[]::text[], @keys_1::text[]::text[]) AS s (slug, visit_id)
WHERE t.account_id = @account AND t.slug = s.slug AND t.visit_id = s.visit_id;

-- shares: by key
SELECT t.slug, t.content_runtime_ms, t.deleted_at, coalesce(t.detail_load_id, 0), false
FROM crankwheel.shares t
JOIN unnest(@keys_0::text[]::text[]) AS s (slug) ON t.slug = s.slug
WHERE t.account_id = @account
ORDER BY t.slug COLLATE "C";

-- shares: stage
CREATE TEMP TABLE IF NOT EXISTS stage_shares_b8c3448e (slug text, content_runtime_ms bigint, deleted_at timestamptz) ON COMMIT DELETE ROWS;

-- shares: update
UPDATE crankwheel.shares t
SET content_runtime_ms = s.content_runtime_ms, deleted_at = s.deleted_at,
    detail_load_id = @load, loaded_at = now()
FROM pg_temp.stage_shares_b8c3448e s
WHERE t.account_id = @account AND t.slug = s.slug;

