-- company_content -> crankwheel.contents, content_events: a snapshot of both views of the library.

-- name: stage
CREATE TEMP TABLE IF NOT EXISTS stage_contents_1 (
    n           bigint NOT NULL,
    content_id  bigint NOT NULL,
    name        text,
    type        text,
    state       text,
    created_by  text,
    recorded_at timestamptz,
    runtime_ms  bigint,
    tag         text,
    url         text,
    view        text NOT NULL,
    extra       jsonb
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_content_events_1 (
    n     bigint NOT NULL,
    seq   integer NOT NULL,
    name  text,
    at_ms bigint,
    extra jsonb
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_changed_contents_1 (n bigint NOT NULL, content_id bigint NOT NULL) ON COMMIT DELETE ROWS;

-- name: merge_twice
-- A content that was deleted between the two views' answers came with both: it is deleted.
DELETE FROM stage_contents_1 a USING stage_contents_1 b
WHERE a.content_id = b.content_id AND a.n < b.n;

-- name: changed
INSERT INTO stage_changed_contents_1
WITH known AS (
    SELECT s.n, s.content_id,
           t.deleted_at IS NOT NULL
           OR (t.name, t.type, t.state, t.created_by, t.recorded_at, t.runtime_ms, t.tag, t.url, t.view, t.extra)
              IS DISTINCT FROM (s.name, s.type, s.state, s.created_by, s.recorded_at, s.runtime_ms, s.tag, s.url, s.view, s.extra) AS differs
    FROM stage_contents_1 s
    JOIN crankwheel.contents t ON t.account_id = @account AND t.content_id = s.content_id
), events_differ AS (
    SELECT k.n FROM known k
    JOIN stage_content_events_1 s ON s.n = k.n
    LEFT JOIN crankwheel.content_events t ON t.account_id = @account AND t.content_id = k.content_id AND t.seq = s.seq
    WHERE t.seq IS NULL OR (t.name, t.at_ms, t.extra) IS DISTINCT FROM (s.name, s.at_ms, s.extra)
    UNION
    SELECT k.n FROM known k
    JOIN crankwheel.content_events t ON t.account_id = @account AND t.content_id = k.content_id
    LEFT JOIN stage_content_events_1 s ON s.n = k.n AND s.seq = t.seq
    WHERE s.n IS NULL
)
SELECT n, content_id FROM known
WHERE differs OR n IN (SELECT n FROM events_differ);

-- name: held
-- Rows that a load may find gone.
SELECT count(*) FROM crankwheel.contents t WHERE t.account_id = @account AND t.deleted_at IS NULL;

-- name: tally
SELECT count(*) FILTER (WHERE NOT known), count(*), count(*) FILTER (WHERE known),
       (SELECT count(*) FROM stage_changed_contents_1), (SELECT count(*) FROM stage_changed_contents_1)
FROM (SELECT EXISTS (SELECT FROM crankwheel.contents t WHERE t.account_id = @account AND t.content_id = s.content_id) AS known
      FROM stage_contents_1 s) s;

-- name: insert_children_due
SELECT count(*)
FROM stage_contents_1 s
JOIN stage_content_events_1 e ON e.n = s.n
WHERE NOT EXISTS (SELECT FROM crankwheel.contents t WHERE t.account_id = @account AND t.content_id = s.content_id);

-- name: insert_children
INSERT INTO crankwheel.content_events (account_id, content_id, seq, name, at_ms, extra)
SELECT @account, s.content_id, e.seq, e.name, e.at_ms, e.extra
FROM stage_contents_1 s
JOIN stage_content_events_1 e ON e.n = s.n
WHERE NOT EXISTS (SELECT FROM crankwheel.contents t WHERE t.account_id = @account AND t.content_id = s.content_id)
ORDER BY s.content_id, e.seq;

-- name: insert
INSERT INTO crankwheel.contents
      (account_id, content_id, name, type, state, created_by, recorded_at, runtime_ms, tag, url, view, extra, load_id, loaded_at)
SELECT @account, s.content_id, s.name, s.type, s.state, s.created_by, s.recorded_at, s.runtime_ms, s.tag, s.url, s.view, s.extra, @load, now()
FROM stage_contents_1 s
WHERE NOT EXISTS (SELECT FROM crankwheel.contents t WHERE t.account_id = @account AND t.content_id = s.content_id)
ORDER BY s.content_id;

-- name: update
UPDATE crankwheel.contents t
SET name = s.name, type = s.type, state = s.state, created_by = s.created_by, recorded_at = s.recorded_at, runtime_ms = s.runtime_ms,
    tag = s.tag, url = s.url, view = s.view, extra = s.extra, load_id = @load, loaded_at = now(), deleted_at = NULL
FROM stage_changed_contents_1 c
JOIN stage_contents_1 s ON s.n = c.n
WHERE t.account_id = @account AND t.content_id = c.content_id;

-- name: delete_children
DELETE FROM crankwheel.content_events t
USING stage_changed_contents_1 c
WHERE t.account_id = @account AND t.content_id = c.content_id;

-- name: replace_children_due
SELECT count(*) FROM stage_changed_contents_1 c JOIN stage_content_events_1 e ON e.n = c.n;

-- name: replace_children
INSERT INTO crankwheel.content_events (account_id, content_id, seq, name, at_ms, extra)
SELECT @account, c.content_id, e.seq, e.name, e.at_ms, e.extra
FROM stage_changed_contents_1 c
JOIN stage_content_events_1 e ON e.n = c.n
ORDER BY c.content_id, e.seq;

-- name: delete
WITH lacking AS (
    SELECT t.content_id FROM crankwheel.contents t WHERE t.account_id = @account AND t.deleted_at IS NULL
    EXCEPT
    SELECT content_id FROM stage_contents_1
)
UPDATE crankwheel.contents t
SET deleted_at = now(), load_id = @load, loaded_at = now()
WHERE t.account_id = @account AND t.content_id IN (SELECT content_id FROM lacking)
  AND t.content_id::text NOT IN (SELECT key FROM stage_rejects_1) AND '' NOT IN (SELECT key FROM stage_rejects_1);

-- name: api
SELECT 'contents' AS tbl, s.content_id::text AS key, to_jsonb(s) - 'n' AS doc FROM stage_contents_1 s
UNION ALL
SELECT 'content_events', concat_ws(' ', s.content_id, e.seq), to_jsonb(e) - 'n' || jsonb_build_object('content_id', s.content_id)
FROM stage_contents_1 s
JOIN stage_content_events_1 e ON e.n = s.n

-- name: warehouse
SELECT 'contents' AS tbl, t.content_id::text AS key, to_jsonb(t) - '{account_id,load_id,loaded_at,deleted_at}'::text[] AS doc, t.deleted_at IS NOT NULL AS gone,
       t.content_id::text NOT IN (SELECT key FROM stage_rejects_1) AND '' NOT IN (SELECT key FROM stage_rejects_1) AS held
FROM crankwheel.contents t
WHERE t.account_id = @account
UNION ALL
SELECT 'content_events', concat_ws(' ', t.content_id, t.seq), to_jsonb(t) - '{account_id,load_id,loaded_at,deleted_at}'::text[], false, true
FROM crankwheel.content_events t
WHERE t.account_id = @account AND t.content_id IN (SELECT content_id FROM stage_contents_1)
