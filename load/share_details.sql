-- share_details -> crankwheel.share_details: a share with the CRM account it was made for.

-- name: stage
CREATE TEMP TABLE IF NOT EXISTS stage_share_details_1 (
    n                       bigint NOT NULL,
    slug                    text NOT NULL,
    created_at              timestamptz NOT NULL,
    customer_account_id     text,
    content_created_by      text,
    content_recorded_at     timestamptz,
    content_runtime_seconds integer,
    video_url               text,
    access_sharing_enabled  boolean,
    extra                   jsonb
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_changed_details_1 (n bigint NOT NULL) ON COMMIT DELETE ROWS;

-- name: merge_twice
DELETE FROM stage_share_details_1 a USING stage_share_details_1 b
WHERE a.slug = b.slug AND a.n < b.n;

-- name: changed
INSERT INTO stage_changed_details_1
SELECT s.n
FROM stage_share_details_1 s
JOIN crankwheel.share_details t ON t.account_id = @account AND t.slug = s.slug
WHERE (t.deleted_at IS NOT NULL
       OR (t.created_at, t.customer_account_id, t.content_created_by, t.content_recorded_at, t.content_runtime_seconds, t.video_url,
           t.access_sharing_enabled, t.extra)
          IS DISTINCT FROM
          (s.created_at, s.customer_account_id, s.content_created_by, s.content_recorded_at, s.content_runtime_seconds, s.video_url,
           s.access_sharing_enabled, s.extra))
  AND NOT EXISTS (SELECT FROM wheelhouse.loads l WHERE l.id = t.load_id AND l.requested_at > @requested);

-- name: held
-- Rows that a load of the window may find gone: those that it holds whole.
SELECT count(*) FROM crankwheel.share_details t
WHERE t.account_id = @account AND t.deleted_at IS NULL AND t.created_at >= @from AND t.created_at < @to;

-- name: tally
SELECT count(*) FILTER (WHERE NOT known), count(*), count(*) FILTER (WHERE known),
       (SELECT count(*) FROM stage_changed_details_1), (SELECT count(*) FROM stage_changed_details_1)
FROM (SELECT EXISTS (SELECT FROM crankwheel.share_details t WHERE t.account_id = @account AND t.slug = s.slug) AS known
      FROM stage_share_details_1 s) s;

-- name: insert
INSERT INTO crankwheel.share_details
      (account_id, slug, created_at, customer_account_id, content_created_by, content_recorded_at, content_runtime_seconds, video_url,
       access_sharing_enabled, extra, load_id, loaded_at)
SELECT @account, s.slug, s.created_at, s.customer_account_id, s.content_created_by, s.content_recorded_at, s.content_runtime_seconds, s.video_url,
       s.access_sharing_enabled, s.extra, @load, now()
FROM stage_share_details_1 s
WHERE NOT EXISTS (SELECT FROM crankwheel.share_details t WHERE t.account_id = @account AND t.slug = s.slug)
ORDER BY s.slug;

-- name: lock
SELECT FROM crankwheel.share_details t
WHERE t.account_id = @account AND t.slug IN (SELECT s.slug FROM stage_changed_details_1 c JOIN stage_share_details_1 s USING (n))
ORDER BY t.slug FOR UPDATE;

-- name: update
UPDATE crankwheel.share_details t
SET created_at = s.created_at, customer_account_id = s.customer_account_id, content_created_by = s.content_created_by,
    content_recorded_at = s.content_recorded_at, content_runtime_seconds = s.content_runtime_seconds, video_url = s.video_url,
    access_sharing_enabled = s.access_sharing_enabled, extra = s.extra, load_id = @load, loaded_at = now(), deleted_at = NULL
FROM stage_changed_details_1 c
JOIN stage_share_details_1 s ON s.n = c.n
WHERE t.account_id = @account AND t.slug = s.slug;

-- name: delete
WITH lacking AS (
    SELECT t.slug FROM crankwheel.share_details t
    WHERE t.account_id = @account AND t.deleted_at IS NULL AND t.created_at >= @from AND t.created_at < @to
    EXCEPT
    SELECT slug FROM stage_share_details_1
), locked AS (
    SELECT t.slug FROM crankwheel.share_details t
    WHERE t.account_id = @account AND t.slug IN (SELECT slug FROM lacking)
      AND t.slug NOT IN (SELECT key FROM stage_rejects_1) AND '' NOT IN (SELECT key FROM stage_rejects_1)
    ORDER BY t.slug FOR UPDATE
)
UPDATE crankwheel.share_details t
SET deleted_at = now(), load_id = @load, loaded_at = now()
FROM locked WHERE t.account_id = @account AND t.slug = locked.slug;

-- name: api
SELECT 'share_details' AS tbl, s.slug AS key, to_jsonb(s) - 'n' AS doc FROM stage_share_details_1 s

-- name: warehouse
-- held: a load of this window that does not bring the row deletes it.
SELECT 'share_details' AS tbl, t.slug AS key, to_jsonb(t) - '{account_id,load_id,loaded_at,deleted_at}'::text[] AS doc, t.deleted_at IS NOT NULL AS gone,
       t.created_at >= @from AND t.created_at < @to
       AND t.slug NOT IN (SELECT key FROM stage_rejects_1) AND '' NOT IN (SELECT key FROM stage_rejects_1) AS held
FROM crankwheel.share_details t
WHERE t.account_id = @account
  AND t.slug IN (SELECT slug FROM stage_share_details_1
                 UNION SELECT slug FROM crankwheel.share_details WHERE account_id = @account AND created_at >= @from AND created_at < @to)
