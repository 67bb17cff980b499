-- usage_shares -> crankwheel.share_usage_daily: one row for each day and agent who shared or was played.

-- name: stage
CREATE TEMP TABLE IF NOT EXISTS stage_share_usage_1 (
    n           bigint NOT NULL,
    agent_email text NOT NULL,
    agent_name  text,
    shares      integer NOT NULL,
    plays       integer NOT NULL,
    extra       jsonb
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_changed_usage_1 (n bigint NOT NULL) ON COMMIT DELETE ROWS;

-- name: set_aside
-- Entries of one agent that add up to more than a column holds: there is no row for them to be. They are told as they were
-- understood, since how they were sent is not staged.
WITH too_much AS (
    DELETE FROM stage_share_usage_1
    WHERE agent_email IN (SELECT agent_email FROM stage_share_usage_1 GROUP BY agent_email
                          HAVING greatest(sum(shares), sum(plays)) > 2147483647)
    RETURNING n, agent_email,
              jsonb_build_object('email', agent_email, 'name', agent_name, 'shares_count', shares, 'plays_count', plays) || coalesce(extra, '{}') AS raw
)
INSERT INTO stage_rejects_1 (n, key, path, reason, raw, raw_hash, whole)
SELECT n, agent_email, '$.stats.by_user', 'shares_count, plays_count: the agent''s entries add up to a number too large',
       raw, sha256(convert_to(raw::text, 'UTF8')), true
FROM too_much;

-- name: merge_twice
-- Entries whose addresses differ in case alone are one agent's, and add up.
WITH sums AS (
    SELECT agent_email, min(n) AS n, max(agent_name COLLATE "C") AS agent_name, sum(shares)::integer AS shares, sum(plays)::integer AS plays
    FROM stage_share_usage_1 GROUP BY agent_email HAVING count(*) > 1
), added AS (
    UPDATE stage_share_usage_1 s
    SET agent_name = sums.agent_name, shares = sums.shares, plays = sums.plays
    FROM sums WHERE s.n = sums.n
)
DELETE FROM stage_share_usage_1 s USING sums
WHERE s.agent_email = sums.agent_email AND s.n <> sums.n;

-- name: changed
INSERT INTO stage_changed_usage_1
SELECT s.n
FROM stage_share_usage_1 s
JOIN crankwheel.share_usage_daily t ON t.account_id = @account AND t.day = @day AND t.agent_email = s.agent_email
WHERE (t.agent_name, t.shares, t.plays, t.extra) IS DISTINCT FROM (s.agent_name, s.shares, s.plays, s.extra);

-- name: held
-- Rows that a load of the window may find gone: those that it holds whole.
SELECT count(*) FROM crankwheel.share_usage_daily t WHERE t.account_id = @account AND t.day = @day;

-- name: tally
SELECT count(*) FILTER (WHERE NOT known), count(*), count(*) FILTER (WHERE known),
       (SELECT count(*) FROM stage_changed_usage_1), (SELECT count(*) FROM stage_changed_usage_1)
FROM (SELECT EXISTS (SELECT FROM crankwheel.share_usage_daily t
                     WHERE t.account_id = @account AND t.day = @day AND t.agent_email = s.agent_email) AS known
      FROM stage_share_usage_1 s) s;

-- name: insert
INSERT INTO crankwheel.share_usage_daily (account_id, day, agent_email, agent_name, shares, plays, extra, load_id, loaded_at)
SELECT @account, @day, s.agent_email, s.agent_name, s.shares, s.plays, s.extra, @load, now()
FROM stage_share_usage_1 s
WHERE NOT EXISTS (SELECT FROM crankwheel.share_usage_daily t
                  WHERE t.account_id = @account AND t.day = @day AND t.agent_email = s.agent_email)
ORDER BY s.agent_email;

-- name: update
UPDATE crankwheel.share_usage_daily t
SET agent_name = s.agent_name, shares = s.shares, plays = s.plays, extra = s.extra, load_id = @load, loaded_at = now()
FROM stage_changed_usage_1 c
JOIN stage_share_usage_1 s ON s.n = c.n
WHERE t.account_id = @account AND t.day = @day AND t.agent_email = s.agent_email;

-- name: delete
WITH lacking AS (
    SELECT t.agent_email FROM crankwheel.share_usage_daily t WHERE t.account_id = @account AND t.day = @day
    EXCEPT
    SELECT agent_email FROM stage_share_usage_1
)
DELETE FROM crankwheel.share_usage_daily t
WHERE t.account_id = @account AND t.day = @day AND t.agent_email IN (SELECT agent_email FROM lacking)
  AND t.agent_email NOT IN (SELECT key FROM stage_rejects_1) AND '' NOT IN (SELECT key FROM stage_rejects_1);

-- name: api
SELECT 'share_usage_daily' AS tbl, concat_ws(' ', @day::date, s.agent_email) AS key, to_jsonb(s) - 'n' || jsonb_build_object('day', @day::date) AS doc
FROM stage_share_usage_1 s

-- name: warehouse
SELECT 'share_usage_daily' AS tbl, concat_ws(' ', t.day, t.agent_email) AS key, to_jsonb(t) - '{account_id,load_id,loaded_at,deleted_at}'::text[] AS doc, false AS gone,
       t.agent_email NOT IN (SELECT key FROM stage_rejects_1) AND '' NOT IN (SELECT key FROM stage_rejects_1) AS held
FROM crankwheel.share_usage_daily t
WHERE t.account_id = @account AND t.day = @day

-- name: border
-- The sums of the days beside the count of the whole range, which the batch holds: what a day's border loses or doubles.
SELECT 'share_usage_daily', coalesce(d.agent_email, s.agent_email), c.col, c.days::text, c.range::text
FROM (SELECT agent_email, sum(shares) AS shares, sum(plays) AS plays FROM crankwheel.share_usage_daily
      WHERE account_id = @account AND day BETWEEN @first_day AND @last_day GROUP BY agent_email) d
FULL JOIN stage_share_usage_1 s ON s.agent_email = d.agent_email
CROSS JOIN LATERAL (VALUES ('shares', coalesce(d.shares, 0), coalesce(s.shares, 0)), ('plays', coalesce(d.plays, 0), coalesce(s.plays, 0)))
    AS c (col, days, range)
WHERE c.days <> c.range
ORDER BY 2, 3
