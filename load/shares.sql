-- shares -> crankwheel.shares (a share as it is) and share_engagement_daily (what happened to it that day).

-- name: stage
CREATE TEMP TABLE IF NOT EXISTS stage_shares_1 (
    n                   bigint NOT NULL,
    slug                text NOT NULL,
    content_id          bigint,
    content_name        text,
    created_at          timestamptz,
    created_by_email    text,
    created_by_name     text,
    segment             text,
    has_cta             boolean,
    extra               jsonb,
    visited             boolean NOT NULL,
    visits              integer,
    plays               integer,
    cta_clicks          integer,
    avg_percent_watched double precision,
    engagement_score    double precision
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_changed_shares_1 (n bigint NOT NULL) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_changed_engagement_1 (n bigint NOT NULL, known boolean NOT NULL) ON COMMIT DELETE ROWS;

-- name: merge_twice
-- One share on two pages is one row: the later page's.
DELETE FROM stage_shares_1 a USING stage_shares_1 b
WHERE a.slug = b.slug AND a.n < b.n;

-- name: changed
-- content_runtime_ms and deleted_at are not the list's to say: the share's detail settles them.
INSERT INTO stage_changed_shares_1
SELECT s.n
FROM stage_shares_1 s
JOIN crankwheel.shares t ON t.account_id = @account AND t.slug = s.slug
WHERE (t.content_id, t.content_name, t.created_at, t.created_by_email, t.created_by_name, t.segment, t.has_cta, t.extra)
      IS DISTINCT FROM
      (s.content_id, s.content_name, s.created_at, s.created_by_email, s.created_by_name, s.segment, s.has_cta, s.extra)
  AND NOT EXISTS (SELECT FROM wheelhouse.loads l WHERE l.id = t.load_id AND l.stream = @stream AND l.requested_at > @requested);

-- name: changed_day
INSERT INTO stage_changed_engagement_1
SELECT s.n, t.slug IS NOT NULL
FROM stage_shares_1 s
LEFT JOIN crankwheel.share_engagement_daily t ON t.account_id = @account AND t.day = @day AND t.slug = s.slug
WHERE s.visited
  AND (t.slug IS NULL OR (t.visits, t.plays, t.cta_clicks, t.avg_percent_watched, t.engagement_score)
                         IS DISTINCT FROM (s.visits, s.plays, s.cta_clicks, s.avg_percent_watched, s.engagement_score));

-- name: held
-- Rows that a load of the window may find gone: those that it holds whole.
SELECT count(*) FROM crankwheel.share_engagement_daily t WHERE t.account_id = @account AND t.day = @day;

-- name: tally
-- A known share differs when its own row does or its day's.
SELECT count(*) FILTER (WHERE NOT known), count(*), count(*) FILTER (WHERE known),
       (SELECT count(*) FROM stage_changed_shares_1),
       count(*) FILTER (WHERE known AND (n IN (SELECT n FROM stage_changed_shares_1) OR n IN (SELECT n FROM stage_changed_engagement_1)))
FROM (SELECT s.n, EXISTS (SELECT FROM crankwheel.shares t WHERE t.account_id = @account AND t.slug = s.slug) AS known
      FROM stage_shares_1 s) s;

-- name: insert
-- Another day's load may list the same new share at the same time: the second of them finds it there.
INSERT INTO crankwheel.shares
      (account_id, slug, content_id, content_name, created_at, created_by_email, created_by_name, segment, has_cta, extra, load_id, loaded_at)
SELECT @account, s.slug, s.content_id, s.content_name, s.created_at, s.created_by_email, s.created_by_name, s.segment, s.has_cta, s.extra, @load, now()
FROM stage_shares_1 s
WHERE NOT EXISTS (SELECT FROM crankwheel.shares t WHERE t.account_id = @account AND t.slug = s.slug)
ORDER BY s.slug;

-- name: lock
SELECT FROM crankwheel.shares t
WHERE t.account_id = @account AND t.slug IN (SELECT s.slug FROM stage_changed_shares_1 c JOIN stage_shares_1 s USING (n))
ORDER BY t.slug FOR UPDATE;

-- name: update
UPDATE crankwheel.shares t
SET content_id = s.content_id, content_name = s.content_name, created_at = s.created_at, created_by_email = s.created_by_email,
    created_by_name = s.created_by_name, segment = s.segment, has_cta = s.has_cta, extra = s.extra, load_id = @load, loaded_at = now()
FROM stage_changed_shares_1 c
JOIN stage_shares_1 s ON s.n = c.n
WHERE t.account_id = @account AND t.slug = s.slug;

-- name: update_day_due
SELECT count(*) FROM stage_changed_engagement_1 WHERE known;

-- name: update_day
UPDATE crankwheel.share_engagement_daily t
SET visits = s.visits, plays = s.plays, cta_clicks = s.cta_clicks, avg_percent_watched = s.avg_percent_watched,
    engagement_score = s.engagement_score, load_id = @load, loaded_at = now()
FROM stage_changed_engagement_1 c
JOIN stage_shares_1 s ON s.n = c.n
WHERE c.known AND t.account_id = @account AND t.day = @day AND t.slug = s.slug;

-- name: insert_day_due
SELECT count(*) FROM stage_changed_engagement_1 WHERE NOT known;

-- name: insert_day
INSERT INTO crankwheel.share_engagement_daily
      (account_id, day, slug, visits, plays, cta_clicks, avg_percent_watched, engagement_score, load_id, loaded_at)
SELECT @account, @day, s.slug, s.visits, s.plays, s.cta_clicks, s.avg_percent_watched, s.engagement_score, @load, now()
FROM stage_changed_engagement_1 c
JOIN stage_shares_1 s ON s.n = c.n
WHERE NOT c.known
ORDER BY s.slug;

-- name: delete
-- A day's row that the day no longer brings. The share itself is never deleted for a day's lack of it.
WITH lacking AS (
    SELECT t.slug FROM crankwheel.share_engagement_daily t WHERE t.account_id = @account AND t.day = @day
    EXCEPT
    SELECT slug FROM stage_shares_1 WHERE visited
)
DELETE FROM crankwheel.share_engagement_daily t
WHERE t.account_id = @account AND t.day = @day AND t.slug IN (SELECT slug FROM lacking)
  AND t.slug NOT IN (SELECT key FROM stage_rejects_1) AND '' NOT IN (SELECT key FROM stage_rejects_1);

-- name: api
SELECT 'shares' AS tbl, s.slug AS key,
       to_jsonb(s) - '{n,visited,visits,plays,cta_clicks,avg_percent_watched,engagement_score}'::text[] AS doc
FROM stage_shares_1 s
UNION ALL
SELECT 'share_engagement_daily', concat_ws(' ', @day::date, s.slug),
       jsonb_build_object('day', @day::date, 'slug', s.slug, 'visits', s.visits, 'plays', s.plays, 'cta_clicks', s.cta_clicks,
                          'avg_percent_watched', s.avg_percent_watched, 'engagement_score', s.engagement_score)
FROM stage_shares_1 s
WHERE s.visited

-- name: warehouse
-- A share is not deleted for a day's lack of it, nor does the list bring back one whose detail is gone.
SELECT 'shares' AS tbl, t.slug AS key, to_jsonb(t) - '{account_id,load_id,loaded_at,deleted_at}'::text[] - 'content_runtime_ms' AS doc, false AS gone, false AS held
FROM crankwheel.shares t
WHERE t.account_id = @account AND t.slug IN (SELECT slug FROM stage_shares_1)
UNION ALL
SELECT 'share_engagement_daily', concat_ws(' ', t.day, t.slug), to_jsonb(t) - '{account_id,load_id,loaded_at,deleted_at}'::text[], false,
       t.slug NOT IN (SELECT key FROM stage_rejects_1) AND '' NOT IN (SELECT key FROM stage_rejects_1)
FROM crankwheel.share_engagement_daily t
WHERE t.account_id = @account AND t.day = @day

-- name: border
-- The sums of the days beside the count of the whole range, which the batch holds: what a day's border loses or doubles.
SELECT 'share_engagement_daily', coalesce(d.slug, s.slug), c.col, c.days::text, c.range::text
FROM (SELECT slug, sum(visits) AS visits, sum(plays) AS plays, sum(cta_clicks) AS cta_clicks FROM crankwheel.share_engagement_daily
      WHERE account_id = @account AND day BETWEEN @first_day AND @last_day GROUP BY slug) d
FULL JOIN (SELECT * FROM stage_shares_1 WHERE visited) s ON s.slug = d.slug
CROSS JOIN LATERAL (VALUES ('visits', coalesce(d.visits, 0), coalesce(s.visits, 0)), ('plays', coalesce(d.plays, 0), coalesce(s.plays, 0)),
                           ('cta_clicks', coalesce(d.cta_clicks, 0), coalesce(s.cta_clicks, 0))) AS c (col, days, range)
WHERE c.days <> c.range
ORDER BY 2, 3
