-- users: existing
SELECT t.email, t.privilege, t.in_demo_pool, t.extra, coalesce(t.load_id, 0), t.deleted_at IS NOT NULL
FROM crankwheel.users t
WHERE t.account_id = @account
  AND (@after_0::text IS NULL OR (t.email COLLATE "C") > (@after_0::text::text))
  AND (@through_0::text IS NULL OR (t.email COLLATE "C") <= (@through_0::text::text))
ORDER BY t.email COLLATE "C"
LIMIT @limit;

-- users: stage
CREATE TEMP TABLE IF NOT EXISTS stage_users_32c56306 (email text, privilege text, in_demo_pool boolean, extra jsonb) ON COMMIT DELETE ROWS;

-- users: update
UPDATE crankwheel.users t
SET privilege = s.privilege, in_demo_pool = s.in_demo_pool, extra = s.extra,
    load_id = @load, loaded_at = now(), deleted_at = NULL
FROM pg_temp.stage_users_32c56306 s
WHERE t.account_id = @account AND t.email = s.email;

-- users: remove
UPDATE crankwheel.users t
SET deleted_at = now(), load_id = @load, loaded_at = now()
FROM unnest(@keys_0::text[]::text[]) AS s (email)
WHERE t.account_id = @account AND t.email = s.email;

