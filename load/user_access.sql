-- user_access -> crankwheel.users: a snapshot, so whom it lacks has no access any more.

-- name: stage
CREATE TEMP TABLE IF NOT EXISTS stage_users_1 (
    n            bigint NOT NULL,
    email        text NOT NULL,
    privilege    text,
    in_demo_pool boolean NOT NULL,
    extra        jsonb
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_changed_users_1 (n bigint NOT NULL) ON COMMIT DELETE ROWS;

-- name: merge_twice
DELETE FROM stage_users_1 a USING stage_users_1 b
WHERE a.email = b.email AND a.n < b.n;

-- name: changed
INSERT INTO stage_changed_users_1
SELECT s.n
FROM stage_users_1 s
JOIN crankwheel.users t ON t.account_id = @account AND t.email = s.email
WHERE t.deleted_at IS NOT NULL
   OR (t.privilege, t.in_demo_pool, t.extra) IS DISTINCT FROM (s.privilege, s.in_demo_pool, s.extra);

-- name: held
-- Rows that a load may find gone.
SELECT count(*) FROM crankwheel.users t WHERE t.account_id = @account AND t.deleted_at IS NULL;

-- name: tally
SELECT count(*) FILTER (WHERE NOT known), count(*), count(*) FILTER (WHERE known),
       (SELECT count(*) FROM stage_changed_users_1), (SELECT count(*) FROM stage_changed_users_1)
FROM (SELECT EXISTS (SELECT FROM crankwheel.users t WHERE t.account_id = @account AND t.email = s.email) AS known
      FROM stage_users_1 s) s;

-- name: insert
INSERT INTO crankwheel.users (account_id, email, privilege, in_demo_pool, extra, load_id, loaded_at)
SELECT @account, s.email, s.privilege, s.in_demo_pool, s.extra, @load, now()
FROM stage_users_1 s
WHERE NOT EXISTS (SELECT FROM crankwheel.users t WHERE t.account_id = @account AND t.email = s.email)
ORDER BY s.email;

-- name: update
UPDATE crankwheel.users t
SET privilege = s.privilege, in_demo_pool = s.in_demo_pool, extra = s.extra, load_id = @load, loaded_at = now(), deleted_at = NULL
FROM stage_changed_users_1 c
JOIN stage_users_1 s ON s.n = c.n
WHERE t.account_id = @account AND t.email = s.email;

-- name: delete
WITH lacking AS (
    SELECT t.email FROM crankwheel.users t WHERE t.account_id = @account AND t.deleted_at IS NULL
    EXCEPT
    SELECT email FROM stage_users_1
)
UPDATE crankwheel.users t
SET deleted_at = now(), load_id = @load, loaded_at = now()
WHERE t.account_id = @account AND t.email IN (SELECT email FROM lacking)
  AND t.email NOT IN (SELECT key FROM stage_rejects_1) AND '' NOT IN (SELECT key FROM stage_rejects_1);

-- name: api
SELECT 'users' AS tbl, s.email AS key, to_jsonb(s) - 'n' AS doc FROM stage_users_1 s

-- name: warehouse
SELECT 'users' AS tbl, t.email AS key, to_jsonb(t) - '{account_id,load_id,loaded_at,deleted_at}'::text[] AS doc, t.deleted_at IS NOT NULL AS gone,
       t.email NOT IN (SELECT key FROM stage_rejects_1) AND '' NOT IN (SELECT key FROM stage_rejects_1) AS held
FROM crankwheel.users t
WHERE t.account_id = @account
