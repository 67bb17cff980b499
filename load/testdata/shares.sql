-- shares: by key
SELECT t.slug, t.content_id, t.content_name, t.created_at, t.created_by_email, t.created_by_name, t.segment, t.has_cta, t.local_day, t.extra, coalesce(t.load_id, 0), false
FROM crankwheel.shares t
JOIN unnest(@keys_0::text[]::text[]) AS s (slug) ON t.slug = s.slug
WHERE t.account_id = @account
ORDER BY t.slug COLLATE "C";

-- shares: stage
CREATE TEMP TABLE IF NOT EXISTS stage_shares_3e9b59bd (slug text, content_id bigint, content_name text, created_at timestamptz, created_by_email text, created_by_name text, segment text, has_cta boolean, local_day date, extra jsonb) ON COMMIT DELETE ROWS;

-- shares: update
UPDATE crankwheel.shares t
SET content_id = s.content_id, content_name = s.content_name, created_at = s.created_at, created_by_email = s.created_by_email, created_by_name = s.created_by_name, segment = s.segment, has_cta = s.has_cta, local_day = s.local_day, extra = s.extra,
    load_id = @load, loaded_at = now()
FROM pg_temp.stage_shares_3e9b59bd s
WHERE t.account_id = @account AND t.slug = s.slug;

-- share_engagement_daily: existing
SELECT t.day, t.slug, t.visits, t.plays, t.cta_clicks, t.avg_percent_watched, t.engagement_score, coalesce(t.load_id, 0), false
FROM crankwheel.share_engagement_daily t
WHERE t.account_id = @account AND t.day = @day
  AND (@after_0::text IS NULL OR (t.day, t.slug COLLATE "C") > (@after_0::text::date, @after_1::text::text))
  AND (@through_0::text IS NULL OR (t.day, t.slug COLLATE "C") <= (@through_0::text::date, @through_1::text::text))
ORDER BY t.day, t.slug COLLATE "C"
LIMIT @limit;

-- share_engagement_daily: stage
CREATE TEMP TABLE IF NOT EXISTS stage_share_engagement_daily_8d799bfd (day date, slug text, visits integer, plays integer, cta_clicks integer, avg_percent_watched double precision, engagement_score double precision) ON COMMIT DELETE ROWS;

-- share_engagement_daily: update
UPDATE crankwheel.share_engagement_daily t
SET visits = s.visits, plays = s.plays, cta_clicks = s.cta_clicks, avg_percent_watched = s.avg_percent_watched, engagement_score = s.engagement_score,
    load_id = @load, loaded_at = now()
FROM pg_temp.stage_share_engagement_daily_8d799bfd s
WHERE t.account_id = @account AND t.day = s.day AND t.slug = s.slug;

-- share_engagement_daily: remove
DELETE FROM crankwheel.share_engagement_daily t
USING unnest(@keys_0::text[]::date[], @keys_1::text[]::text[]) AS s (day, slug)
WHERE t.account_id = @account AND t.day = s.day AND t.slug = s.slug;

-- share_engagement_daily: counts
SELECT slug, coalesce(sum(t.visits), 0), coalesce(sum(t.plays), 0), coalesce(sum(t.cta_clicks), 0)
FROM crankwheel.share_engagement_daily t
WHERE t.account_id = @account AND t.day BETWEEN @first_day AND @last_day
GROUP BY slug;

