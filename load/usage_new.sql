-- usage_new -> crankwheel.screen_sessions, screen_session_events.
--
-- The API gives a session no id. Ours is made of its start, account, agent and occurrence: 1, or 2, 3 … where
-- one agent has several sessions that start in one second (twins). Twins are numbered by what they say, never by
-- their place in the answer, over all twins the warehouse knows: the numbering then comes out the same in
-- whatever order windows are loaded, and whichever way the API selects what a window shows.

-- name: stage
-- n: the record's place in the batch (events refer to it), negative for rows taken from the warehouse;
-- content: a hash of all the record says; session_id and occurrence: as of a session without twins; load_id: which load told of a row that
-- was taken from the warehouse.
CREATE TEMP TABLE IF NOT EXISTS stage_screen_sessions_2 (
    n                    bigint NOT NULL,
    part                 smallint NOT NULL,
    content              bytea NOT NULL,
    session_id           uuid NOT NULL,
    agent_email          text NOT NULL,
    started_at           timestamptz NOT NULL,
    ended_at             timestamptz,
    duration_seconds     integer,
    ended                boolean NOT NULL,
    max_viewers          integer,
    viewers              integer,
    viewer_locations     text[],
    rtc_seconds          integer,
    webcam_seconds       integer,
    recording_content_id bigint,
    recording_url        text,
    extra                jsonb,
    occurrence           smallint NOT NULL DEFAULT 1,
    load_id              bigint
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_screen_session_events_1 (
    n            bigint NOT NULL,
    seq          integer NOT NULL,
    occurred_at  timestamptz NOT NULL,
    kind         text,
    agent_email  text,
    content_id   bigint,
    content_name text,
    content      text,
    extra        jsonb
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_known_sessions_1 (n bigint NOT NULL, session_id uuid NOT NULL, at tid NOT NULL, differs boolean NOT NULL) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_changed_sessions_2 (n bigint NOT NULL, session_id uuid NOT NULL, at tid NOT NULL) ON COMMIT DELETE ROWS;

-- name: unstage
-- For another window of the same transaction.
DELETE FROM stage_rejects_1;
DELETE FROM stage_screen_sessions_2;
DELETE FROM stage_screen_session_events_1;
DELETE FROM stage_known_sessions_1;
DELETE FROM stage_changed_sessions_2;

-- name: sift_known
-- For each window whether anything is known of its stretch of time.
SELECT EXISTS (SELECT FROM crankwheel.screen_sessions t
               WHERE t.account_id = @account AND t.session_id >= w.low AND t.session_id < w.high)
FROM unnest(@lows::uuid[], @highs::uuid[]) WITH ORDINALITY AS w (low, high, n)
ORDER BY w.n;

-- name: sift_sessions
-- What is known of a stretch of time, column for column as it is staged; whether it is deleted, and the first of its
-- twins; and whether a load of the window that does not bring it is to delete it.
SELECT t.session_id, t.agent_email, t.started_at, t.ended_at, t.duration_seconds, t.ended, t.max_viewers, t.viewers, t.viewer_locations,
       t.rtc_seconds, t.webcam_seconds, t.recording_content_id, t.recording_url, t.extra,
       t.deleted_at IS NOT NULL, t.occurrence = 1,
       t.deleted_at IS NULL AND t.started_at >= @from AND t.ended AND t.ended_at < @to
FROM crankwheel.screen_sessions t
WHERE t.account_id = @account AND t.session_id >= @low::uuid AND t.session_id < @high::uuid
ORDER BY t.session_id;

-- name: sift_events
SELECT t.session_id, t.seq, t.occurred_at, t.kind, t.agent_email, t.content_id, t.content_name, t.content, t.extra
FROM crankwheel.screen_session_events t
WHERE t.account_id = @account AND t.session_id >= @low::uuid AND t.session_id < @high::uuid
ORDER BY t.session_id, t.seq;

-- name: merge_parts
-- A window asked for in parts shows a session once in each part that it reaches into. Equal ones are one
-- session, as often as the part that has it most often says.
WITH numbered AS (
    SELECT n, part, agent_email, started_at, content,
           row_number() OVER (PARTITION BY part, agent_email, started_at, content ORDER BY n) AS k
    FROM stage_screen_sessions_2
), again AS (
    SELECT n FROM (
        SELECT n, row_number() OVER (PARTITION BY agent_email, started_at, content, k ORDER BY part) AS copy FROM numbered
    ) c WHERE copy > 1
), outrun AS (  -- running in one part, and told of otherwise by a later one
    SELECT a.n FROM stage_screen_sessions_2 a
    JOIN stage_screen_sessions_2 b USING (agent_email, started_at)
    WHERE NOT a.ended AND a.part < b.part AND a.content <> b.content
)
DELETE FROM stage_screen_sessions_2 WHERE n IN (SELECT n FROM again UNION SELECT n FROM outrun);

-- name: keep_twins
-- Twins in the warehouse that stay among their twins although this answer does not bring them:
-- what was asked for later than this answer (part -1);
-- what the window need not show. An answer that shows one of several twins by its start shows all that began up to the window's end; by
-- overlap, those of them that ended after its start; by its end, those that ended inside. So one that had ended by the window's start stays, and
-- one that began after its end (the API may count the last instant), and one that ended after it does unless the answer shows another that did;
-- what was running likewise, unless the answer has an end that is news, which is then its;
-- and what a record that was set aside may have been.
WITH shown_groups AS (
    SELECT agent_email, date_trunc('second', started_at) AS second, coalesce(max(ended_at) > @to, false) AS beyond,
           array_agg(started_at) AS starts, array_agg(coalesce(ended_at, 'infinity')) AS ends
    FROM stage_screen_sessions_2 GROUP BY 1, 2
), known AS (
    SELECT t.*, g.beyond,
           EXISTS (SELECT FROM unnest(g.starts, g.ends) AS s (started_at, ended_at)  -- of this group alone: no join can be planned wrong
                   WHERE s.started_at = t.started_at AND s.ended_at = coalesce(t.ended_at, 'infinity')) AS shown,
           bool_or(l.id IS NOT NULL) OVER (PARTITION BY t.agent_email, t.started_at, t.ended_at) AS newer,
           t.agent_email || ' ' || extract(epoch FROM g.second)::bigint IN (SELECT key FROM stage_rejects_1)
           OR '' IN (SELECT key FROM stage_rejects_1) AS rejected
    FROM shown_groups g
    CROSS JOIN LATERAL (
        SELECT * FROM crankwheel.screen_sessions t
        WHERE t.session_id >= wheelhouse.session_floor(g.second)
          AND t.session_id < wheelhouse.session_floor(g.second + interval '1 second')
          AND t.account_id = @account AND t.agent_email = g.agent_email AND t.deleted_at IS NULL
        OFFSET 0  -- a few rows by the key for each group, whatever the planner thinks of a table it has no figures of
    ) t
    LEFT JOIN wheelhouse.loads l ON l.id = t.load_id AND l.requested_at > @requested
)
INSERT INTO stage_screen_sessions_2
SELECT -row_number() OVER (), CASE WHEN newer THEN -1 ELSE 0 END, '', t.session_id, t.agent_email, t.started_at, t.ended_at,
       t.duration_seconds, t.ended, t.max_viewers, t.viewers, t.viewer_locations, t.rtc_seconds, t.webcam_seconds,
       t.recording_content_id, t.recording_url, t.extra, t.occurrence, t.load_id
FROM known t
WHERE newer OR NOT shown AND CASE
    WHEN t.started_at > @to THEN true
    WHEN t.ended_at IS NULL THEN NOT beyond AND NOT EXISTS (
        SELECT FROM stage_screen_sessions_2 s
        WHERE s.agent_email = t.agent_email AND s.started_at = t.started_at
          AND NOT EXISTS (SELECT FROM known o WHERE o.agent_email = s.agent_email AND o.started_at = s.started_at AND o.ended_at = s.ended_at))
    WHEN rejected OR t.ended_at <= @from THEN true
    ELSE t.ended_at >= @to AND NOT beyond END;

-- name: merge_outdated
-- What the warehouse knows from a later answer, this one tells of again, or tells how it was before it ended.
DELETE FROM stage_screen_sessions_2 s USING stage_screen_sessions_2 k
WHERE s.n >= 0 AND k.part = -1 AND k.agent_email = s.agent_email AND k.started_at = s.started_at
  AND (k.ended_at IS NOT DISTINCT FROM s.ended_at
       OR NOT s.ended AND NOT EXISTS (
           SELECT FROM stage_screen_sessions_2 o
           WHERE o.n >= 0 AND o.agent_email = k.agent_email AND o.started_at = k.started_at AND o.ended_at = k.ended_at));

-- name: keep_twins_events
INSERT INTO stage_screen_session_events_1
SELECT s.n, e.seq, e.occurred_at, e.kind, e.agent_email, e.content_id, e.content_name, e.content, e.extra
FROM stage_screen_sessions_2 s
CROSS JOIN LATERAL (
    SELECT * FROM crankwheel.screen_session_events t WHERE t.session_id = s.session_id AND t.account_id = @account
    OFFSET 0
) e
WHERE s.n < 0;

-- name: number_twins
WITH twins AS (
    SELECT s.*, date_trunc('second', s.started_at) AS second
    FROM stage_screen_sessions_2 s
    JOIN (SELECT agent_email, date_trunc('second', started_at) AS second FROM stage_screen_sessions_2
          GROUP BY 1, 2 HAVING count(*) > 1) g
      ON g.agent_email = s.agent_email AND g.second = date_trunc('second', s.started_at)
), numbered AS (
    SELECT n, started_at, agent_email, row_number() OVER (
        PARTITION BY agent_email, second
        ORDER BY started_at, ended_at NULLS LAST, duration_seconds, max_viewers, viewers, rtc_seconds, webcam_seconds,
                 recording_url COLLATE "C", viewer_locations::text COLLATE "C", extra::text COLLATE "C",
                 (SELECT string_agg(concat_ws('|', extract(epoch FROM e.occurred_at), e.kind, e.agent_email, e.content, e.extra), ',' ORDER BY e.seq)
                  FROM stage_screen_session_events_1 e WHERE e.n = twins.n) COLLATE "C"
    ) AS k FROM twins
)
UPDATE stage_screen_sessions_2 s
SET occurrence = k, session_id = wheelhouse.session_id(@account, s.agent_email, s.started_at, k::integer)
FROM numbered WHERE numbered.n = s.n;

-- name: known
-- What the warehouse has of the staged sessions, each looked up by its key (OFFSET 0): the planner has no figures of staging
-- tables, nor of tables that are being filled, and would rather read all there is. at: where the row lies.
INSERT INTO stage_known_sessions_1
SELECT s.n, s.session_id, t.at,
       t.deleted_at IS NOT NULL
       OR (t.agent_email, t.started_at, t.occurrence, t.ended_at, t.duration_seconds, t.ended, t.max_viewers, t.viewers, t.viewer_locations, t.rtc_seconds,
           t.webcam_seconds, t.recording_content_id, t.recording_url, t.extra)
          IS DISTINCT FROM
          (s.agent_email, s.started_at, s.occurrence, s.ended_at, s.duration_seconds, s.ended, s.max_viewers, s.viewers, s.viewer_locations, s.rtc_seconds,
           s.webcam_seconds, s.recording_content_id, s.recording_url, s.extra)
FROM stage_screen_sessions_2 s
CROSS JOIN LATERAL (
    SELECT t.*, t.ctid AS at FROM crankwheel.screen_sessions t WHERE t.session_id = s.session_id AND t.account_id = @account
    OFFSET 0
) t;

-- name: changed
-- The sessions that differ from the warehouse, in their own columns or in their events.
INSERT INTO stage_changed_sessions_2
WITH theirs AS (
    SELECT k.n, e.* FROM stage_known_sessions_1 k
    CROSS JOIN LATERAL (
        SELECT * FROM crankwheel.screen_session_events t WHERE t.session_id = k.session_id AND t.account_id = @account
        OFFSET 0
    ) e
    WHERE NOT k.differs
), ours AS (
    SELECT e.* FROM stage_known_sessions_1 k
    JOIN stage_screen_session_events_1 e ON e.n = k.n
    WHERE NOT k.differs
), events_differ AS (
    SELECT coalesce(t.n, s.n) AS n
    FROM theirs t
    FULL JOIN ours s ON s.n = t.n AND s.seq = t.seq
    WHERE t.n IS NULL OR s.n IS NULL
       OR (t.occurred_at, t.kind, t.agent_email, t.content_id, t.content_name, t.content, t.extra)
          IS DISTINCT FROM (s.occurred_at, s.kind, s.agent_email, s.content_id, s.content_name, s.content, s.extra)
)
SELECT n, session_id, at FROM stage_known_sessions_1
WHERE differs OR n IN (SELECT n FROM events_differ);

-- name: held
-- Rows that a load of the window may find gone: those that it holds whole.
SELECT count(*) FROM crankwheel.screen_sessions t
WHERE t.account_id = @account AND t.deleted_at IS NULL
  AND t.session_id >= wheelhouse.session_floor(@from) AND t.session_id < wheelhouse.session_floor(@to)
  AND t.started_at >= @from AND t.ended AND t.ended_at < @to;

-- name: tally
-- What is new, what is known and what differs; the rows taken from the warehouse (n < 0) are not the answer's.
SELECT count(*) FILTER (WHERE NOT known), count(*) FILTER (WHERE n >= 0), count(*) FILTER (WHERE known AND n >= 0),
       (SELECT count(*) FROM stage_changed_sessions_2), (SELECT count(*) FROM stage_changed_sessions_2 WHERE n >= 0)
FROM (SELECT s.n, EXISTS (SELECT FROM stage_known_sessions_1 k WHERE k.n = s.n) AS known FROM stage_screen_sessions_2 s) s;

-- name: insert_children_due
SELECT count(*)
FROM stage_screen_session_events_1 e
WHERE NOT EXISTS (SELECT FROM stage_known_sessions_1 k WHERE k.n = e.n)
  AND EXISTS (SELECT FROM stage_screen_sessions_2 s WHERE s.n = e.n);

-- name: insert_children
INSERT INTO crankwheel.screen_session_events
      (account_id, session_id, seq, occurred_at, kind, agent_email, content_id, content_name, content, extra)
SELECT @account, s.session_id, e.seq, e.occurred_at, e.kind, e.agent_email, e.content_id, e.content_name, e.content, e.extra
FROM stage_screen_sessions_2 s
JOIN stage_screen_session_events_1 e ON e.n = s.n
WHERE NOT EXISTS (SELECT FROM stage_known_sessions_1 k WHERE k.n = s.n)
ORDER BY s.session_id, e.seq;

-- name: insert
INSERT INTO crankwheel.screen_sessions
      (account_id, session_id, agent_email, started_at, occurrence, ended_at, duration_seconds, ended, max_viewers, viewers,
       viewer_locations, rtc_seconds, webcam_seconds, recording_content_id, recording_url, extra, load_id, loaded_at)
SELECT @account, s.session_id, s.agent_email, s.started_at, s.occurrence, s.ended_at, s.duration_seconds, s.ended, s.max_viewers, s.viewers,
       s.viewer_locations, s.rtc_seconds, s.webcam_seconds, s.recording_content_id, s.recording_url, s.extra, coalesce(s.load_id, @load), now()
FROM stage_screen_sessions_2 s
WHERE NOT EXISTS (SELECT FROM stage_known_sessions_1 k WHERE k.n = s.n)
ORDER BY s.session_id;

-- name: lock
-- In the key's order, so that two loads never wait for each other in a circle.
SELECT FROM (SELECT session_id FROM stage_changed_sessions_2 ORDER BY session_id OFFSET 0) c
CROSS JOIN LATERAL (
    SELECT FROM crankwheel.screen_sessions t WHERE t.session_id = c.session_id AND t.account_id = @account
    FOR UPDATE
) t;

-- name: update
-- A twin that only has another number stays what its load told of: an answer older than this one, which says nothing of it, may be newer than that.
UPDATE crankwheel.screen_sessions t
SET agent_email = s.agent_email, started_at = s.started_at, occurrence = s.occurrence, ended_at = s.ended_at,
    duration_seconds = s.duration_seconds, ended = s.ended, max_viewers = s.max_viewers, viewers = s.viewers,
    viewer_locations = s.viewer_locations, rtc_seconds = s.rtc_seconds, webcam_seconds = s.webcam_seconds,
    recording_content_id = s.recording_content_id, recording_url = s.recording_url, extra = s.extra,
    load_id = coalesce(s.load_id, @load), loaded_at = now(), deleted_at = NULL
FROM stage_changed_sessions_2 c
JOIN stage_screen_sessions_2 s ON s.n = c.n
WHERE t.ctid = c.at AND t.session_id = c.session_id AND t.account_id = @account;

-- name: delete_children
DELETE FROM crankwheel.screen_session_events t
USING stage_changed_sessions_2 c
CROSS JOIN LATERAL (
    SELECT e.ctid AS at FROM crankwheel.screen_session_events e WHERE e.session_id = c.session_id AND e.account_id = @account
    OFFSET 0
) e
WHERE t.ctid = e.at AND t.session_id = c.session_id AND t.account_id = @account;

-- name: replace_children_due
SELECT count(*) FROM stage_changed_sessions_2 c JOIN stage_screen_session_events_1 e ON e.n = c.n;

-- name: replace_children
INSERT INTO crankwheel.screen_session_events
      (account_id, session_id, seq, occurred_at, kind, agent_email, content_id, content_name, content, extra)
SELECT @account, c.session_id, e.seq, e.occurred_at, e.kind, e.agent_email, e.content_id, e.content_name, e.content, e.extra
FROM stage_changed_sessions_2 c
JOIN stage_screen_session_events_1 e ON e.n = c.n
ORDER BY c.session_id, e.seq;

-- name: delete
-- What the window holds whole and no longer brings; and of a group that is staged what does not stay in it (see keep_twins), or
-- stays under another number and so another id.
-- A record that was set aside protects the session it may have been. Of sessions that were sifted only the groups
-- that are staged are looked at: the others are all there.
WITH lacking AS (
    SELECT t.session_id FROM crankwheel.screen_sessions t
    WHERE t.account_id = @account AND t.deleted_at IS NULL
      AND t.session_id >= wheelhouse.session_floor(@from) AND t.session_id < wheelhouse.session_floor(@to)
      AND t.started_at >= @from AND t.ended AND t.ended_at < @to
      AND (NOT @sifted OR (t.agent_email, date_trunc('second', t.started_at))
                          IN (SELECT agent_email, date_trunc('second', started_at) FROM stage_screen_sessions_2))
    EXCEPT  -- rather than NOT EXISTS: one pass over each side, whatever the planner thinks of tables it has no figures of
    SELECT session_id FROM stage_screen_sessions_2
), gone AS (
    SELECT t.session_id FROM crankwheel.screen_sessions t
    WHERE t.account_id = @account AND t.session_id IN (SELECT session_id FROM lacking)
      AND t.agent_email || ' ' || extract(epoch FROM date_trunc('second', t.started_at))::bigint NOT IN (SELECT key FROM stage_rejects_1) AND '' NOT IN (SELECT key FROM stage_rejects_1)
    UNION
    SELECT t.session_id
    FROM (SELECT DISTINCT agent_email, date_trunc('second', started_at) AS second FROM stage_screen_sessions_2) g
    CROSS JOIN LATERAL (
        SELECT t.session_id, t.agent_email FROM crankwheel.screen_sessions t
        WHERE t.session_id >= wheelhouse.session_floor(g.second) AND t.session_id < wheelhouse.session_floor(g.second + interval '1 second')
          AND t.account_id = @account AND t.agent_email = g.agent_email AND t.deleted_at IS NULL
        OFFSET 0
    ) t
    WHERE NOT EXISTS (SELECT FROM stage_screen_sessions_2 s WHERE s.session_id = t.session_id)
      AND t.agent_email || ' ' || extract(epoch FROM g.second)::bigint NOT IN (SELECT key FROM stage_rejects_1) AND '' NOT IN (SELECT key FROM stage_rejects_1)
), locked AS (
    SELECT g.session_id, t.at FROM (SELECT session_id FROM gone ORDER BY session_id OFFSET 0) g
    CROSS JOIN LATERAL (
        SELECT t.ctid AS at FROM crankwheel.screen_sessions t WHERE t.session_id = g.session_id AND t.account_id = @account
        FOR UPDATE
    ) t
)
UPDATE crankwheel.screen_sessions t
SET deleted_at = now(), load_id = @load, loaded_at = now()
FROM locked WHERE t.ctid = locked.at AND t.session_id = locked.session_id AND t.account_id = @account;

-- name: dirty_apart
-- The days of sessions that are new or other than they were and began outside of the window.
SELECT wheelhouse.mark_dirty(@account, @load, ARRAY(
    SELECT s.started_at FROM stage_screen_sessions_2 s
    WHERE (s.started_at < @from OR s.started_at >= @to)
      AND s.n NOT IN (SELECT n FROM stage_known_sessions_1 EXCEPT SELECT n FROM stage_changed_sessions_2)), '{}');

-- name: api
SELECT 'screen_sessions' AS tbl, s.session_id::text AS key, to_jsonb(s) - '{n,part,content,load_id}'::text[] AS doc FROM stage_screen_sessions_2 s
UNION ALL
SELECT 'screen_session_events', concat_ws(' ', s.session_id, e.seq), to_jsonb(e) - 'n' || jsonb_build_object('session_id', s.session_id)
FROM stage_screen_sessions_2 s
JOIN stage_screen_session_events_1 e ON e.n = s.n

-- name: warehouse
-- held: a load of this window that does not bring the row deletes it.
SELECT 'screen_sessions' AS tbl, t.session_id::text AS key, to_jsonb(t) - '{account_id,load_id,loaded_at,deleted_at}'::text[] AS doc, t.deleted_at IS NOT NULL AS gone,
       t.started_at >= @from AND t.started_at < @to AND t.ended AND t.ended_at < @to
       AND t.agent_email || ' ' || extract(epoch FROM date_trunc('second', t.started_at))::bigint NOT IN (SELECT key FROM stage_rejects_1) AND '' NOT IN (SELECT key FROM stage_rejects_1) AS held
FROM crankwheel.screen_sessions t
WHERE t.account_id = @account
  AND t.session_id IN (SELECT session_id FROM stage_screen_sessions_2
                       UNION SELECT session_id FROM crankwheel.screen_sessions
                       WHERE account_id = @account AND session_id >= wheelhouse.session_floor(@from) AND session_id < wheelhouse.session_floor(@to))
UNION ALL
SELECT 'screen_session_events', concat_ws(' ', t.session_id, t.seq), to_jsonb(t) - '{account_id,load_id,loaded_at,deleted_at}'::text[], false, true
FROM crankwheel.screen_session_events t
WHERE t.account_id = @account AND t.session_id IN (SELECT session_id FROM stage_screen_sessions_2)
