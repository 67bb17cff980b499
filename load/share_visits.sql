-- share_visits -> crankwheel.share_visits, and what a share's detail alone says of the share.

-- name: stage
CREATE TEMP TABLE IF NOT EXISTS stage_share_visits_1 (
    n                  bigint NOT NULL,
    slug               text NOT NULL,
    visit_id           text NOT NULL,
    visited_at         timestamptz NOT NULL,
    played             boolean,
    percent_watched    double precision,
    watch_time_seconds double precision,
    cta_clicked        boolean,
    extra              jsonb
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_watched_shares_1 (
    n                  bigint NOT NULL,
    slug               text NOT NULL,
    content_id         bigint,
    content_name       text,
    created_at         timestamptz,
    created_by_email   text,
    created_by_name    text,
    segment            text,
    has_cta            boolean,
    extra              jsonb,
    content_runtime_ms bigint,
    gone               boolean NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_changed_visits_1 (n bigint NOT NULL) ON COMMIT DELETE ROWS;

-- name: merge_twice
DELETE FROM stage_share_visits_1 a USING stage_share_visits_1 b
WHERE a.slug = b.slug AND a.visit_id = b.visit_id AND a.n < b.n;

-- name: changed
INSERT INTO stage_changed_visits_1
SELECT s.n
FROM stage_share_visits_1 s
JOIN crankwheel.share_visits t ON t.account_id = @account AND t.slug = s.slug AND t.visit_id = s.visit_id
WHERE (t.deleted_at IS NOT NULL
       OR (t.visited_at, t.played, t.percent_watched, t.watch_time_seconds, t.cta_clicked, t.extra)
          IS DISTINCT FROM (s.visited_at, s.played, s.percent_watched, s.watch_time_seconds, s.cta_clicked, s.extra))
  AND NOT EXISTS (SELECT FROM wheelhouse.loads l WHERE l.id = t.load_id AND l.requested_at > @requested);

-- name: held
-- Rows that a load of the window may find gone: those that it holds whole.
SELECT count(*) FROM crankwheel.share_visits t
WHERE t.account_id = @account AND t.deleted_at IS NULL AND t.visited_at >= @from AND t.visited_at < @to;

-- name: tally
SELECT count(*) FILTER (WHERE NOT known), count(*), count(*) FILTER (WHERE known),
       (SELECT count(*) FROM stage_changed_visits_1), (SELECT count(*) FROM stage_changed_visits_1)
FROM (SELECT EXISTS (SELECT FROM crankwheel.share_visits t
                     WHERE t.account_id = @account AND t.slug = s.slug AND t.visit_id = s.visit_id) AS known
      FROM stage_share_visits_1 s) s;

-- name: insert
INSERT INTO crankwheel.share_visits
      (account_id, slug, visit_id, visited_at, played, percent_watched, watch_time_seconds, cta_clicked, extra, load_id, loaded_at)
SELECT @account, s.slug, s.visit_id, s.visited_at, s.played, s.percent_watched, s.watch_time_seconds, s.cta_clicked, s.extra, @load, now()
FROM stage_share_visits_1 s
WHERE NOT EXISTS (SELECT FROM crankwheel.share_visits t
                  WHERE t.account_id = @account AND t.slug = s.slug AND t.visit_id = s.visit_id)
ORDER BY s.slug, s.visit_id;

-- name: lock
SELECT FROM crankwheel.share_visits t
WHERE t.account_id = @account
  AND (t.slug, t.visit_id) IN (SELECT s.slug, s.visit_id FROM stage_changed_visits_1 c JOIN stage_share_visits_1 s USING (n))
ORDER BY t.slug, t.visit_id FOR UPDATE;

-- name: update
UPDATE crankwheel.share_visits t
SET visited_at = s.visited_at, played = s.played, percent_watched = s.percent_watched, watch_time_seconds = s.watch_time_seconds,
    cta_clicked = s.cta_clicked, extra = s.extra, load_id = @load, loaded_at = now(), deleted_at = NULL
FROM stage_changed_visits_1 c
JOIN stage_share_visits_1 s ON s.n = c.n
WHERE t.account_id = @account AND t.slug = s.slug AND t.visit_id = s.visit_id;

-- name: delete
WITH lacking AS (
    SELECT t.slug, t.visit_id FROM crankwheel.share_visits t
    WHERE t.account_id = @account AND t.deleted_at IS NULL AND t.visited_at >= @from AND t.visited_at < @to
    EXCEPT
    SELECT slug, visit_id FROM stage_share_visits_1
), locked AS (
    SELECT t.slug, t.visit_id FROM crankwheel.share_visits t
    WHERE t.account_id = @account AND (t.slug, t.visit_id) IN (SELECT slug, visit_id FROM lacking)
      AND t.slug || ' ' || t.visit_id NOT IN (SELECT key FROM stage_rejects_1) AND '' NOT IN (SELECT key FROM stage_rejects_1)
    ORDER BY t.slug, t.visit_id FOR UPDATE
)
UPDATE crankwheel.share_visits t
SET deleted_at = now(), load_id = @load, loaded_at = now()
FROM locked WHERE t.account_id = @account AND t.slug = locked.slug AND t.visit_id = locked.visit_id;

-- name: insert_shares_due
SELECT count(DISTINCT s.slug)
FROM stage_watched_shares_1 s
WHERE NOT EXISTS (SELECT FROM crankwheel.shares t WHERE t.account_id = @account AND t.slug = s.slug);

-- name: insert_shares
-- A share whose list entry was not loaded yet, so that its runtime has a row to stand in.
INSERT INTO crankwheel.shares
      (account_id, slug, content_id, content_name, created_at, created_by_email, created_by_name, segment, has_cta, extra,
       content_runtime_ms, load_id, loaded_at, deleted_at)
SELECT DISTINCT ON (s.slug) -- a list that changed while it was paged through names a share twice
       @account, s.slug, s.content_id, s.content_name, s.created_at, s.created_by_email, s.created_by_name, s.segment, s.has_cta, s.extra,
       s.content_runtime_ms, @load, now(), CASE WHEN s.gone THEN now() END
FROM stage_watched_shares_1 s
WHERE NOT EXISTS (SELECT FROM crankwheel.shares t WHERE t.account_id = @account AND t.slug = s.slug)
ORDER BY s.slug;

-- name: update_shares_due
SELECT count(DISTINCT t.slug) FROM crankwheel.shares t
JOIN stage_watched_shares_1 s ON s.slug = t.slug
WHERE t.account_id = @account
  AND (s.gone <> (t.deleted_at IS NOT NULL) OR NOT s.gone AND t.content_runtime_ms IS DISTINCT FROM s.content_runtime_ms)
  AND NOT EXISTS (SELECT FROM wheelhouse.loads l WHERE l.id = t.load_id AND l.stream = @stream AND l.requested_at > @requested);

-- name: update_shares
-- A detail that answers 404 says that the share was deleted, one that answers that it was not, or is back.
WITH differs AS (
    SELECT t.slug FROM crankwheel.shares t
    JOIN stage_watched_shares_1 s ON s.slug = t.slug
    WHERE t.account_id = @account
      AND (s.gone <> (t.deleted_at IS NOT NULL) OR NOT s.gone AND t.content_runtime_ms IS DISTINCT FROM s.content_runtime_ms)
      AND NOT EXISTS (SELECT FROM wheelhouse.loads l WHERE l.id = t.load_id AND l.stream = @stream AND l.requested_at > @requested)
    ORDER BY t.slug FOR UPDATE OF t
)
UPDATE crankwheel.shares t
SET content_runtime_ms = CASE WHEN s.gone THEN t.content_runtime_ms ELSE s.content_runtime_ms END,
    deleted_at = CASE WHEN s.gone THEN now() END,
    load_id = @load, loaded_at = now()
FROM differs JOIN stage_watched_shares_1 s ON s.slug = differs.slug
WHERE t.account_id = @account AND t.slug = differs.slug;

-- name: api
SELECT 'share_visits' AS tbl, concat_ws(' ', s.slug, s.visit_id) AS key, to_jsonb(s) - 'n' AS doc FROM stage_share_visits_1 s
UNION ALL
SELECT DISTINCT 'shares', s.slug, CASE WHEN s.gone THEN jsonb_build_object('deleted', true)
                                       ELSE jsonb_build_object('deleted', false, 'content_runtime_ms', s.content_runtime_ms) END
FROM stage_watched_shares_1 s

-- name: warehouse
-- held: a load of this window that does not bring the row deletes it.
SELECT 'share_visits' AS tbl, concat_ws(' ', t.slug, t.visit_id) AS key, to_jsonb(t) - '{account_id,load_id,loaded_at,deleted_at}'::text[] AS doc, t.deleted_at IS NOT NULL AS gone,
       t.visited_at >= @from AND t.visited_at < @to
       AND t.slug || ' ' || t.visit_id NOT IN (SELECT key FROM stage_rejects_1) AND '' NOT IN (SELECT key FROM stage_rejects_1) AS held
FROM crankwheel.share_visits t
WHERE t.account_id = @account
  AND (t.slug, t.visit_id) IN (SELECT slug, visit_id FROM stage_share_visits_1
                               UNION SELECT slug, visit_id FROM crankwheel.share_visits
                               WHERE account_id = @account AND visited_at >= @from AND visited_at < @to)
UNION ALL
SELECT 'shares', t.slug, jsonb_build_object('deleted', t.deleted_at IS NOT NULL, 'content_runtime_ms', t.content_runtime_ms), false, false
FROM crankwheel.shares t
WHERE t.account_id = @account AND t.slug IN (SELECT slug FROM stage_watched_shares_1)
